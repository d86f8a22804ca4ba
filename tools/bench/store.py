"""What a million runs in the store cost: rebuilding the index, a query of history, and bytes on the disk.

    python -m tools.bench.store [--runs 1000000] [--folder DIR] [--variants 20]

The ledger is written here in one go, in the lines that the gate appends one by one; a night judges 20 variants.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tinygate.store.index import Index, Subject
from tinygate.store.ledger import NAME, Ended, Measured, Record, Started, encode

VARIANTS = 20
REBUILD_S, QUERY_S, DISK_MB = 60.0, 1.0, 500.0
SUBJECT = Subject("model3", "ptq_int8_3", "esp32")
LAST = 1000  # as many as `tinygate history` looks at


def records(runs: int) -> Iterator[Record]:
    """Yield the records of as many runs, a night after the other."""
    chance = random.Random(11)
    for night in range(runs // VARIANTS):
        name = f"20261126T{night:06}Z-{night % 32768}"
        yield Started(name, f"2026-11-26T{night:06}+00:00", "esp32", "0123456789ab")
        for number in range(VARIANTS):
            figures: dict[str, float | int] = {
                "tflite_bytes": 17832, "accuracy_percent@host": 86.96, "accuracy_percent": 86.96,
                "arena_used_bytes": 4060, "flash_bytes": 312345, "static_ram_bytes": 45678,
                "latency_median_us": round(chance.gauss(1234, 4), 1),
            }  # fmt: skip
            model, variant = f"model{number % 5}", f"ptq_int8_{number // 5}"
            board, setup = f"24:0a:c4:00:00:{number:02x}", f"{night // 30:012x}"
            yield Measured(name, model, variant, "esp32", board, setup, "PASS", figures, 5)
        yield Ended(name, "PASS", "0" * 64)


def main() -> None:
    """Write, rebuild, ask; exit 1 if a demand is not met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        store = Path(folder)
        with (store / NAME).open("wb") as file:
            file.writelines(map(encode, records(options.runs)))
        began, busy_s = time.monotonic(), -time.process_time()
        with Index(store):
            rebuilt = time.monotonic()
        busy_s += time.process_time()
        with Index(store) as index:
            found = index.history(SUBJECT, LAST)
            index.flakiness()
        asked = time.monotonic()
        size_mb = sum(path.stat().st_size for path in store.iterdir()) / 1e6
    rebuild_s, query_s = rebuilt - began, asked - rebuilt
    print(
        f"{options.runs:,} runs: {size_mb:.0f} MB (≤ {DISK_MB:g}), rebuilt in {rebuild_s:.1f} s (≤ {REBUILD_S:g}; "
        f"{busy_s:.1f} s of it this process), "
    )
    print(f"the last {len(found):,} of a variant and flake rates in {query_s:.3f} s (≤ {QUERY_S:g})")
    if rebuild_s > REBUILD_S or query_s > QUERY_S or size_mb > DISK_MB:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
