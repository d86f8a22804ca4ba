"""Checks on types: combinations that the kernels have, by the table; integers come with scale and zero point."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tinygate.audit.finding import AuditFinding
from tinygate.audit.operators import data_inputs
from tinygate.audit.product import affine_of
from tinygate.audit.view import View
from tinygate.tflite.model import Operator, Tensor
from tinygate.tflm.operators import KEEPS_SCALE, NONE, WEIGHTED, Signature, is_hybrid, signature_of

_ANY_TYPE = ("IF", "WHILE")  # hand on tensors of any types
_CONVERSIONS = ("CAST", "QUANTIZE", "DEQUANTIZE")
_MOST_SHOWN = 4
_CODES = ("int8", "int16", "uint8")
_COMPUTES = frozenset(
    """SOFTMAX LOGISTIC TANH LEAKY_RELU ADD SUB MUL AVERAGE_POOL_2D HARD_SWISH ELU L2_NORMALIZATION LOG_SOFTMAX
    PRELU SQUARED_DIFFERENCE RELU RELU6 QUANTIZE DEQUANTIZE BATCH_MATMUL""".split()
)


@dataclass(frozen=True)
class _Given:
    """An operator with the types of its tensors by the signature's groups, and whether its weights have many scales."""

    operator: Operator
    signature: Signature
    tensors: dict[str, list[Tensor]]
    is_per_channel: bool

    @property
    def types(self) -> dict[str, str]:
        """The type of each group; several, joined, where its tensors disagree."""
        return {
            group: " and ".join(sorted({tensor.dtype for tensor in self.tensors[group]})) or NONE
            for group in self.signature.groups
        }

    @property
    def accepted(self) -> frozenset[tuple[str, ...]]:
        """What the kernel takes."""
        return self.signature.per_channel if self.is_per_channel else self.signature.accepts

    @property
    def has_uint8(self) -> bool:
        """Whether a tensor is quantized to uint8."""
        return any(tensor.dtype == "uint8" and tensor.scales for ts in self.tensors.values() for tensor in ts)

    @property
    def fits(self) -> bool:
        """Whether the kernel takes it."""
        return tuple(self.types.values()) in self.accepted

    @property
    def unknown(self) -> list[str]:
        """Groups of a type that the kernel has in no combination; all groups if there is none."""
        types, groups = self.types, self.signature.groups
        known = {group: {accepted[place] for accepted in self.accepted} for place, group in enumerate(groups)}
        return [group for group in groups if types[group] not in known[group]] or list(groups)

    @property
    def telling(self) -> set[str]:
        """Groups whose type is not the only one that the kernel has."""
        types, groups = self.types, self.signature.groups
        return {g for place, g in enumerate(groups) if {accepted[place] for accepted in self.accepted} != {types[g]}}

    def remedies(self) -> dict[str, list[str]]:
        """Return the groups that alone keep the operator from fitting, each with the types that would fit."""
        types, groups = tuple(self.types.values()), self.signature.groups
        found: dict[str, list[str]] = {}
        for accepted in sorted(self.accepted):
            differing = [place for place in range(len(groups)) if accepted[place] != types[place]]
            if len(differing) == 1:
                found.setdefault(groups[differing[0]], []).append(accepted[differing[0]])
        return found


def check_combinations(view: View) -> Iterator[AuditFinding]:
    """TG-Q030: types that the kernels have. TG-Q014: no hybrid operators. TG-Q027, Q039: biases. TG-Q056: uint8."""
    misfits: list[_Given] = []
    for operator in view.graph.operators:
        given = _given(view, operator)
        if is_hybrid(operator, view.inputs(operator)):
            yield _misfit(view, given, "TG-Q014") if given else _hybrid(view, operator)
        elif given is not None and not given.fits:
            misfits.append(given)
    of_2018 = any(_computes_in_uint8(given) for given in misfits)
    old = [given.operator for given in misfits if of_2018 and given.has_uint8]
    for given in misfits:
        if not (of_2018 and given.has_uint8):
            yield _misfit(view, given)
    if old:
        values = f"{len(old)} operators, the first is operator {old[0].index} {old[0].name}"
        yield view.finding("TG-Q056", values, operator=old[0])


def _given(view: View, operator: Operator) -> _Given | None:
    """Return an operator with its types; None where the table, or a dangling index, leaves nothing to say."""
    signature = signature_of(operator.name)
    indices = (*operator.inputs, *operator.outputs)
    if signature is None or operator.name in _ANY_TYPE or any(i != -1 and view.tensor(i) is None for i in indices):
        return None
    tensors: dict[str, list[Tensor]] = {group: [] for group in signature.groups}
    _sort(tensors, signature.inputs, view.inputs(operator), is_open=signature.is_variadic)
    _sort(tensors, signature.outputs, list(view.outputs(operator)), is_open=True)
    places = WEIGHTED.get(operator.name)
    weights = view.tensor(operator.inputs[places.weights]) if places and places.weights < len(operator.inputs) else None
    return _Given(operator, signature, tensors, weights is not None and len(weights.scales) > 1)


def _sort(
    tensors: dict[str, list[Tensor]], groups: tuple[str, ...], given: list[Tensor | None], *, is_open: bool
) -> None:
    """Put tensors into their groups; those beyond the last group into it if it is open."""
    for place, tensor in enumerate(given):
        group = groups[place] if place < len(groups) else groups[-1] if is_open and groups else ""
        if group and tensor is not None:
            tensors[group].append(tensor)


def _computes_in_uint8(given: _Given) -> bool:
    """Whether an operator computes in the codes of 2018, rather than with one tensor of a wrong type."""
    return given.has_uint8 and given.operator.name not in _CONVERSIONS and not given.remedies()


def _hybrid(view: View, operator: Operator) -> AuditFinding:
    inputs = [tensor for tensor in view.inputs(operator) if tensor is not None]
    weights = next(tensor for tensor in inputs if tensor.is_constant and tensor.dtype not in ("float32", "int32"))
    values = f"{inputs[0].dtype} data, {weights.dtype} weights"
    return view.finding("TG-Q014", values, operator=operator, tensor=weights)


def _misfit(view: View, given: _Given, code: str = "TG-Q030") -> AuditFinding:
    """Return the finding about an operator that no kernel takes: at the tensor whose type is odd, as far as one is."""
    types, remedies = given.types, given.remedies()
    if list(remedies) == ["bias"] and code == "TG-Q030":
        return _bias(view, given, remedies["bias"])
    odd = {group: given.tensors[group] for group in remedies or given.unknown if given.tensors[group]}
    order = [tensor for group in reversed(list(odd)) for tensor in reversed(odd[group])]
    chosen = view.oddest(*order) if order else None
    group = next((group for group, tensors in odd.items() if chosen in tensors), "")
    telling = given.telling
    words = ", ".join(f"{name} {dtype}" for name, dtype in types.items() if name in telling)
    expected = f"{group} {' or '.join(remedies[group])}" if group in remedies else _shown(given)
    related = tuple(t for ts in given.tensors.values() for t in ts[:1] if t is not chosen)[:_MOST_SHOWN]
    scales = " and weights per channel" if given.is_per_channel else ""
    values = f"{words}{scales}; expected {expected}"
    return view.finding(code, values, operator=given.operator, tensor=chosen, related=related)


def _bias(view: View, given: _Given, allowed: list[str]) -> AuditFinding:
    expected = " or ".join(dtype for dtype in allowed if dtype != NONE)
    if not given.tensors["bias"]:
        return view.finding("TG-Q039", f"no bias: the kernel reads one of {expected}", operator=given.operator)
    bias = given.tensors["bias"][0]
    return view.finding("TG-Q027", f"type {bias.dtype}; expected {expected}", operator=given.operator, tensor=bias)


def _shown(given: _Given) -> str:
    """Return some of the combinations that the kernel has."""
    groups, telling = given.signature.groups, given.telling
    rows = list(dict.fromkeys(
        ", ".join(f"{g} {t}" for g, t in zip(groups, types, strict=True) if g in telling)
        for types in sorted(given.accepted)
    ))  # fmt: skip
    more = f"; or one of {len(rows) - _MOST_SHOWN} more" if len(rows) > _MOST_SHOWN else ""
    return "; or ".join(rows[:_MOST_SHOWN]) + more


def check_parameters(view: View) -> Iterator[AuditFinding]:
    """TG-Q036: integers that are computed with have parameters; so have all activations of a quantized graph."""
    said: set[int] = set()
    quantized = any(product.is_integer and product.weights.scales for product in view.products)
    integer = {product.operator.index for product in view.products if product.is_integer}
    for operator in view.graph.operators:
        if operator.name in WEIGHTED and operator.index in integer:
            places = WEIGHTED[operator.name]
            tensors = [view.tensor(operator.inputs[place]) for place in (places.source, places.weights)]
        elif operator.name in _COMPUTES or (quantized and (operator.name in KEEPS_SCALE or operator.name == "MEAN")):
            tensors = [*(data_inputs(view, operator) or view.inputs(operator)[:2])]
        else:
            continue
        for tensor in (*tensors, *view.outputs(operator)):
            bare = tensor is not None and tensor.dtype in _CODES and not (tensor.scales and tensor.zero_points)
            if tensor is not None and bare and tensor.index not in said:
                said.add(tensor.index)
                values = f"{tensor.dtype} with {affine_of(tensor)}"
                yield view.finding("TG-Q036", values, operator=operator, tensor=tensor)
