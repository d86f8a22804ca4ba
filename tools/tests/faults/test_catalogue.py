"""Every kind of fault, alone: the stated verdict, within its deadline, in a sentence for people."""

from __future__ import annotations

import random
import re

import pytest
from catalogue import CATALOGUE
from simulation import PASS, judged

from tinygate.board.blame import whose_job
from tinygate.errors import IdentityError, InputError, LabError, LinkError, TargetError, TinygateError

LONGEST_S = 330.0
"""What the longest run may take: its plan's deadline and ten seconds."""


def test_without_a_fault_it_passes_and_settles_within_a_second() -> None:
    outcome = judged([])
    assert outcome.verdict == PASS, outcome
    assert outcome.seconds < 1.6


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", CATALOGUE)
def test_a_fault_gets_its_verdict(name: str, seed: int) -> None:
    fault = CATALOGUE[name](random.Random(f"{name} {seed}"))
    outcome = judged([fault])
    assert fault.acted
    assert outcome.verdict in fault.allowed, outcome
    assert outcome.seconds < LONGEST_S
    assert_is_a_sentence(outcome.sentence)


@pytest.mark.parametrize("error", [TargetError, LinkError, IdentityError, LabError, InputError])
def test_everybody_who_can_be_blamed_is_told_so(error: type[TinygateError]) -> None:
    assert " to mend" in whose_job(error("x")).lower() or whose_job(error("x")).startswith("To mend")


def assert_is_a_sentence(text: str) -> None:
    told = re.sub(r"\"[^\"]*\"", "", text)  # what a console says is quoted
    assert not re.search(r"assert |Traceback|numpy|Error:|reshape|division", told), text
