"""The pytest plugin: options, what is judged, fixtures, and the journal of what was decided.

A project loads it with `pytest_plugins = ["tinygate.plugin"]`. Its fixtures for tests of one's own:

    model        a model folder (tinygate.model.folder.Model)
    variant      one variant of it, its .tflite proven to be the pinned one
    judge        judge(finding): journals a finding, and fails the test unless it passes
    not_judged   not_judged(reason): skips the test for a reason that the gate accepts and reports
    run          on a board: the evidence of the first boot (tinygate.board.evidence.Run)
"""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tinygate.suites")

pytest_plugins = ["tinygate.plugin.core", "tinygate.plugin.board_options"]
