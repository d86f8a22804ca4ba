"""The table of what TFLM takes: it is the pinned wheel's, and the audit and the firmware's build agree with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tinygate.audit import Severity, audit
from tinygate.oracle import tflm_is_installed
from tinygate.tflite.schema import OPERATORS
from tinygate.tflm import operators
from tinygate.tflm.derive.__main__ import as_text, derive
from tinygate.tflm.derive.enumeration import defined_types
from tinygate.tflm.derive.models import build, build_unknown
from tinygate.tflm.derive.recipes import RECIPES
from tinygate.tflm.derive.slots import Recipe
from tinygate.tflm.derive.trial import Trials

needs_tflm = pytest.mark.skipif(not tflm_is_installed(), reason="no TFLM wheel for this machine")
UNTYPED = {"TFLM_DECODE"}  # what it takes stands in its data


@pytest.fixture(scope="module")
def trials() -> Iterator[Trials]:
    with Trials() as running:
        yield running


def errors(model: bytes) -> list[str]:
    return [f"{f.code} {f.values}" for f in audit(model).findings if f.severity is Severity.ERROR]


@needs_tflm
def test_the_table_is_the_one_of_the_installed_wheel() -> None:
    assert as_text(derive()) == operators.TABLE_PATH.read_text(encoding="utf-8")


@needs_tflm
@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.operator)
def test_the_audit_errs_exactly_where_the_wheel_refuses(recipe: Recipe, trials: Trials) -> None:
    for channels in {"", recipe.channels}:
        for types in defined_types(recipe):
            model = build(recipe, types, channels)
            ran, found = trials.run(model).ran, errors(model)
            assert ran == (not found), f"{types} {channels}: ran {ran}, audit {found}"


def test_the_resolver_has_a_method_for_every_builtin_operator() -> None:
    builtin = operators.registered() & set(OPERATORS)
    assert {operators.method_of(name) for name in builtin} == set(operators.RESOLVER_METHODS)


def test_the_table_says_which_types_every_operator_takes() -> None:
    assert {name for name in operators.registered() if operators.signature_of(name) is None} == UNTYPED


@pytest.mark.parametrize(
    "name", sorted({*operators.WEIGHTED, *operators.KEEPS_SCALE, *operators.FIXED_OUTPUT_OPERATORS})
)
def test_what_an_operator_means_is_said_of_registered_ones(name: str) -> None:
    assert name in operators.registered()


@pytest.mark.parametrize("name", [name for name in OPERATORS if name not in operators.registered()])
def test_operators_that_the_wheel_lacks_are_errors(name: str) -> None:
    if name != "CUSTOM":
        assert any(error.startswith("TG-Q015") for error in errors(build_unknown(name)))


def test_the_operator_of_an_ethos_u_is_an_error() -> None:
    assert any("Ethos-U" in error for error in errors(build_unknown("ethos-u")))
