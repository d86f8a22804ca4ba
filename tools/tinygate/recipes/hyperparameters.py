"""How long and how fast a recipe trains. Needs no TensorFlow, so that a recipe stays cheap to import."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Hyperparameters:
    """What a recipe says of its training.

    Attributes:
        seed: of weights, batches, augmentation and the choice of calibration samples.
        epochs: passes over `training_epoch()`; the learning rate falls to zero along a cosine.
        batch_size: windows per step.
        learning_rate: Adam's, at the start.
        weight_decay: L2 penalty on kernels.
        ema_decay: of the exponential moving average of weights that is kept instead of the last weights; 0 keeps those.
        mixup: beta distribution's parameter for mixing pairs of windows; 0 mixes none.
        qat_epochs: epochs of quantization-aware fine-tuning.
        qat_learning_rate: Adam's while fine-tuning, at the start.
        pruning_epochs: epochs in which small weights become zero and the others make up for it.
        pruning_learning_rate: Adam's while pruning, at the start.
        calibration_samples: representative training windows for post-training quantization.
    """

    seed: int
    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float = 0.0
    ema_decay: float = 0.0
    mixup: float = 0.0
    qat_epochs: int = 8
    qat_learning_rate: float = 1e-4
    pruning_epochs: int = 16
    pruning_learning_rate: float = 1e-3
    calibration_samples: int = 200
