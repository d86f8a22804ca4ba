"""Does the firmware hold its budgets? tinygate's suite; tests of one's own stand beside it, with the same fixtures."""

from tinygate.suites.target import *  # noqa: F403
