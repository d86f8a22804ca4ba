"""The tiny models of TFLM's own custom operators, in the types that their kernels are written for.

Shapes and options follow the tests of the kernels in tflite-micro (signal/micro/kernels).
"""

from __future__ import annotations

from typing import Any

from tinygate.tflm.derive.slots import TYPE, Recipe, Slot


def _plain(name: str, inputs: tuple[tuple[int, ...], ...], outputs: tuple[tuple[int, ...], ...], *types: str,
           **options: Any) -> Recipe:  # fmt: skip
    """Return the recipe of an operator whose every tensor is a group: input 0, input 1, …, output 0, …."""
    sources = tuple(Slot(f"input {i}", shape) for i, shape in enumerate(inputs))
    results = tuple(Slot(f"output {i}", shape) for i, shape in enumerate(outputs))
    combinations = tuple(tuple(words.split()) for words in types)
    return Recipe(name, sources, results, custom=options, combinations=combinations)


_NUMBERS = ("int8 int8", "int16 int16", "int32 int32", "float32 float32", "uint8 uint8")

_SAME_AND_BOOL = ("int16 int16 bool", "int8 int8 bool", "float32 float32 bool")

CUSTOM: tuple[Recipe, ...] = (
    _plain("CIRCULAR_BUFFER", ((1, 1, 1, 4),), ((1, 3, 1, 4),), *_NUMBERS, cycles_max=1),
    _plain("SignalDelay", ((1, 4),), ((1, 4),), *_NUMBERS, delay_length=2),
    _plain("SignalEnergy", ((8,),), ((4,),), "int16 uint32", "int16 int32", "int32 uint32", end_index=3, start_index=0),
    _plain("SignalFramer", ((1, 4),), ((1, 1, 4), ()), *_SAME_AND_BOOL, frame_size=4, frame_step=4, prefill=True),
    _plain("SignalStacker", ((4,),), ((4,), ()), *_SAME_AND_BOOL, num_channels=4, stacker_left_context=0,
           stacker_right_context=0, stacker_step=1),
    _plain("SignalWindow", ((1, 4), (4,)), ((1, 4),), "int16 int16 int16", "int8 int16 int8", "float32 float32 float32",
           shift=2),
    _plain("SignalFftAutoScale", ((8,),), ((8,), ()), "int16 int16 int32", "int8 int8 int32", "float32 float32 int32"),
    _plain("SignalRfft", ((1, 8),), ((1, 10),), *_NUMBERS, T=TYPE, fft_length=8),
    _plain("SignalIrfft", ((1, 10),), ((1, 8),), *_NUMBERS, T=TYPE, fft_length=8),
    _plain("SignalOverlapAdd", ((1, 1, 8),), ((1, 4),), *_NUMBERS, T=TYPE, frame_step=4),
    _plain("SignalFilterBank", ((16,), (8,), (8,), (3,), (3,), (3,)), ((2,),),
           "uint32 int16 int16 int16 int16 int16 uint64", "int32 int16 int16 int16 int16 int16 uint64", num_channels=2),
    _plain("SignalFilterBankSquareRoot", ((4,), ()), ((4,),), "uint64 int32 uint32", "uint32 int32 uint32"),
    _plain("SignalFilterBankSpectralSubtraction", ((4,),), ((4,), (4,)), "uint32 uint32 uint32", "int32 int32 int32",
           alternate_one_minus_smoothing=1, alternate_smoothing=1, clamping=False, min_signal_remaining=1,
           num_channels=4, one_minus_smoothing=1, smoothing=1, smoothing_bits=1, spectral_subtraction_bits=1),
    _plain("SignalFilterBankLog", ((4,),), ((4,),), "uint32 int16", "int32 int16", input_correction_bits=3,
           output_scale=64),
    _plain("SignalPCAN", ((4,), (4,), (125,)), ((4,),), "uint32 uint32 int16 uint32", "int32 int32 int16 int32",
           snr_shift=2),
    _plain("TFLite_Detection_PostProcess", ((1, 2, 4), (1, 2, 2), (2, 4)), ((1, 2, 4), (1, 2), (1, 2), (1,)),
           *(f"{boxes} {boxes} {boxes} float32 float32 float32 float32" for boxes in ("float32", "int8", "uint8")),
           max_detections=2, max_classes_per_detection=1, detections_per_class=1, use_regular_nms=False,
           nms_score_threshold=0.5, nms_iou_threshold=0.5, num_classes=1, y_scale=1.0, x_scale=1.0, h_scale=1.0,
           w_scale=1.0),
)  # fmt: skip
