"""The ten classic mistakes of preprocessing, each as the C header of a firmware that makes it.

`python tools/tests/support/mistakes.py FOLDER` writes a models folder for each, for `tinygate gate --models-root`: on the
virtual board, or built with ESP-IDF for a chip.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tinygate.model.folder import Model, load_model
from tinygate.model.pinning import pin
from tinygate.preprocessing.description import Description, read_description
from tinygate.preprocessing.emit_c import InputType, emit_header
from tinygate.preprocessing.plan import Operation, Plan, plan_of
from tinygate.tflite import Tensor

GESTURE = Path(__file__).parents[3] / "models" / "gesture"
MIN_MAX = '{"step": "min_max", "low": [m - 4 * s for m, s in zip(mean, std)], "high": [m + 4 * s for m, s in zip(mean, std)], "to": [-4, 4]}'
Change = Callable[[Plan], Plan]


@dataclass(frozen=True)
class Mistake:
    """A mistake, and what the gate must say of it.

    Attributes:
        sentence: a part of the finding's.
        change: what the device computes by, from the host's plan.
        wrap: what the header becomes after that.
        variant: which variant shows it.
        recipe: replacements in the gesture model's recipe: a host that prepares otherwise.
        max_lsb: what model.toml allows; with it the mistake is none.
    """

    sentence: str
    change: Change = lambda plan: plan
    wrap: Callable[[str], str] = lambda header: header
    variant: str = "ptq_int8"
    recipe: Mapping[str, str] = field(default_factory=dict)
    max_lsb: int = 0


def without(step: int) -> Change:
    return lambda plan: replace(plan, operations=tuple(o for o in plan.operations if o.step != step))


def with_constants(kinds: str, constants: Callable[[tuple[float, ...]], tuple[float, ...]]) -> Change:
    def change(plan: Plan) -> Plan:
        operations = (
            replace(o, constants=constants(o.constants)) if o.step == 1 and o.kind in kinds.split() else o
            for o in plan.operations
        )
        return replace(plan, operations=tuple(operations))

    return change


def first_axis_for_the_second(constants: tuple[float, ...]) -> tuple[float, ...]:
    return (constants[0], constants[0], *constants[2:])


def in_metres(plan: Plan) -> Plan:
    g = (9.806650161743164,) * 3 + (1.0,) * 3  # of float32
    return replace(plan, operations=(Operation("multiply", g, None, 0), *plan.operations))


def swapped(plan: Plan) -> Plan:
    first, second, *others = plan.sources
    return replace(plan, sources=(second, first, *others))


def truncating(header: str) -> str:
    rounding = "    if (magnitude - (float)whole >= 0.5f) ++whole;\n"
    assert rounding in header
    return header.replace(rounding, "")


def wrapped_by(body: str) -> Callable[[str], str]:
    """Return what renames a header's function and puts another around it."""

    def wrap(header: str) -> str:
        head, end, _ = header.rpartition("#endif")
        head = head.replace("void tinygate_preprocess(", "void tinygate_sound(")
        return f"{head}static inline void tinygate_preprocess(const void *raw, uint32_t settings, void *input) {{\n{body}}}\n\n{end}\n"

    return wrap


A_SAMPLE_EARLY = """\
    enum { kRow = TINYGATE_RAW_BYTES / TINYGATE_RAW_SAMPLES };
    static unsigned char kept[TINYGATE_RAW_BYTES + kRow];
    memcpy(kept + kRow, raw, TINYGATE_RAW_BYTES);
    tinygate_sound(kept, settings, input);
    memcpy(kept, kept + TINYGATE_RAW_BYTES, kRow);
"""
NOT_REFILLED = """\
    static int is_filled = 0;
    if (!is_filled) tinygate_sound(raw, settings, input);
    is_filled = 1;
"""
FEWER = """

_whole = load_data


def load_data():
    \"\"\"Return every 16th window of the test set: enough to name a mistake, and soon done on an emulated chip.\"\"\"
    from tinygate.data import Split

    data = _whole()
    test, some = data.test, slice(None, None, 16)
    fewer = Split(test.inputs[some], test.labels[some], test.subjects[some], test.recordings[some], test.starts[some],
                  test.raw_sha256[some], part=test.part, raw=test.raw.samples[some], settings=test.raw.settings[some])
    return data.replace(test=fewer)
"""
WIDE = {'"width": "float32"': '"width": "float64"'}
MISTAKES: dict[str, Mistake] = {
    "no_normalisation": Mistake("no normalisation: step 1 (standardise) is left out", without(1)),
    "another_mean": Mistake(
        "another mean: of axis wx about 0.317 instead of 0.0171",
        with_constants("subtract", lambda c: (*c[:3], 0.3170810043811798, *c[4:])),
    ),
    "min_max_of_the_wrong_axis": Mistake(
        "min_max constants of axis ax taken for axis ay",
        with_constants("subtract divide", first_axis_for_the_second),
        recipe={'{"step": "standardise", "mean": mean, "std": std}': MIN_MAX},
    ),
    "axes_swapped": Mistake("axes ax and ay are swapped", swapped),
    "another_unit": Mistake("another unit (g and m/s²): raw ax, ay, az are 9.80665 times the host's", in_metres),
    "clipping_forgotten": Mistake("clipping is forgotten: step 2 (clip) is left out", without(2), variant="qat_int8"),
    "truncated": Mistake("codes are truncated towards zero instead of rounded", wrap=truncating),
    "float64_and_float32": Mistake(
        "the device computes in float32, the host in float64", variant="ptq_int16x8", recipe=WIDE, max_lsb=1
    ),
    "a_sample_early": Mistake("the window is shifted by one sample: it begins early", wrap=wrapped_by(A_SAMPLE_EARLY)),
    "not_refilled": Mistake("the input is not refilled between invocations", wrap=wrapped_by(NOT_REFILLED)),
}


def header_with(mistake: Mistake, described: Description, tensor: Tensor) -> str:
    """Return the header of a firmware that makes a mistake; it always computes in float32."""
    plan = mistake.change(plan_of(described, "float32"))
    target = InputType(tensor.dtype, tensor.scales[0], tensor.zero_points[0])
    return mistake.wrap(emit_header(plan, target, "a mistake", "a mistake"))


def folder_with(mistake: Mistake, root: Path) -> Model:
    """Write a copy of the gesture model, of one variant, whose firmware makes a mistake; return it."""
    from tinygate.tflite import read_model

    folder = root / "gesture"
    shutil.copytree(GESTURE, folder, ignore=shutil.ignore_patterns("__pycache__", "*.npz", "cycles.toml"))
    recipe = (folder / "recipe.py").read_text()
    for old, new in mistake.recipe.items():
        assert old in recipe
        recipe = recipe.replace(old, new)
    (folder / "recipe.py").write_text(recipe + FEWER)
    (folder / "model.toml").write_text(_toml(mistake))
    (folder / "preprocess.h").write_text("")
    model = load_model(folder)
    pin(model)
    described = read_description(model.dataset.preprocessing)
    tensor = read_model(model.variant(mistake.variant).content).inputs[0]
    (folder / "preprocess.h").write_text(header_with(mistake, described, tensor))
    return model


def _toml(mistake: Mistake) -> str:
    return (
        f'schema_version = 1\ntitle = "A mistake"\n[variants.{mistake.variant}]\n'
        f'[preprocessing]\nheader = "preprocess.h"\nmax_lsb = {mistake.max_lsb}\n'
    )


def main(arguments: list[Any]) -> None:
    for name, mistake in MISTAKES.items():
        print(folder_with(mistake, Path(arguments[0]) / name).folder)


if __name__ == "__main__":
    main(sys.argv[1:])
