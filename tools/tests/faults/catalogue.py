"""Every kind of fault, by name: a function of a random source that makes one."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Iterator

import kinds
from kinds import HEALTH, LAST, PANIC, RESET, Cut, Hang, Later, OnAnswer, OnHello, OnLine, Slow
from simulation import ERROR, FAIL, PASS, Fault

from tinygate import protocol
from tinygate.protocol import Arena, Bench, Health, Infer, Profile

Make = Callable[[random.Random], Fault]
WORDINGS = {
    "guru": (PANIC, FAIL),
    "abort": (b"abort() was called at PC 0x400d1234 on core 0\r\n", FAIL),
    "assert": (b"assert failed: foo bar.c:12 (x)\r\n", FAIL),
    "task_watchdog": (b"E (5311) task_wdt: Task watchdog got triggered.\r\n", FAIL),
    "stack": (b"***ERROR*** A stack overflow in task main has been detected.\r\n", FAIL),
    "heap": (b"CORRUPT HEAP: Bad head at 0x3ffb. Expected 0xabba1234 got 0x0\r\n", FAIL),
    "ubsan": (b"Undefined behavior of type out_of_bounds\r\n", FAIL),
    "reentered": (b"Panic handler entered multiple times. Abort panic handling. Rebooting ...\r\n", FAIL),
    "brown_out": (b"Brownout detector was triggered\r\n", ERROR),
    "reset": (RESET, FAIL),
    "power_on": (b"rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n", ERROR),
    "hardware_watchdog": (b"rst:0x8 (TG1WDT_SYS_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n", FAIL),
    "guru_behind_a_long_line": (b"x" * 700 + PANIC.strip() + b"\r\n", FAIL),
    "guru_without_line_end": (PANIC.rstrip(), FAIL),
}
HELLOS = {
    "app": (ERROR, {"app_sha256": "0" * 64}),
    "model": (ERROR, {"model_sha256": "0" * 64}),
    "chip": (ERROR, {"target": "esp32s3"}),
    "emulation": (ERROR, {"emulated": "none"}),
    "panicked_before": (FAIL, {"reset_reason": "panic"}),
    "brown_out_before": (ERROR, {"reset_reason": "brownout"}),
    "unknown_reset": (ERROR, {"reset_reason": "unknown"}),
    "new_reset": (ERROR, {"reset_reason": "martian"}),
    "no_model": (FAIL, {"model_status": "arena_too_small", **{f"{w}_{f}": () for w in ("input", "output")
                        for f in ("dtypes", "shapes", "scales", "zero_points", "bytes")}}),
    "output_shape": (FAIL, {"output_shapes": ((1, 2),), "output_bytes": (2,)}),
    "output_type": (FAIL, {"output_dtypes": ("uint8",)}),
    "output_turned": (FAIL, {"output_shapes": ((1, 1, 1),)}),
    "input_shape": (FAIL, {"input_shapes": ((1, 12),), "input_bytes": (12,)}),
    "input_bytes_zero": (FAIL, {"input_bytes": (0,)}),
    "input_shape_zero": (FAIL, {"input_shapes": ((1, 0),), "input_bytes": (0,)}),
    "input_bytes_other": (FAIL, {"input_bytes": (7,)}),
    "tensors_missing": (FAIL, {"input_bytes": ()}),
    "scale": (FAIL, {"input_scales": (0.25,)}),
    "no_room": (FAIL, {"rx_line_bytes": 20}),
    "no_window": (FAIL, {"rx_window_bytes": 0}),
    "no_clock": (FAIL, {"cpu_mhz": 0}),
}  # fmt: skip


def _replace(**fields: object) -> Callable[[object], object]:
    return lambda message: dataclasses.replace(message, **fields)  # type: ignore[type-var]


ANSWERS: dict[str, tuple[str, type[protocol.Message], Callable[[object], object]]] = {
    "bench_of_zeros": (FAIL, Bench, lambda b: _replace(cycles=(0,) * len(b.cycles), latency_us=(0,) * len(b.cycles))(b)),
    "bench_zero_us": (FAIL, Bench, lambda b: _replace(latency_us=(0,) * len(b.cycles))(b)),
    "bench_fewer": (FAIL, Bench, lambda b: _replace(cycles=b.cycles[1:], latency_us=b.latency_us[1:])(b)),
    "bench_none": (FAIL, Bench, _replace(cycles=(), latency_us=())),
    "bench_only_cycles": (FAIL, Bench, _replace(latency_us=())),
    "bench_other_count": (FAIL, Bench, _replace(invocations=4)),
    "bench_other_warmup": (FAIL, Bench, _replace(warmup=0)),
    "bench_other_input": (FAIL, Bench, _replace(input_crc32="00000000")),
    "bench_wrong_us": (FAIL, Bench, lambda b: _replace(latency_us=tuple(2 * us for us in b.latency_us))(b)),
    "bench_longer_than_up": (FAIL, Bench, lambda b: _replace(
        cycles=tuple(3_600_000_000 for _ in b.cycles), latency_us=tuple(15_000_000 for _ in b.cycles))(b)),
    "bench_empty_costs_more": (FAIL, Bench, _replace(empty_cycles=10**6)),
    "arena_zero": (FAIL, Arena, _replace(used_bytes=0)),
    "arena_parts": (FAIL, Arena, _replace(used_bytes=2000)),
    "arena_over": (FAIL, Arena, _replace(used_bytes=70_000)),
    "arena_other_size": (FAIL, Arena, _replace(configured_bytes=65_520)),
    "profile_other_length": (FAIL, Profile, _replace(ticks=(1,))),
    "health_backwards": (ERROR, Health, _replace(uptime_us=1)),
    "health_runs_fast": (FAIL, Health, _replace(uptime_us=10**9)),
    "health_rejected": (ERROR, Health, _replace(rejected_records=3)),
    "health_overflow": (ERROR, Health, _replace(receive_overflows=1)),
    "health_stack": (FAIL, Health, _replace(stack_min_free_bytes=9000)),
    "output_byte": (FAIL, Infer, lambda i: _replace(data=bytes([i.data[0] ^ 1]) + i.data[1:])(i)),
    "output_short": (FAIL, Infer, lambda i: _replace(data=i.data[1:])(i)),
    "output_none": (FAIL, Infer, _replace(data=b"")),
    "output_of_others": (FAIL, Infer, lambda i: _replace(first=i.first + 1)(i)),
    "output_fewer": (FAIL, Infer, lambda i: _replace(count=i.count - 1, data=i.data[1:])(i)),
    "refused": (FAIL, Infer, lambda _: protocol.Error(protocol.ErrorCode.INVOKE_FAILED, "no")),
    "unsupported": (FAIL, Infer, lambda _: protocol.Error(protocol.ErrorCode.UNSUPPORTED, "no")),
    "other_kind": (FAIL, Infer, lambda _: Arena(1, 2, 32)),
    "arena_refused": (FAIL, Arena, lambda _: protocol.Error(protocol.ErrorCode.UNSUPPORTED, "no")),
    "health_refused": (FAIL, Health, lambda _: protocol.Error(protocol.ErrorCode.UNSUPPORTED, "no")),
    "bench_refused": (FAIL, Bench, lambda _: protocol.Error(protocol.ErrorCode.UNSUPPORTED, "no")),
}  # fmt: skip
REQUESTS_ALTERED = {
    "data": (rb"data=(..)", rb"data=QQ"), "reset": (rb" reset=alone", b""), "first": (rb"first=0", b"first=1"),
    "kind": (rb" arena", b" dance"), "bench": (rb"invocations=5", b"invocations=3"), "to_health": (rb" arena", b" health"),
}  # fmt: skip


def _texts() -> Iterator[tuple[str, Make]]:
    for name, (text, verdict) in WORDINGS.items():
        yield (
            f"console_{name}",
            lambda r, t=text, v=verdict, n=name: OnLine(n, v, "host", r.randint(2, LAST), kinds.before(t)),
        )
        yield f"late_{name}", lambda r, t=text, v=verdict, n=name: Later(n, v, HEALTH, r.choice([0.05, 0.3, 0.8]), t)
        if verdict is FAIL and name not in ("guru_without_line_end",):
            yield (
                f"cut_by_{name}",
                lambda r, t=text, v=verdict, n=name: OnLine(n, v, "host", r.randint(2, LAST), kinds.insert(t, r)),
            )


def _boots() -> Iterator[tuple[str, Make]]:
    for name, (verdict, fields) in HELLOS.items():
        yield f"hello_{name}", lambda _, n=name, v=verdict, f=fields: OnHello(n, v, **f)
    yield "boot_panic_then_silence", lambda _: _Silenced(PANIC.rstrip(), FAIL)
    yield "boot_loop", lambda _: kinds.BootPrint("loop", FAIL, RESET * 3)
    yield "boot_three_lines_then_silence", lambda _: _Silenced(b"I (80) boot: loading\r\n", FAIL)
    yield "boot_long_line_then_panic", lambda _: kinds.BootPrint("long", FAIL, b"z" * 9000 + PANIC.strip() + b"\r\n")
    yield "boot_noise", lambda r: kinds.BootPrint("noise", PASS, r.randbytes(3000).replace(b"@", b"#") + b"\r\n")
    yield "boot_flood", lambda _: kinds.BootPrint("flood", PASS, b"I (1) app: chatter\r\n" * 5000)
    yield "boot_endless_line", lambda _: kinds.BootPrint("endless", PASS, b"y" * 1_000_000 + b"\r\n")


class _Silenced(Cut):
    """Prints something at boot, and then nothing comes any more."""

    def __init__(self, text: bytes, verdict: str) -> None:
        super().__init__("silenced", 0, "host")
        self.allowed, self.text = frozenset([verdict]), text

    def boot_text(self, text: bytes) -> bytes:
        return text + self.text


def _lines() -> Iterator[tuple[str, Make]]:
    changes: dict[str, Callable[[random.Random], Callable[[bytes], list[bytes]]]] = {
        "flip": kinds.flipped, "lost": lambda _: kinds.drop, "twice": lambda _: kinds.twice,
        "no_end": lambda _: kinds.without_end, "noise": lambda r: kinds.insert(r.randbytes(9).replace(b"@", b"#"), r),
    }  # fmt: skip
    for way in ("board", "host"):
        for name, change in changes.items():
            yield f"{way}_{name}", lambda r, w=way, n=name, c=change: OnLine(n, PASS, w, r.randint(2, LAST), c(r))
            yield (
                f"{way}_last_{name}",
                lambda r, w=way, n=name, c=change: OnLine(n, PASS, w, LAST + (w == "board"), c(r)),
            )
        for where in ("hello", "middle", "end"):
            number = {"hello": 1, "middle": 9, "end": LAST}[where]
            yield f"dead_{way}_{where}", lambda _, w=way, n=number: Cut("dead", n, w)
    yield "dead_both", lambda r: Cut("dead", r.randint(1, LAST), "host and board")
    yield "dead_while_booting", lambda _: Cut("dead", 0, "host and board", FAIL, ERROR)  # or it hung: nobody can tell
    for name, (old, new) in REQUESTS_ALTERED.items():
        yield (
            f"request_altered_{name}",
            lambda _, o=old, n=new: OnLine("altered", ERROR, "board", 2, kinds.resealed(o, n)),
        )
    yield "reply_replayed", lambda r: OnLine("replayed", ERROR, "host", r.randint(1, LAST), kinds.replayed)
    yield (
        "reply_output_resealed",
        lambda r: OnLine("resealed", FAIL, "host", r.randint(2, 12), kinds.resealed(rb"data=..", b"data=QQ")),
    )
    yield (
        "reply_number_resealed",
        lambda r: OnLine("resealed", ERROR, "host", r.randint(2, LAST), kinds.resealed(rb" R (\d+)", rb" R 9\1")),
    )
    yield (
        "reply_boot_id_resealed",
        lambda r: OnLine("resealed", ERROR, "host", r.randint(2, LAST), kinds.resealed(rb"00c0ffee", b"deadbeef")),
    )


def _runs() -> Iterator[tuple[str, Make]]:
    for name, (verdict, kind, change) in ANSWERS.items():
        yield f"answer_{name}", lambda _, n=name, v=verdict, k=kind, c=change: OnAnswer(n, v, k, c)
    for reason, verdict in {
        "poweron": ERROR,
        "brownout": ERROR,
        "panic": FAIL,
        "sw": FAIL,
        "task_wdt": FAIL,
        "unknown": ERROR,
    }.items():
        yield (
            f"reset_{reason}",
            lambda r, t=reason, v=verdict: OnLine(
                "reset", v, "host", r.randint(2, LAST), kinds.before(kinds.restarted(t))
            ),
        )
        yield f"late_reset_{reason}", lambda _, t=reason, v=verdict: Later("reset", v, HEALTH, 0.4, kinds.restarted(t))
    yield "hang_answers_hello", lambda r: Hang("hang", FAIL, r.randint(1, LAST), True)
    yield "hang_answers_nothing", lambda r: Hang("hang", ERROR, r.randint(1, LAST), False)
    yield "slow_9_s", lambda _: Slow("slow", FAIL, 9.0)
    yield "slow_1_s", lambda _: Slow("slow", PASS, 1.0)
    yield "pause_5_s", lambda _: Slow("slow", PASS, 5.0, every=7)
    yield (
        "chatter",
        lambda r: OnLine("chatter", PASS, "host", r.randint(2, LAST), kinds.before(b"I (9) app: hello\r\n")),
    )
    yield (
        "chatter_without_end",
        lambda r: OnLine("chatter", PASS, "host", r.randint(2, LAST), kinds.before(b"I (9) app: wor")),
    )
    yield "late_chatter", lambda _: Later("chatter", PASS, HEALTH, 0.5, b"I (900) app: idle\r\n")
    yield (
        "flood",
        lambda r: OnLine("flood", PASS, "host", r.randint(2, LAST), kinds.before(b"I (9) app: chatter\r\n" * 3000)),
    )
    yield "endless_line", lambda r: OnLine("endless", PASS, "host", r.randint(2, LAST), kinds.before(b"y" * 1_000_000))


CATALOGUE: dict[str, Make] = dict([*_texts(), *_boots(), *_lines(), *_runs()])
