"""A plan as a C header for the device: from the bytes of a raw window to the bytes of the model's input.

C99 and C++11, no library but memcpy, no allocation, defined for every input. It computes what `numpy_path` and
`tinygate.quant.codes` compute, bit by bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tinygate.errors import DataError
from tinygate.preprocessing.description import RAW_BYTES
from tinygate.preprocessing.plan import Operation, Plan

LIMITS = {"int8": (-128, 127), "uint8": (0, 255), "int16": (-32768, 32767)}
_C_TYPES = {"float32": "float", "float64": "double"}
_SIGNS = {"multiply": "*", "add": "+", "subtract": "-", "divide": "/"}
_READABLE = 1 << 20
_COMPARES = {"at_least": "<", "at_most": ">"}


@dataclass(frozen=True)
class InputType:
    """The model's input: "float32", or a key of `LIMITS` with its scale, exact in float32, and zero point."""

    dtype: str
    scale: float = 0.0
    zero_point: int = 0


def emit_header(plan: Plan, target: InputType, name: str, sha256: str) -> str:
    """Return the header.

    Args:
        plan: what to do.
        target: what the model takes.
        name: of what, for the first line: "gesture, ptq_int8".
        sha256: of the description, hex, by which a device says what it runs.

    Raises:
        DataError: an input of a type that nothing real is quantized to.
    """
    if target.dtype != "float32" and target.dtype not in LIMITS:
        expected = ", ".join(("float32", *LIMITS))
        raise DataError(f"{name}: the input is {target.dtype}; preprocessing in C gives {expected}.")
    return _HEADER.format(
        name=name,
        order="\n".join(f"//   {line}" for line in _order(plan, target)),
        width=plan.width,
        sha256=sha256,
        raw_dtype=plan.raw.dtype,
        raw_samples=plan.raw.samples,
        raw_axes=len(plan.raw.axes),
        raw_bytes=plan.raw.size_bytes,
        input_bytes=plan.samples * len(plan.names) * (4 if target.dtype == "float32" else RAW_BYTES[target.dtype]),
        real=_C_TYPES[plan.width],
        code="" if target.dtype == "float32" else _code_function(target),
        body=_body(plan, target),
    )


def _order(plan: Plan, target: InputType) -> Iterator[str]:
    """Yield the order of operations, for readers."""
    yield f"samples {plan.first} to {plan.first + plan.samples - 1} of {plan.raw.samples}; axes {', '.join(plan.names)}"
    for operation in plan.operations:
        where = "" if operation.setting is None else f" where {plan.raw.settings[operation.setting]}"
        yield f"x = {_written(operation)}{where}"
    if plan.width == "float64":
        yield "x rounded to float32"
    if target.dtype != "float32":
        low, high = LIMITS[target.dtype]
        yield f"q = x / {target.scale!r} in float32, rounded, halves away from zero, + {target.zero_point}"
        yield f"q kept in [{low}, {high}]"
        yield f"NaN gives {target.zero_point}, the code of 0"
    order = "axis after axis" if plan.axes_first else "sample after sample"
    yield f"written {order}, as {'x'.join(map(str, plan.shape))}"


def _written(operation: Operation) -> str:
    values = ", ".join(f"{value:.9g}" for value in dict.fromkeys(operation.constants))
    if operation.kind in _SIGNS:
        return f"x {_SIGNS[operation.kind]} {{{values}}}"
    return f"{'max' if operation.kind == 'at_least' else 'min'}(x, {{{values}}})"


def _body(plan: Plan, target: InputType) -> str:
    real, raw = _C_TYPES[plan.width], _C_TYPES.get(plan.raw.dtype, f"{plan.raw.dtype}_t")
    axes, out = len(plan.names), "float" if target.dtype == "float32" else f"{target.dtype}_t"
    tables = [f"static const uint16_t source[{axes}] = {{{_row(plan.sources)}}};"]
    lines = []
    for number, operation in enumerate(plan.operations):
        constant = _constant(operation, number, plan.width, tables)
        lines.append(_statement(operation, constant))
    place = f"axis * {plan.samples}u + sample" if plan.axes_first else f"sample * {axes}u + axis"
    value = "(float)x" if target.dtype == "float32" else "tinygate_code((float)x)"
    return _BODY.format(
        tables="\n    ".join(tables), samples=plan.samples, axes=axes, raw=raw, real=real, first=plan.first,
        raw_axes=len(plan.raw.axes), operations="\n            ".join(lines), out=out, value=value, place=place,
    )  # fmt: skip


def _constant(operation: Operation, number: int, width: str, tables: list[str]) -> str:
    """Return the C expression of an operation's constant, with a table where axes have different ones."""
    values = [_literal(value, width) for value in operation.constants]
    if len(set(values)) == 1:
        return values[0]
    tables.append(f"static const {_C_TYPES[width]} c{number}[{len(values)}] = {{{_row(values)}}};")
    return f"c{number}[axis]"


def _statement(operation: Operation, constant: str) -> str:
    if operation.kind in _SIGNS:
        statement = f"x = tinygate_rounded(x {_SIGNS[operation.kind]} {constant});"
    else:
        statement = f"x = x {_COMPARES[operation.kind]} {constant} ? {constant} : x;"
    return statement if operation.setting is None else f"if (settings >> {operation.setting} & 1u) {statement}"


def _row(values: Sequence[object]) -> str:
    return ", ".join(map(str, values))


def _literal(value: float, width: str) -> str:
    """Return a number as C writes it without loss; small whole ones so that people can read them."""
    is_short = value == int(value) and abs(value) < _READABLE
    return (
        f"{value:.1f}"
        if is_short and width == "float64"
        else f"{value:.1f}f"
        if is_short
        else _hexadecimal(value, width)
    )


def _hexadecimal(value: float, width: str) -> str:
    return value.hex() + ("f" if width == "float32" else "")


def _code_function(target: InputType) -> str:
    low, high = LIMITS[target.dtype]
    return _CODE.format(
        type=f"{target.dtype}_t", zero=target.zero_point, scale=f"{target.scale.hex()}f", low=low, high=high,
        least=low - target.zero_point, most=high - target.zero_point,
    )  # fmt: skip


_HEADER = """\
// {name}: from a raw window to the model's input. Generated by tinygate; not to be edited.
//
{order}
//
// Every operation is one of {width}, rounded before the next; constants are exact. The host computes the same bits.
#ifndef TINYGATE_PREPROCESS_H
#define TINYGATE_PREPROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __FAST_MATH__
#error "with -ffast-math NaN, infinity and the order of operations are not what the host computes: leave it out"
#endif

#define TINYGATE_PREPROCESSING "{sha256}"
#define TINYGATE_RAW_DTYPE "{raw_dtype}"
#define TINYGATE_RAW_SAMPLES {raw_samples}
#define TINYGATE_RAW_AXES {raw_axes}
#define TINYGATE_RAW_BYTES {raw_bytes}
#define TINYGATE_INPUT_BYTES {input_bytes}

// A value that is stored is rounded to its type: no compiler keeps it wider, or fuses it with what comes next.
static inline {real} tinygate_rounded({real} value) {{
    volatile {real} stored = value;
    return stored;
}}

{code}// Takes TINYGATE_RAW_BYTES of any alignment and the settings' word; writes TINYGATE_INPUT_BYTES.
static inline void tinygate_preprocess(const void *raw, uint32_t settings, void *input) {{
{body}
}}

#endif
"""

_BODY = """\
    {tables}
    const unsigned char *from = (const unsigned char *)raw;
    unsigned char *to = (unsigned char *)input;
    size_t sample, axis;
    (void)settings;
    for (sample = 0; sample < {samples}; ++sample) {{
        for (axis = 0; axis < {axes}; ++axis) {{
            {raw} given;
            {real} x;
            {out} value;
            memcpy(&given, from + (({first}u + sample) * {raw_axes}u + source[axis]) * sizeof given, sizeof given);
            x = ({real})given;
            {operations}
            value = {value};
            memcpy(to + ({place}) * sizeof value, &value, sizeof value);
        }}
    }}"""

_CODE = """\
static inline {type} tinygate_code(float x) {{
    volatile float quotient = x / {scale};
    const float q = quotient;
    float magnitude;
    int32_t whole;
    if (x != x) return {zero};
    if (q >= {most}.0f) return {high};
    if (q <= {least}.0f) return {low};
    magnitude = q < 0 ? -q : q;
    whole = (int32_t)magnitude;
    if (magnitude - (float)whole >= 0.5f) ++whole;
    return ({type})((q < 0 ? -whole : whole) + ({zero}));
}}

"""
