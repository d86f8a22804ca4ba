"""What every job needs, imported once before they are forked.

Not the pytest plugins: pytest rewrites their assertions when it imports them itself.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads do not survive a fork

import _pytest.junitxml
import esptool
import numpy
import pexpect
import pydantic
import pytest
import serial.rfc2217
import serial.tools.list_ports
import serial.urlhandler

import tinygate.board.run
import tinygate.gate.cases
import tinygate.judge.baseline
import tinygate.judge.parity
import tinygate.model.selection
import tinygate.oracle
import tinygate.project.settings
import tinygate.targets
import tinygate.tflm.work
