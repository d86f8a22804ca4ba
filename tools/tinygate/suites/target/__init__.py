"""Does the firmware hold its budgets, and does it compute what the oracle computes? On a board."""

from tinygate.suites.target.application import *  # noqa: F403
from tinygate.suites.target.budgets import *  # noqa: F403
from tinygate.suites.target.health import *  # noqa: F403
from tinygate.suites.target.identity import *  # noqa: F403
from tinygate.suites.target.parity import *  # noqa: F403
from tinygate.suites.target.preprocessing import *  # noqa: F403
from tinygate.suites.target.regression import *  # noqa: F403
from tinygate.suites.target.rules import *  # noqa: F403
