"""Is the quantization sound? Artifacts, audit, metric, margins, layers, calibration set."""

from tinygate.suites.host.artifacts import *  # noqa: F403
from tinygate.suites.host.calibration import *  # noqa: F403
from tinygate.suites.host.host_only import *  # noqa: F403
from tinygate.suites.host.layers import *  # noqa: F403
from tinygate.suites.host.metric import *  # noqa: F403
from tinygate.suites.host.soundness import *  # noqa: F403
