"""TensorFlow, Keras and tfmot, imported once and set to give the same result twice."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any

THREADS = 2


@dataclass(frozen=True)
class Framework:
    """The imported modules: tensorflow, tf_keras (Keras 2, which tfmot needs) and tfmot."""

    tf: Any
    keras: Any
    tfmot: Any


@cache
def framework() -> Framework:
    """Import TensorFlow for this process: legacy Keras, CPU, deterministic operators, few log lines."""
    os.environ.update(
        TF_USE_LEGACY_KERAS="1",  # tfmot refuses Keras 3
        TF_CPP_MIN_LOG_LEVEL="3",
        TF_ENABLE_ONEDNN_OPTS="0",  # its kernels round differently from one CPU to the next, and gain nothing here
        CUDA_VISIBLE_DEVICES="-1",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TensorFlow's own deprecations are not ours to mend
        import tensorflow as tf
        import tensorflow_model_optimization as tfmot
        import tf_keras as keras
    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    tf.config.experimental.enable_op_determinism()
    return Framework(tf, keras, tfmot)


def seed_everything(seed: int) -> None:
    """Make weight initialisation and dropout of what follows repeatable."""
    framework().keras.utils.set_random_seed(seed)
