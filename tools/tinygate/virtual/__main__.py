"""`python -m tinygate.virtual`: a virtual board as a process of its own; see docs/virtual-board.md."""

from __future__ import annotations

import sys

from tinygate.virtual.command import main

sys.exit(main())
