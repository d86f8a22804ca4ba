"""Removes from a .tflite what no device needs; what it computes stays the same, and so does what it needs of an arena.

A device reads operators, tensors, constants and quantization. It reads no names, signatures or descriptions, no ranges
of the converter, no shape signature that says what the shape says, and no buffer that no tensor names.
"""

from __future__ import annotations

from collections.abc import Iterator

from tinygate.errors import ModelFileError
from tinygate.tflite import read_model
from tinygate.tflite.tree import TableNode, read_tree, write_tree

_DESCRIPTION, _BUFFERS, _METADATA_BUFFER, _METADATA, _SIGNATURES, _SUBGRAPHS = 3, 4, 5, 6, 7, 2
_TENSORS, _GRAPH_INPUTS, _GRAPH_OUTPUTS, _GRAPH_NAME = 0, 1, 2, 4
_SHAPE, _BUFFER, _TENSOR_NAME, _QUANTIZATION, _SHAPE_SIGNATURE = 0, 2, 3, 4, 7
_MINIMUM, _MAXIMUM, _SCALE, _DETAILS = 0, 1, 2, 5

READ_ON_DEVICE = (b"OfflineMemoryAllocation",)
"""Metadata that TensorFlow Lite Micro reads: where a planner of the user's own puts tensors."""
_COMPRESSION = b"COMPRESSION_METADATA"


def strip(content: bytes) -> bytes:
    """Return a .tflite without what no device needs; stripped again it stays as it is.

    Tensors keep their numbers. Where a model has several inputs or outputs, theirs keep their names, by which a host
    feeds them.

    Raises:
        ModelFileError: not a usable .tflite, one of a later schema, one with data outside the FlatBuffer, or with
            compressed tensors, whose metadata name buffers by number.
    """
    read_model(content)
    root = read_tree(content)
    kept = [entry for entry in root.fields.get(_METADATA) or [] if entry.fields[0].data in READ_ON_DEVICE]
    if any(entry.fields[0].data == _COMPRESSION for entry in root.fields.get(_METADATA) or []):
        raise ModelFileError("its tensors are compressed, and the table of them names buffers by number.")
    for slot in (_DESCRIPTION, _METADATA_BUFFER, _METADATA, _SIGNATURES):
        root.fields.pop(slot, None)
    if kept:
        root.fields[_METADATA] = kept
    for graph in root.fields.get(_SUBGRAPHS) or []:
        _strip_graph(graph)
    _renumber_buffers(root, kept)
    return write_tree(root)


def _strip_graph(graph: TableNode) -> None:
    graph.fields.pop(_GRAPH_NAME, None)
    named = set(_named_tensors(graph))
    for index, tensor in enumerate(graph.fields.get(_TENSORS) or []):
        if index not in named:
            tensor.fields.pop(_TENSOR_NAME, None)
        _strip_tensor(tensor)


def _named_tensors(graph: TableNode) -> Iterator[int]:
    """Yield the inputs of a graph that has several, and the outputs likewise: their names tell which is which."""
    for slot in (_GRAPH_INPUTS, _GRAPH_OUTPUTS):
        data = graph.fields[slot].data if slot in graph.fields else b""
        if len(data) > 4:
            yield from (int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4))


def _strip_tensor(tensor: TableNode) -> None:
    shape, signature = tensor.fields.get(_SHAPE), tensor.fields.get(_SHAPE_SIGNATURE)
    if signature is not None and (not signature.data or (shape and signature.data == shape.data)):
        del tensor.fields[_SHAPE_SIGNATURE]
    affine = tensor.fields.get(_QUANTIZATION)
    if affine is None:
        return
    affine.fields.pop(_MINIMUM, None)
    affine.fields.pop(_MAXIMUM, None)
    scales = affine.fields.get(_SCALE)
    if not (scales and scales.data) and _DETAILS not in affine.fields:
        del tensor.fields[_QUANTIZATION]


def _renumber_buffers(root: TableNode, metadata: list[TableNode]) -> None:
    """Keep the buffers that are named, in order; buffer 0 stays, it stands for none; empty ones become it."""
    tensors = [each for graph in root.fields.get(_SUBGRAPHS) or [] for each in graph.fields.get(_TENSORS) or []]
    buffers = root.fields[_BUFFERS]
    users = [*((tensor, _BUFFER) for tensor in tensors), *((entry, 1) for entry in metadata)]
    full = {node.number(slot) for node, slot in users if _has_data(buffers[node.number(slot)])}
    order = [0, *sorted(full - {0})]
    for node, slot in users:
        node.set_number(slot, order.index(node.number(slot)) if node.number(slot) in full else 0)
    root.fields[_BUFFERS] = [buffers[number] for number in order]


def _has_data(buffer: TableNode) -> bool:
    return bool(buffer.fields.get(0) and buffer.fields[0].data)
