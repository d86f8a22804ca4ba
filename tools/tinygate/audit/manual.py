"""Writes docs/rules.md from the table of rules:  python -m tinygate.audit.manual > docs/rules.md"""

from __future__ import annotations

import sys

from tinygate.audit.finding import Severity
from tinygate.audit.rules import RULES, Rule

_INTRODUCTION = """\
# Audit rules

Generated from `tools/tinygate/audit/rules.py`; a test keeps it current. `tinygate audit model.tflite` checks
them, `tinygate audit --explain TG-Q003` prints one.

## What you need to know to read this

A quantized network computes with small integers, *codes*. Each tensor says what its codes mean by two numbers:

    real value = scale · (code - zero point)

The **scale** is the size of one step. The **zero point** is the code that stands for 0.0 exactly. An int8 tensor has
256 codes, -128 to 127. With scale 0.0353 and zero point -43 they cover -3 to 6: code -128 is -3.0, code 127 is 6.0,
and whatever lies outside is cut off (*saturates*).

*Activations*, the data that flow between operators, have one scale and zero point per tensor. *Weights* have zero
point 0 and often one scale per output channel, since channels differ in size.

An operator such as a convolution multiplies input codes with weight codes and sums the products in a 32-bit
*accumulator*, whose step is input scale times weight scale. The *bias* is added in that unit. At the end the
accumulator is multiplied by

    multiplier = input scale · weight scale / output scale

and rounded to the output's codes: *requantization*. The chip never sees a floating-point number.

Nothing in this holds by itself. Interpreters take it for granted and do not check: TensorFlow Lite Micro runs models
whose scale is 0, negative or NaN, whose zero points are ignored or whose shapes send it through foreign memory, and
returns numbers. Accuracy does not always show it: flipping the sign of one channel's scale once *raised* accuracy
while it changed 44 of 300 predictions. Hence this audit.

## Severities

* **error**: results are wrong, or the model does not run on TensorFlow Lite Micro. `tinygate audit` exits with 1.
* **warning**: it runs and gives accuracy, speed or safety away, or looks damaged. Exit code 0, or 1 with
  `--fail-on warning`.
* **note**: worth knowing.

## Glossary

* **arena**: the one block of memory in which TensorFlow Lite Micro (TFLM) places all activations and scratch memory.
* **esp-nn**: Espressif's library of fast kernels for its chips; what it lacks runs in TFLM's portable ones.
* **fused activation**: an activation function that is an option of the operator before it, such as ReLU in CONV_2D. It
  costs nothing: results are cut off at the codes of its bounds.
* **hybrid**: an operator with float activations and integer weights, as dynamic-range quantization makes them.
* **kernel**: the function that computes an operator.
* **left shift**: a multiplier is kept as a 32-bit fraction and a power of two. Below 1 the power is a right shift,
  which is harmless; from 1 on it is a left shift of the accumulator, which may overflow.
* **per-channel axis**: the dimension of the weights along which scales differ, one per output channel: the first for
  most operators, the last for DEPTHWISE_CONV_2D. The file calls it quantized dimension.
* **SAME, VALID**: the two ways of padding. VALID pads nothing: 50 values and a filter of 7 give 44. SAME pads with
  zeros, so that stride 1 keeps the size: 50 give 50. With stride s it gives 50/s, rounded up.

## What it cannot see

The audit finds what contradicts itself or cannot occur. A file that is consistent and wrong passes: logits whose scale
is off by two, a network input whose zero point was moved, weights of another training run. Those show against the
float model (`tinygate compare`) or the pinned hash (`tinygate gate`).

## Asking the runtime

Rules about types and operators ask a table (`tools/tinygate/tflm/operators.json`) that the pinned TFLM wheel made: one
tiny model per operator and combination of types, run. `--run` also runs the model itself once, on zeros, in a process
with limits in time and memory; what TFLM says when it refuses is TG-Q060.

`--target CHIP` adds what that chip's kernels lack or compute wrongly, in the versions that the firmware is built
with; `--with esp-nn=1.2.6` names another version.

## Files and exceptions

A file that is no well-formed .tflite at all is refused with exit code 2.

`--ignore TG-Q016="batch is fixed by the caller"` sets a rule aside; a reason is required and shown.
"""


def manual() -> str:
    """Return the content of docs/rules.md."""
    table = ["| rule | name | severity |", "|---|---|---|"]
    table += [f"| [{r.code}](#{_anchor(r)}) | {r.name} | {r.severity} |" for r in RULES.values()]
    parts = [_INTRODUCTION, "## All rules\n", "\n".join(table) + "\n"]
    for severity in Severity:
        parts.append(f"## {severity.capitalize()}s\n")
        parts += [_section(rule) for rule in RULES.values() if rule.severity is severity]
    return "\n".join(parts)


def _section(rule: Rule) -> str:
    example = f"*Example:* {rule.example}\n\n" if rule.example else ""
    return (
        f"### {rule.code} {rule.name}\n\n**{rule.demand}**\n\n{rule.why}\n\n{example}"
        f"*What to do:* {rule.fix}\n\n*Source:* {rule.source}.\n"
    )


def _anchor(rule: Rule) -> str:
    return f"{rule.code}-{rule.name}".lower()


if __name__ == "__main__":
    sys.stdout.write(manual())
