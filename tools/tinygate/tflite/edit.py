"""Rewrites a .tflite file: changes it through the schema's object form and packs it again.

For tools that need a model that differs in one thing: an intermediate tensor made an output, a damaged scale. The
schema's object form is the one that ai-edge-litert ships; it trusts its input, so only well-formed files may come here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinygate.tflite.reader import parse_model
from tinygate.tflite.schema import FILE_IDENTIFIER


def rewrite(data: bytes, change: Callable[[Any], None]) -> bytes:
    """Return the .tflite file `data` after `change` was applied to its object form.

    Args:
        data: content of a .tflite file.
        change: alters a `ModelT` of `ai_edge_litert.schema_py_generated` in place: `.subgraphs[0].tensors[3]
            .quantization.scale = [0.5]`.

    Raises:
        ModelFileError: `data` is not a well-formed file.
    """
    parse_model(data)
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(data, 0))
    change(model)
    builder = flatbuffers.Builder(len(data) + 1024)
    builder.Finish(model.Pack(builder), FILE_IDENTIFIER.encode())
    return bytes(builder.Output())
