"""What tests of a team's own may import: stable names, gathered from the rooms where they live.

With the plugin's fixtures (docs/fixtures.md) they are the public face: what is not here may move.
"""

from tinygate.board.evidence import Run
from tinygate.judge.facts import fact
from tinygate.judge.oracle import OracleRun, run_oracle
from tinygate.model.folder import Model, Variant
from tinygate.places import HOST
from tinygate.plugin.core import Judge, SaysNotJudged
from tinygate.verdict import Finding, Verdict

__all__ = [
    "HOST",
    "Finding",
    "Judge",
    "Model",
    "OracleRun",
    "Run",
    "SaysNotJudged",
    "Variant",
    "Verdict",
    "fact",
    "run_oracle",
]
