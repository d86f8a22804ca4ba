"""Sizes of what lives in the arena, per runtime, ABI and kernel library: data files, made of a firmware's own record.

The firmware's `layout` record (docs/protocol.md) names sizeof and alignof of each structure, and how much each
registered operator's `init` takes. A data file in `layouts/` is such a record of an app with every operator.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, ValidationError

from tinygate.errors import ConfigError


class Layout(BaseModel):
    """One data file.

    Attributes:
        schema_version: of the file's format.
        runtime: TFLM's or esp-tflite-micro's version.
        kernels: the kernel library and its version.
        pointer_bytes: 4 or 8.
        structures: size and alignment in bytes by name. An operator's name stands for what its `init` takes; a name
            with a dot for what a kernel takes later or TFLM keeps in a private type.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    schema_version: int
    runtime: str
    kernels: str
    pointer_bytes: int
    structures: dict[str, tuple[int, int]]

    def size(self, name: str) -> int:
        """Return a structure's size in bytes."""
        return self.structures[name][0]

    def alignment(self, name: str) -> int:
        """Return a structure's alignment in bytes."""
        return self.structures[name][1]

    def knows(self, name: str) -> bool:
        """Return whether the file tells the size of `name`."""
        return name in self.structures


@cache
def load_layout(name: str) -> Layout:
    """Return the layout in the package's data file `layouts/<name>.json`.

    Raises:
        ConfigError: there is no such file, or it is not of the form above.
    """
    try:
        text = files("tinygate.arena").joinpath("layouts", f"{name}.json").read_text(encoding="utf-8")
        return Layout.model_validate_json(text)
    except (OSError, ValidationError) as error:
        raise ConfigError(f"layout {name!r} cannot be used: {error}") from None


def differences(
    layout: Layout, names: Sequence[str], sizes: Sequence[int], alignments: Sequence[int]
) -> tuple[str, ...]:
    """Return a sentence for each structure in which a device's `layout` record differs from the data file.

    Structures that only one of the two names are no difference: an app registers the operators of its model only, and
    a newer app may tell more. Empty when the prediction's sizes are those of the device.

    Args:
        names, sizes, alignments: the record's fields, parallel.
    """
    found = []
    for name, size, alignment in zip(names, sizes, alignments, strict=True):
        expected = layout.structures.get(name)
        if expected is not None and expected != (size, alignment):
            found.append(
                f"{name} has {size} bytes aligned to {alignment} on the device, "
                f"{expected[0]} aligned to {expected[1]} in the layout of {layout.runtime} with {layout.kernels}"
            )
    return tuple(found)


def as_json(layout: Layout) -> str:
    """Return `layout` as the text of its data file: one structure per line, so that changes show line by line."""
    head = {key: value for key, value in layout.model_dump().items() if key != "structures"}
    lines = [f"    {json.dumps(name)}: [{size}, {align}]" for name, (size, align) in sorted(layout.structures.items())]
    fields = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    return "{\n" + ",\n".join([*fields, '  "structures": {\n' + ",\n".join(lines) + "\n  }"]) + "\n}\n"
