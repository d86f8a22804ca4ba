"""Makes operators.json from the TFLM wheel that is installed:  python -m tinygate.tflm.derive [--check]"""

from __future__ import annotations

import importlib.metadata
import json
import sys
from typing import Any

from tinygate.tflite.schema import OPERATORS
from tinygate.tflm.derive.enumeration import accepted
from tinygate.tflm.derive.models import build_unknown
from tinygate.tflm.derive.ranks import limits_of
from tinygate.tflm.derive.recipes import RECIPES
from tinygate.tflm.derive.slots import Recipe
from tinygate.tflm.derive.trial import Trials
from tinygate.tflm.operators import TABLE_PATH

_UNKNOWN = ("Didn't find op", "Failed to get registration")
_OF_FILES = ("CUSTOM", "DELEGATE", "PLACEHOLDER_FOR_GREATER_OP_CODES")
CUSTOM_NAMES = ("TFLM_DECODE", "ethos-u", *(name for name in RECIPES if name not in OPERATORS))
"""Custom operators that TFLM's sources know; the wheel decides which of them it has."""


def derive() -> dict[str, Any]:
    """Return the table."""
    with Trials() as trials:
        names = [name for name in (*OPERATORS, *CUSTOM_NAMES) if name not in _OF_FILES and is_known(name, trials)]
        rows = {name: row_of(RECIPES[name], trials) if name in RECIPES else {} for name in sorted(names)}
    return {"tflite_micro": importlib.metadata.version("tflite_micro"), "operators": rows}


def is_known(operator: str, trials: Trials) -> bool:
    """Return whether the wheel finds an operator."""
    words = trials.run(build_unknown(operator)).words
    return not any(sentence in words for sentence in _UNKNOWN)


def row_of(recipe: Recipe, trials: Trials) -> dict[str, Any]:
    """Return what the table says of one operator."""
    row: dict[str, Any] = {
        "inputs": [slot.group for slot in recipe.inputs],
        "outputs": [slot.group for slot in recipe.outputs],
        "accepts": [" ".join(types) for types in accepted(recipe, trials)],
    }
    for types in row["accepts"][:1]:
        limits = limits_of(recipe, dict(zip(recipe.groups, types.split(), strict=True)), trials)
        row |= {"limits": limits} if limits else {}
    if recipe.is_variadic:
        row["variadic"] = True
    if recipe.channels:
        row["per_channel"] = [" ".join(types) for types in accepted(recipe, trials, recipe.channels)]
    return row


def as_text(table: dict[str, Any]) -> str:
    """Return the table as the file holds it."""
    return json.dumps(table, indent=1) + "\n"


def main() -> int:
    """Write the table, or with --check compare it with the file: 1 if they differ."""
    text = as_text(derive())
    if "--check" in sys.argv[1:]:
        return int(TABLE_PATH.read_text(encoding="utf-8") != text)
    TABLE_PATH.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
