"""The table of audit rules: where `--explain`, docs/rules.md and SARIF take their words from.

Codes are stable: a rule may be retired, its number is never given to another. Explanations are for an engineer who
knows neural networks and has never seen a zero point.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinygate.audit.finding import Severity
from tinygate.errors import InputError

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
SPEC = "LiteRT 8-bit quantization specification"
PROPERTY = "TensorFlow Lite `operator_property.cc`"
KERNELS = "TensorFlow Lite Micro kernels"
SCHEMA = "TensorFlow Lite `schema.fbs`"


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        code, name: "TG-Q003", "weight-zero-point".
        severity: how bad it is to break it.
        demand: what must hold, one sentence.
        why: what happens otherwise.
        fix: what to do.
        source: who says so.
        example: a good value and a bad one, where that helps; empty otherwise.
    """

    code: str
    name: str
    severity: Severity
    demand: str
    why: str
    fix: str
    source: str
    example: str = ""


_TABLE: tuple[Rule, ...] = (
    Rule("TG-Q001", "scale-invalid", ERROR,
         "Every scale is a positive, finite, normal float32.",
         "The scale is the real value of one integer step. With 0, a negative number, NaN or infinity every "
         "value of the tensor loses its meaning; runtimes do not check and compute on.",
         "Convert the model again; if it persists, look for NaN in weights or calibration data.",
         SPEC),
    Rule("TG-Q002", "activation-zero-point", ERROR,
         "The zero point of an activation is one of its codes: -128 to 127 for int8, 0 for int16.",
         "The zero point is the code that stands for real 0.0. Outside the codes, 0.0 cannot be represented, "
         "and padding and ReLU, which both rely on it, go wrong. int16 kernels take 0 for granted.",
         "Convert the model again; widen the calibrated range so that it includes 0.",
         SPEC),
    Rule("TG-Q003", "weight-zero-point", ERROR,
         "The zero point of weights is 0.",
         "Integer kernels skip the subtraction of the weights' zero point to save time. A zero point other "
         "than 0 is ignored and every product is off by zero point times input.",
         "Quantize weights symmetrically: the converter does so by default.",
         f"{SPEC}; {KERNELS}"),
    Rule("TG-Q004", "channel-axis", ERROR,
         "Per-channel scales run along the output channels: dimension 0 of CONV_2D, TRANSPOSE_CONV and "
         "FULLY_CONNECTED weights, dimension 3 of DEPTHWISE_CONV_2D weights, dimension 0 of biases.",
         "Kernels pair scale c with output channel c. Along another dimension the wrong scale meets the wrong "
         "weights.",
         "Convert the model again with an unpatched converter.",
         f"{SPEC}; {PROPERTY}"),
    Rule("TG-Q005", "bias-scale", ERROR,
         "The scale of a bias is input scale times weight scale, per channel.",
         "The bias is added to the accumulator as it is, so it must count in the accumulator's unit. Otherwise "
         "the bias is too large or too small by the ratio. If all channels are off by the same ratio, the "
         "input's scale may be the altered one; if one channel is, its weight scale.",
         "Convert the model again; do not edit scales by hand.",
         f"{SPEC}; {PROPERTY}",
         "With input scale 0.05 and weight scale 0.002 the bias scale is 0.0001, and a bias code of 5000 means 0.5. "
         "With bias scale 0.0002 the file says 1.0, and the kernel still adds 0.5."),
    Rule("TG-Q006", "bias-magnitude", WARNING,
         "Bias values stay far below 2^31: at most 2^30, where converters stop.",
         "A bias near the end of int32 leaves little room for the products that are added to it, and drowns "
         "them. Where the sum can wrap around, TG-Q007 makes it an error.",
         "Look for a dead channel (weights near 0 make the bias scale tiny) and prune or retrain it.",
         KERNELS),
    Rule("TG-Q007", "accumulator-overflow", ERROR,
         "No input can drive an accumulator beyond 32 bits, also after the left shift of the requantization.",
         "The sum of products is kept in int32. Overflow wraps from a large positive to a large negative "
         "value.",
         "Use fewer weights per output or a smaller input range.",
         KERNELS),
    Rule("TG-Q008", "multiplier-vanishes", ERROR,
         "The multiplier s_in · s_w / s_out is at least 2^-32 in most channels.",
         "It takes the accumulator to output codes. TFLM replaces anything smaller by 0: the channel always "
         "answers with the zero point.",
         "Check the scales of input, weights and output: one of them is off by orders of magnitude.",
         KERNELS),
    Rule("TG-Q009", "fixed-output-scale", ERROR,
         "SOFTMAX and LOGISTIC in int8 have output scale 1/256 and zero point -128; TANH and L2_NORMALIZATION "
         "1/128 and 0; LOG_SOFTMAX 16/256 and 127; in int16 1/32768 and 0.",
         "Their output range is known in advance, and kernels have it built in. Whoever dequantizes with "
         "another scale reads wrong probabilities.",
         "Convert the model again.",
         PROPERTY),
    Rule("TG-Q010", "scale-not-kept", ERROR,
         "Operators that only move or select values have the same scale and zero point at input and output: "
         "pools, reshapes, pads, slices, concatenations, transposes, resizes, minimum and maximum.",
         "Their kernels copy codes without rescaling. With different scales the same code means another value "
         "afterwards.",
         "Convert the model again; do not edit scales by hand.",
         PROPERTY,
         "A pool with scale 0.1 and zero point -128 on both sides: code 22 is 15.0 before and after. With scale 0.2 at "
         "the output alone the same code, copied, is read as 30.0."),
    Rule("TG-Q011", "relu-wastes-codes", WARNING,
         "After a fused ReLU the zero point is -128; after ReLU6 the range also ends at 6.",
         "ReLU returns nothing below 0, so codes below the zero point are never used: accuracy is given away. "
         "It typically shows that quantization-aware training never calibrated its ranges.",
         "Seed the ranges of quantization-aware training from a float calibration pass, or quantize after "
         "training.",
         KERNELS),
    Rule("TG-Q012", "unknown-activation", ERROR,
         "Fused activations are NONE, RELU, RELU6 or RELU_N1_TO_1.",
         "TFLM knows no other; some kernels treat unknown ones as none.",
         "Use a separate operator for the activation.",
         KERNELS),
    Rule("TG-Q013", "float-island", WARNING,
         "An integer model computes in integers throughout; QUANTIZE and DEQUANTIZE stand at the edges, if at "
         "all.",
         "Float operators between integer ones cost conversions, float arithmetic and memory on a chip that "
         "was meant to do without. tfmot leaves such an island around Dense + BatchNorm + ReLU, for example.",
         "Replace the layers named, or fold the normalization before conversion.",
         SPEC),
    Rule("TG-Q014", "hybrid-operator", ERROR,
         "No operator mixes float input with integer weights.",
         'That is dynamic-range quantization. TFLM refuses it: "Hybrid models are not supported".',
         "Quantize fully with a representative data set, or keep the variant for hosts.",
         KERNELS),
    Rule("TG-Q015", "operator-unsupported", ERROR,
         "Every operator can be registered with TFLM's MicroMutableOpResolver.",
         "The firmware cannot be built for it, or stops at start: TFLM did not find the operator.",
         "Rewrite the layer with supported operators.",
         "TFLM `micro_mutable_op_resolver.h`"),
    Rule("TG-Q016", "dynamic-shape", WARNING,
         "All shapes are known when the model is converted.",
         "TFLM plans memory once. An open batch dimension makes Reshape emit SHAPE, STRIDED_SLICE and PACK, "
         "three operators more to register and run for a number that is always 1.",
         "Fix the batch at 1 before conversion: `Input(batch_size=1)` or a concrete function.",
         KERNELS),
    Rule("TG-Q017", "unused-tensor", NOTE,
         "Every tensor is read or written by an operator or is an output.",
         "It costs flash and, on the chip, arena: TFLM keeps 12 bytes per tensor.",
         "Convert again with a newer converter, or strip the model.",
         SCHEMA),
    Rule("TG-Q018", "file-identifier", ERROR,
         "Bytes 4 to 8 of the file are TFL3 and the schema version is 3.",
         "The TFLM interpreter does not check; with another format it reads garbage.",
         "Check that this is the file you meant.",
         SCHEMA),
    Rule("TG-Q019", "unused-buffer", NOTE,
         "Every buffer with data belongs to a tensor or to metadata.",
         "It is dead weight in flash.",
         "Convert the model again.",
         SCHEMA),
    Rule("TG-Q020", "duplicate-constant", NOTE,
         "No two buffers of 64 bytes or more hold the same data.",
         "The same constant is stored in flash more than once.",
         "Share the constant in the source model, or convert with a newer converter.",
         SCHEMA),
    Rule("TG-Q021", "missing-bias", NOTE,
         "Convolutions and matrix products have a bias.",
         "It is optional and free: a folded batch normalization would have left one. Its absence is worth a "
         "look.",
         "Nothing, if it is meant.",
         SPEC),
    Rule("TG-Q022", "parameter-count", ERROR,
         "A tensor has as many zero points as scales: one, or one per index of its channel dimension.",
         "Kernels read one scale per channel; with fewer they read past the end.",
         "Convert the model again.",
         SCHEMA),
    Rule("TG-Q023", "dangling-index", ERROR,
         "Every index of a tensor, buffer, operator code or subgraph points to one that exists.",
         "Runtimes follow indices blindly and read foreign memory.",
         "The file is damaged: copy or convert it again.",
         SCHEMA),
    Rule("TG-Q024", "constant-size", ERROR,
         "The data of a constant fill its shape exactly.",
         "Kernels compute addresses from the shape: too few bytes, and they read what lies behind the tensor.",
         "The file is damaged: copy or convert it again.",
         SCHEMA),
    Rule("TG-Q025", "weight-minus-128", WARNING,
         "int8 weights lie in -127 to 127.",
         "Symmetric quantization leaves out -128 so that fast kernels may negate and add products of two "
         "without overflow. Such kernels go wrong on it; plain ones do not.",
         "Convert the model again; do not edit weights by hand.",
         SPEC),
    Rule("TG-Q026", "weight-codes-unused", NOTE,
         "The largest weight of every channel that is not zero has code 127 or -127.",
         "Otherwise the scale is larger than the weights need and resolution is given away.",
         "Normal for quantization-aware training; after post-training quantization convert again.",
         PROPERTY),
    Rule("TG-Q027", "bias-type", ERROR,
         "A bias is int32 (or int64 with int16 activations), has zero point 0 and one value per output "
         "channel.",
         "Kernels add it to the accumulator without conversion.",
         "Convert the model again.",
         f"{SPEC}; {KERNELS}"),
    Rule("TG-Q028", "multiplier-above-one", WARNING,
         "The multiplier s_in · s_w / s_out is below 1.",
         "Above 1 the output is finer than the accumulator can tell: output codes are skipped, and values "
         "beyond the output's range are likely cut off. Usually a scale is wrong, often the output's.",
         "Check the calibrated range of the output.",
         PROPERTY),
    Rule("TG-Q029", "shape-mismatch", ERROR,
         "Shapes of inputs, weights, bias and outputs fit the operator and its options.",
         "TFLM computes addresses from them without checking: it reads and writes foreign memory, and runs on.",
         "The file is damaged or was edited: convert the model again.",
         KERNELS),
    Rule("TG-Q030", "type-mismatch", ERROR,
         "Types of inputs, weights and outputs form a combination that TFLM's kernel has.",
         "The kernel refuses, or interprets the bytes as another type.",
         "Convert the model again; quantize it fully.",
         KERNELS),
    Rule("TG-Q031", "not-accelerated", NOTE,
         "Operators run in the target's accelerated kernels (esp-nn).",
         "This one runs in portable reference code: correct, and slower by a factor of several.",
         "If it dominates the profile, replace it: a mean over time by an average pool, for example.",
         "esp-nn 1.2.3"),
    Rule("TG-Q032", "execution-order", ERROR,
         "A tensor is written, by one operator only, before it is read; no subgraph calls itself.",
         "Otherwise the operator reads what happens to be in memory, or the model never ends.",
         "The file is damaged or was edited: convert the model again.",
         SCHEMA),
    Rule("TG-Q033", "weights-clipped", WARNING,
         "Few weights of a channel (under 10 %) have the outermost codes.",
         "Min-max quantization puts one or two weights there. Two heaps at -127 and 127 show that a scale is "
         "too small and large weights were cut off.",
         "Convert again without clipping, or check what altered the weights.",
         SPEC),
    Rule("TG-Q034", "constant-channel", WARNING,
         "Every output channel can answer with more than one code.",
         "Whatever the input, this channel's result is the same: it is dead, or its bias or scale is damaged.",
         "Prune the channel, or check bias and scales against the float model.",
         KERNELS),
    Rule("TG-Q035", "output-range-unreachable", WARNING,
         "What any input can cause spans at least half of the output's range.",
         "Codes that no input can produce are wasted; the output's scale is too large, or input or weight "
         "scales are too small.",
         "Check the output's calibrated range against the float model.",
         PROPERTY),
    Rule("TG-Q036", "missing-quantization", ERROR,
         "Integer activations and weights of integer operators have scale and zero point.",
         "Without them the codes have no meaning; TFLM refuses or divides by zero.",
         "Convert the model again.",
         SCHEMA),
    Rule("TG-Q037", "activation-per-channel", ERROR,
         "Activations have one scale and one zero point.",
         "Kernels read the first only.",
         "Convert the model again.",
         SPEC),
    Rule("TG-Q038", "storage-unsupported", ERROR,
         "Constants are dense, lie inside the file, are quantized affinely and are not marked as variables.",
         "TFLM knows neither sparse storage nor data outside the file nor blockwise or custom quantization; "
         "variables it overwrites.",
         "Convert without sparsity and without external data.",
         KERNELS),
    Rule("TG-Q039", "operator-inputs", ERROR,
         "An operator has the inputs and outputs that it needs.",
         "Kernels access them by position without asking how many there are.",
         "The file is damaged or was edited: convert the model again.",
         KERNELS),
    Rule("TG-Q040", "operator-options", ERROR,
         "Operators that need options have them, and have their own: strides, dilations and filter sizes of at "
         "least 1, padding SAME or VALID, a positive beta of SOFTMAX, axes within the rank, as many parts as "
         "outputs, weights stored row by row.",
         "Kernels divide by the stride, and read options of another type as if they were their own.",
         "The file is damaged or was edited: convert the model again.",
         KERNELS),
    Rule("TG-Q041", "data-alignment", WARNING,
         "Constants of more than one byte per value lie at multiples of 4 bytes in the file (int16: 2).",
         "TFLM reads them in place; a misaligned 32-bit access faults on some cores and is slow on others.",
         "Write the file with a current converter; `tflite_flatbuffer_align` repairs it.",
         KERNELS),
    Rule("TG-Q042", "input-range-suspicious", NOTE,
         "The input's range looks like one of real data.",
         "Scale 1/255 with zero point -128 is what calibration on np.random.rand leaves behind (and what "
         "images scaled to 0…1 have by right). A range of about ±4.4 is that of np.random.randn.",
         "Make sure that the representative data set holds real samples, preprocessed as on the device.",
         SPEC),
    Rule("TG-Q043", "range-never-trained", WARNING,
         "No activation has the scale 12/255 = 0.0470588.",
         "That is the range -6…6 with which tfmot's quantization-aware training begins: this range was never "
         "learnt.",
         "Train longer, or seed the ranges from a float calibration pass.",
         "tfmot 0.8.1"),
    Rule("TG-Q044", "softmax-scratch", WARNING,
         "SOFTMAX has at most two dimensions on targets with esp-nn.",
         "esp-nn sizes its scratch memory by dimension 1 and writes the last dimension: with more dimensions "
         "it may write beyond the end.",
         "Reshape to two dimensions before SOFTMAX.",
         "esp-nn 1.2.3"),
    Rule("TG-Q045", "add-multiplier", ERROR,
         "ADD and SUB in int8: 2 · max(s_1, s_2) / (2^20 · s_out) is below 1, and above 0 for both inputs.",
         "TFLM aborts the program otherwise.",
         "Check the three scales: one is off by orders of magnitude.",
         KERNELS),
    Rule("TG-Q046", "unknown-type", ERROR,
         "Every tensor has a type that TFLM knows, and dimensions that are not negative.",
         "The runtime refuses the model or computes wrong sizes.",
         "The file is damaged, or was written for another runtime.",
         SCHEMA),
    Rule("TG-Q047", "empty-model", ERROR,
         "The model has a subgraph with operators, inputs and outputs; no other subgraph is empty.",
         "There is nothing to run.",
         "Check that this is the file you meant.",
         SCHEMA),
    Rule("TG-Q048", "scale-implausible", WARNING,
         "Scales of activations lie between 1e-9 and 1e4.",
         "An int8 tensor then spans less than 1e-6 or more than a million: no trained network does. One scale "
         "is damaged, or an input is not normalized.",
         "Check the scale against the float model.",
         "practice"),
    Rule("TG-Q052", "flat-softmax", WARNING,
         "The input of an int8 SOFTMAX spans at least 2.",
         "Softmax turns differences of logits into ratios of probabilities. If the largest possible difference "
         "is below 2, no class can ever be 7.4 times as likely as another: the model cannot be sure of "
         "anything.",
         "Check the scale of the logits against the float model: it is probably too small.",
         KERNELS),
    Rule("TG-Q051", "recorded-range", WARNING,
         "Where the converter recorded the range of an activation, scale and zero point cover that range.",
         "They were computed from it; if they differ by more than 5 %, one of the two was altered afterwards.",
         "Convert the model again; do not edit scales by hand.",
         SCHEMA),
    Rule("TG-Q050", "output-saturates", WARNING,
         "The output's range is not far smaller than what ordinary inputs cause.",
         "Were all input codes equally likely, results would exceed the output's range many times over: nearly "
         "every output is cut off at one end or the other. Trained networks stay below 11 times.",
         "Check the output's calibrated range against the float model: its scale is too small, or the scale of "
         "input or weights too large.",
         "measured on 218 layers of public int8 models",
         "Ordinary results between -20 and 20 and an output range of -30 to 30 (scale 0.235): no code is cut off. With "
         "scale 0.00235 the range is -0.3 to 0.3, and nearly every result comes out as -128 or 127."),
    Rule("TG-Q053", "bias-unquantized", WARNING,
         "Where weights have scales, the bias has them too.",
         "Its scale is input scale times weight scale, so kernels can do without; tools that compare the model "
         "with its float original, or delegate it to an accelerator, cannot.",
         "Convert the model again with a current converter.",
         SPEC),
    Rule("TG-Q054", "result-unused", WARNING,
         "What an operator computes is read by another or is an output, and outputs are computed.",
         "A result that nothing reads costs time and memory for nothing; an output that is an input or a constant "
         "says nothing about the data. Usually the graph was cut or its outputs were set by hand.",
         "Check the outputs of the source model, and convert it again.",
         SCHEMA),
    Rule("TG-Q055", "open-batch", NOTE,
         "The batch is open throughout the model or nowhere.",
         "The signature of one tensor leaves the batch open while others fix it: where one follows from the other, "
         "they contradict. TFLM takes the batch of 1 that stands in the shape.",
         "Fix the batch at 1 before conversion: `Input(batch_size=1)` or a concrete function.",
         SCHEMA),
    Rule("TG-Q049", "audit-incomplete", ERROR,
         "The audit can look at everything.",
         "A check stumbled over this model; what it would have found is unknown.",
         "Report the model: this is a fault of the audit.",
         "tinygate"),
)  # fmt: skip

RULES: dict[str, Rule] = {rule.code: rule for rule in sorted(_TABLE, key=lambda rule: rule.code)}
"""Rules by code, in order."""


def rule_of(code: str) -> Rule:
    """Return a rule by its code, in any case: "TG-Q003", "q003", "TG-Q003 weight-zero-point", "weight-zero-point".

    Raises InputError for what is none.
    """
    number, _, name = code.strip().partition(" ")
    named = {rule.name: rule for rule in RULES.values()}
    rule = RULES.get(f"TG-{number.upper().removeprefix('TG-')}", named.get(number.lower()))
    rule = None if rule is not None and name and name.strip().lower() != rule.name else rule
    if rule is None:
        raise InputError(f"{code} is no audit rule; they go from {min(RULES)} to {max(RULES)}, see docs/rules.md.")
    return rule
