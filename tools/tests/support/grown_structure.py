"""A pytest plugin: the board's interpreter has a structure that is 4 bytes larger than the known one."""

import dataclasses
from typing import Any

GROWN = "TfLiteEvalTensor"


def pytest_collection_finish() -> None:
    """Stand between the board and who measures it."""
    from tinygate.board.evidence import Run
    from tinygate.plugin import measuring

    measure = measuring.measure

    def grown(*args: Any) -> Run:
        run = measure(*args)
        assert run.layout is not None
        named = zip(run.layout.names, run.layout.sizes, strict=True)
        sizes = tuple(size + 4 * (name == GROWN) for name, size in named)
        return dataclasses.replace(run, layout=dataclasses.replace(run.layout, sizes=sizes))

    measuring.measure = grown
