"""Does what a board says hold together? What was asked for must come back, and its figures must agree with each other.

What cannot be is the firmware's fault (TargetError), unless a reset did or did not take place: that is the lab's.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

from tinygate.board.evidence import Plan, Run
from tinygate.board.identity import Expected
from tinygate.errors import LabError, TargetError
from tinygate.protocol import Application, Arena, Bench, Health, Hello, Profile, Tensor

CRASHES = ("panic", "int_wdt", "task_wdt", "wdt", "cpu_lockup")
RESETS_BY_FIRMWARE = ("sw", *CRASHES, "deepsleep")
_WANTED_RESETS = ("poweron", "ext", "sw", "usb", "jtag")
_POWER = ("brownout", "power_glitch")
_CLOCK_SLACK = (1.1, 2.0)  # a device's clock may run this much faster than ours, and this much may be lost in buffers
_CYCLES_SLACK = (0.02, 20.0)  # of the microseconds, and microseconds
_CYCLES_WRAP = 2**32


def check_reset_reason(hello: Hello) -> None:
    """Raise an error for a boot that nobody asked for: the firmware crashed, the supply dipped, or nobody knows."""
    reason = hello.reset_reason
    if reason in CRASHES or reason == "deepsleep":
        raise TargetError(
            f"the application came up after a crash: its reset reason is {reason}; look at what it did before"
        )
    if reason in _POWER:
        raise LabError(f"the board came up after its supply had failed: its reset reason is {reason}; check the supply")
    if reason not in _WANTED_RESETS:
        raise LabError(
            f"the board came up for a reason that nobody asked for: its reset reason is {reason}, expected one of "
            f"{', '.join(_WANTED_RESETS)}; check supply and reset line, and what the firmware calls a reset"
        )


def check_tensors(hello: Hello, expected: Expected) -> None:
    """Raise TargetError when an application describes other inputs or outputs than its model has."""
    pairs = (("inputs", hello.inputs, expected.inputs), ("outputs", hello.outputs, expected.outputs))
    for what, found, wanted in pairs:
        if wanted is not None and _described(found) != wanted:
            raise TargetError(
                f"the application says that its model's {what} are {_shown(_described(found))}; the pinned model's are "
                f"{_shown(wanted)}. It runs another model than it claims, or reads it wrongly"
            )


def check_fresh(hello: Hello, since_reset_s: float) -> None:
    """Raise LabError when a board has been up for longer than the time since it was reset."""
    faster, slack_s = _CLOCK_SLACK
    up_s = hello.uptime_us / 1e6
    if hello.emulated != "qemu" and up_s > faster * since_reset_s + slack_s:  # an emulator's clock runs as it likes
        raise LabError(
            f"the board has been up for {up_s:.1f} s, and was reset {since_reset_s:.1f} s ago: it did not reset; "
            "check the reset line (RTS, EN) and the power switch"
        )


def check_new_boot(boots: Sequence[Run]) -> None:
    """Raise LabError when the last of several boots is one of those before it."""
    if boots[-1].boot_id in {run.boot_id for run in boots[:-1]}:
        raise LabError(
            f"boot {len(boots)} has the boot id of an earlier one ({boots[-1].boot_id}): the board ignored its reset; "
            "check the reset line (RTS, EN), or measure one boot only"
        )


def check_figures(
    hello: Hello, plan: Plan, figures: tuple[Arena, Sequence[Bench], Profile | None, Health], elapsed_s: float
) -> None:
    """Raise an error when a run's figures cannot be true; `elapsed_s` is from the first question to the last answer."""
    arena, benches, profile, health = figures
    check_arena(arena, hello)
    for bench, application in zip(benches, (None, Application.RUNNING), strict=False):
        check_bench(bench, plan, hello, application)
    if profile is not None:
        check_profile(profile)
    check_health(health, hello, benches, elapsed_s)


def check_bench(bench: Bench, plan: Plan, hello: Hello, application: Application | None = None) -> None:
    """Raise TargetError when a bench is not what was asked for, or cannot be."""
    for problem in _bench_problems(bench, plan, hello, application):
        raise TargetError(
            f"the application's bench cannot be true: {problem}. No time of this run counts; look at how it measures"
        )


def _bench_problems(bench: Bench, plan: Plan, hello: Hello, application: Application | None) -> Iterator[str]:
    asked, found = (plan.warmup, plan.invocations), (bench.warmup, bench.invocations)
    if found != asked:
        yield f"{asked[0]} + {asked[1]} invocations were asked for, it tells of {found[0]} + {found[1]}"
    if bench.application != application:
        yield f"application {application or 'idle'} was asked for, it tells of {bench.application or 'idle'}"
    crc32 = f"{zlib.crc32(plan.window(plan.count - 1)):08x}"
    if bench.input_crc32 != crc32:
        yield f"its input has the CRC {bench.input_crc32}, the last window of the test set {crc32}"
    timed = bench.invocations if hello.timing == "cycles" else 0
    if {len(bench.cycles), len(bench.latency_us)} != {timed}:
        yield f"{timed} samples are due, {len(bench.cycles)} of cycles and {len(bench.latency_us)} of microseconds came"
    elif timed:
        yield from _time_problems(bench, hello.cpu_mhz)


def _time_problems(bench: Bench, cpu_mhz: int) -> Iterator[str]:
    if not all(bench.cycles):
        yield "an invocation of 0 cycles"
    if cpu_mhz == 0:
        yield "it counts cycles of a clock of 0 MHz"
        return
    if (bench.empty_cycles or 0) >= min(bench.cycles):
        yield f"timing nothing costs {bench.empty_cycles} cycles, an invocation {min(bench.cycles)}"
    share, slack_us = _CYCLES_SLACK
    for cycles, latency_us in zip(bench.cycles, bench.latency_us, strict=True):
        apart = (cycles - latency_us * cpu_mhz) % _CYCLES_WRAP
        apart_us = min(apart, _CYCLES_WRAP - apart) / cpu_mhz  # a counter of 32 bits goes round
        if apart_us > share * latency_us + slack_us:
            yield f"{cycles} cycles at {cpu_mhz} MHz are {cycles / cpu_mhz:.0f} µs, and it says {latency_us} µs"
            return


def check_arena(arena: Arena, hello: Hello) -> None:
    """Raise TargetError when the arena's figures contradict each other."""
    parts = (arena.head_bytes or 0) + (arena.tail_bytes or 0)
    if not max(1, parts) <= arena.used_bytes <= arena.configured_bytes != 0:
        raise TargetError(
            f"the application's arena cannot be: {arena.used_bytes} of {arena.configured_bytes} bytes in use, of which "
            f"{arena.head_bytes or 0} + {arena.tail_bytes or 0}; look at how it asks its interpreter"
        )
    if arena.configured_bytes != hello.arena_configured_bytes:
        raise TargetError(
            f"the application contradicts itself: its arena has {arena.configured_bytes} bytes, its hello says "
            f"{hello.arena_configured_bytes}; look at where it takes them from"
        )


def check_profile(profile: Profile) -> None:
    """Raise TargetError when there are other ticks than operators."""
    if profile.ticks and len(profile.ticks) != len(profile.operators):
        raise TargetError(
            f"the application's profile has {len(profile.operators)} operators and {len(profile.ticks)} times of them; "
            "look at its profiler"
        )


def check_health(health: Health, hello: Hello, benches: Sequence[Bench], elapsed_s: float) -> None:
    """Raise an error when up-time or memory cannot be; `elapsed_s` is from the first question to this answer."""
    up_s = (health.uptime_us - hello.uptime_us) / 1e6
    if up_s < 0:
        raise LabError(
            f"the board's up-time ran backwards, from {hello.uptime_us} to {health.uptime_us} µs: it restarted unseen, "
            "and nothing of this run counts; check supply and reset line"
        )
    faster, slack_s = _CLOCK_SLACK
    if hello.emulated != "qemu" and up_s > faster * elapsed_s + slack_s:
        raise TargetError(
            f"the application's clock is wrong: {up_s:.1f} s went by on the board in {elapsed_s:.1f} s; no time of "
            "this run counts, look at its clock configuration"
        )
    timed_s = sum(sum(bench.latency_us) for bench in benches) / 1e6
    if timed_s > up_s:
        raise TargetError(
            f"the application says that its bench took {timed_s:.3f} s, in {up_s:.3f} s of up-time; look at its clocks"
        )
    for least, free, what in _memory(health):
        if least > free:
            raise TargetError(
                f"the application's {what} cannot be: {least} bytes free at least, of {free}; look at its watermarks"
            )
    if len(health.tasks) != len(health.task_stack_free_bytes):
        raise TargetError(
            f"the application's health has {len(health.tasks)} tasks and {len(health.task_stack_free_bytes)} "
            "stacks of them; look at how it counts"
        )


def _memory(health: Health) -> Iterator[tuple[int, int, str]]:
    yield health.stack_min_free_bytes, health.stack_bytes, "stack"
    yield health.heap_min_free_bytes, health.heap_free_bytes, "heap"
    yield health.heap_largest_free_bytes, health.heap_free_bytes, "heap"
    if health.heap_total_bytes is not None:
        yield health.heap_free_bytes, health.heap_total_bytes, "heap"


def _described(tensors: Sequence[Tensor]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    return tuple((tensor.dtype, tensor.shape) for tensor in tensors)


def _shown(tensors: Sequence[tuple[str, tuple[int, ...]]]) -> str:
    return ", ".join(f"{dtype}[{'×'.join(map(str, shape))}]" for dtype, shape in tensors)
