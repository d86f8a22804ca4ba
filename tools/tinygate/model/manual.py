"""docs/model-toml.md: every key of model.toml, from the classes that read it.

python -m tinygate.model.manual > docs/model-toml.md
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

from pydantic import BaseModel

from tinygate.figures import BUDGETABLE, FIGURES
from tinygate.model.config import ModelConfig
from tinygate.model.tables import (
    AuditConfig,
    BaselineConfig,
    FirmwareConfig,
    Margin,
    PreprocessingConfig,
    Product,
    RatioRule,
    Thresholds,
    VariantConfig,
)
from tinygate.places import where_measured
from tinygate.targets import places

TABLES: dict[str, type[BaseModel]] = {
    "": ModelConfig,
    "variants.NAME": VariantConfig,
    "[[rules]]": RatioRule,
    "[[margins]]": Margin,
    "audit": AuditConfig,
    "thresholds": Thresholds,
    "baseline": BaselineConfig,
    "product": Product,
    "firmware": FirmwareConfig,
    "preprocessing": PreprocessingConfig,
}


def manual() -> str:
    """Return the page."""
    lines = ["# model.toml", "", "Made from the code by `python -m tinygate.model.manual`. Unknown keys are refused."]
    for title, table in TABLES.items():
        lines += ["", f"## {title or 'At the top'}", "", _summary(table), "", "| key | type | default | what it is |"]
        lines += ["|---|---|---|---|", *_rows(table)]
    lines += ["", "## budgets.PLACE.NAME", "", "Limits of a variant at a place, each a figure's name and a number:", ""]
    lines += ["| figure | unit | limit is | places |", "|---|---|---|---|"]
    for name in BUDGETABLE:
        figure = FIGURES[name]
        least_or_most = "the most" if figure.at_most else "the least"
        lines.append(f"| `{name}` | {figure.unit} | {least_or_most} | {where_measured(figure, places())} |")
    return "\n".join(lines) + "\n"


def _summary(table: type[BaseModel]) -> str:
    return " ".join((inspect.getdoc(table) or "").split("Attributes:")[0].split())


def _rows(table: type[BaseModel]) -> Iterator[str]:
    text = (inspect.getdoc(table) or "").partition("Attributes:")[2]
    told = {
        name: " ".join(words.split()) for name, words in re.findall(r"^    (\w+): ((?:.|\n {8})+)", text, re.MULTILINE)
    }
    for name, field in table.model_fields.items():
        if field.is_required():
            default = "must be there"
        else:
            value = field.get_default(call_default_factory=True)
            default = "" if value is None or isinstance(value, BaseModel) or value in ({}, ()) else f"`{value}`"
        written = table.__annotations__[name].replace(" | ", " or ")
        yield f"| `{name}` | `{written}` | {default} | {told.get(name, '')} |"


if __name__ == "__main__":
    print(manual(), end="")
