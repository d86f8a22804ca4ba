"""A model of each operator alone, as small as TensorFlow Lite Micro accepts it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import small_models
from tflite_build import ModelBuilder

from tinygate.tflite import TfliteModel
from tinygate.tflite.options import Pool2DOptions, ReducerOptions

# Inputs, `->`, outputs. A tensor: type letter (f float32, b bool, q int8, h int16, i int32), then its shape; with `=`
# a constant of int32 values.
_OPERATORS = """
    ABS                f1x8                 -> f1x8
    ABS                q1x8                 -> q1x8
    ADD_N              f1x8 f1x8 f1x8       -> f1x8
    ADD_N              q1x8 q1x8 q1x8       -> q1x8
    ARG_MAX            f1x8 =1              -> i1
    ARG_MIN            q1x8 =1              -> i1
    BATCH_TO_SPACE_ND  f4x2x2x1 =2,2 =0,0,0,0 -> f1x4x4x1
    BROADCAST_ARGS     =1,2 =3,1            -> i2
    CEIL               f1x8                 -> f1x8
    COS                f1x8                 -> f1x8
    CUMSUM             f1x8 =1              -> f1x8
    CUMSUM             q1x8 =1              -> q1x8
    ELU                f1x8                 -> f1x8
    ELU                q1x8                 -> q1x8
    EXP                f1x8                 -> f1x8
    EXPAND_DIMS        f1x8 =0              -> f1x1x8
    FILL               =2,3 f               -> f2x3
    FLOOR              f1x8                 -> f1x8
    FLOOR_DIV          f1x8 f1x8            -> f1x8
    FLOOR_MOD          f1x8 f1x8            -> f1x8
    GREATER            q1x8 q1x8            -> b1x8
    GREATER_EQUAL      f1x8 f1x8            -> b1x8
    L2_NORMALIZATION   f1x8                 -> f1x8
    L2_POOL_2D         f1x4x4x2             -> f1x2x2x2
    LESS               f1x8 f1x8            -> b1x8
    LESS_EQUAL         q1x8 q1x8            -> b1x8
    LOG                f1x8                 -> f1x8
    LOGICAL_AND        b1x8 b1x8            -> b1x8
    LOGICAL_NOT        b1x8                 -> b1x8
    LOGICAL_OR         b1x8 b1x8            -> b1x8
    LOG_SOFTMAX        f1x8                 -> f1x8
    LOG_SOFTMAX        q1x8                 -> Q1x8
    MEAN               h1x4x4x2 =1,2        -> h1x2
    NEG                f1x8                 -> f1x8
    PRELU              f1x8 f1x8            -> f1x8
    REDUCE_ALL         b1x8 =1              -> b1
    REDUCE_MAX         q1x8 =1              -> q1
    RELU6              q1x8                 -> q1x8
    REVERSE_V2         f1x8 =1              -> f1x8
    ROUND              f1x8                 -> f1x8
    SIN                f1x8                 -> f1x8
    SPACE_TO_BATCH_ND  f1x4x4x1 =2,2 =0,0,0,0 -> f4x2x2x1
    SQUARE             f1x8                 -> f1x8
    ZEROS_LIKE         f1x8                 -> f1x8
"""
_TYPES = {"f": "float32", "b": "bool", "q": "int8", "Q": "int8", "h": "int16", "i": "int32"}
_OPTIONS = {
    "L2_POOL_2D": Pool2DOptions("VALID", 2, 2, 2, 2),
    "MEAN": ReducerOptions(False),
    "REDUCE_ALL": ReducerOptions(False),
    "REDUCE_MAX": ReducerOptions(False),
}


def _tensor(build: ModelBuilder, word: str, name: str) -> int:
    if word[0] == "=":
        return build.constant(name, np.array([int(number) for number in word[1:].split(",")], np.int32))
    shape = tuple(int(size) for size in word[1:].split("x")) if word[1:] else ()
    scales = {"q": [0.1], "h": [0.1], "Q": [16 / 256]}.get(word[0], [])
    zero_points = [127] if word[0] == "Q" else [0] * len(scales)
    return build.tensor(name, shape, _TYPES[word[0]], scales, zero_points)


def _model(line: str) -> TfliteModel:
    left, right = line.split("->")
    name, *words = left.split()
    build = ModelBuilder()
    sources = [_tensor(build, word, f"in{i}") for i, word in enumerate(words)]
    results = [_tensor(build, word, f"out{i}") for i, word in enumerate(right.split())]
    build.operator(name, sources, results, _OPTIONS.get(name))
    inputs = [index for index, word in zip(sources, words, strict=True) if word[0] != "="]
    return small_models.reread(build.model(inputs, results))


def single_operators() -> dict[str, TfliteModel]:
    """Return the models by a name that tells operator and first tensor."""
    lines = [line for line in _OPERATORS.splitlines() if line.strip()]
    return {"-".join(line.split()[:2]): _model(line) for line in lines}


def looping() -> TfliteModel:
    """WHILE: a counter is doubled until it is no longer less than another."""
    branching = small_models.branching()
    main, first, second = branching.subgraphs
    codes = (replace(branching.operator_codes[0], name="WHILE"), replace(branching.operator_codes[1], name="LESS"),
             branching.operator_codes[1])  # fmt: skip
    loop = replace(main.operators[0], name="WHILE", inputs=(1,), outputs=(2,))
    condition = replace(first, tensors=(first.tensors[0], replace(first.tensors[1], dtype="bool")),
                        operators=(replace(first.operators[0], name="LESS"),))  # fmt: skip
    body = replace(second, operators=(replace(second.operators[0], name="ADD", code=2),))
    graphs = (replace(main, inputs=(1,), operators=(loop,)), condition, body)
    return small_models.reread(replace(branching, operator_codes=codes, subgraphs=graphs))
