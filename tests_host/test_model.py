"""Is the quantization sound? tinygate's own suite; tests of one's own stand beside it, with the same fixtures."""

from tinygate.suites.host import *  # noqa: F403
