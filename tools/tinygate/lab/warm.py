"""What every job needs, imported once before they are forked: by collecting the target tests, as each of them will.

A process that has imported this has every module in memory that a session uses, with assertions rewritten by pytest's
own import hook, and none of it is looked at again by the garbage collectors of the processes that are forked from it.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads do not survive a fork

import esptool.cmds
import pexpect
import pytest
import serial.rfc2217
import serial.tools.list_ports

from tinygate.gate.session import die_with_parent
from tinygate.lab.job import ARGUMENTS_VARIABLE


def _collect(arguments: list[str]) -> None:
    with (
        Path(os.devnull).open("w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        pytest.main([*arguments, "--collect-only", "-q"])


if arguments := os.environ.pop(ARGUMENTS_VARIABLE, ""):
    die_with_parent()  # and its jobs with it, at once: places are given back at once, too
    _collect(json.loads(arguments))
gc.collect()
gc.freeze()
