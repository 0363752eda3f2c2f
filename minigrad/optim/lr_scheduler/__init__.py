"""Learning-rate schedules: what becomes of an optimizer's lr from epoch to epoch.

    scheduler     what they share, and how to write another
    decay         StepLR, MultiStepLR, ExponentialLR, PolynomialLR: smaller and smaller
    warmup        ConstantLR, LinearLR: small at first
    function      LambdaLR, MultiplicativeLR: as a function says
    cosine        CosineAnnealingLR, CosineAnnealingWarmRestarts, WarmupCosine
    cycle         CyclicLR, OneCycleLR: up and down, momentum going the other way
    plateau       ReduceLROnPlateau: smaller when a metric no longer improves
    combine       SequentialLR, ChainedScheduler: one after another, several at once
    averaging     SWALR: to the rate at which weights are averaged

    scheduler = StepLR(optimizer, step_size=30)
    for epoch in range(90):
        for x, y in loader:
            ...
            optimizer.step()
        scheduler.step()
"""

from minigrad.optim.lr_scheduler.scheduler import LRScheduler
from minigrad.optim.lr_scheduler.decay import ExponentialLR, MultiStepLR, PolynomialLR, StepLR
from minigrad.optim.lr_scheduler.warmup import ConstantLR, LinearLR
from minigrad.optim.lr_scheduler.function import LambdaLR, MultiplicativeLR
from minigrad.optim.lr_scheduler.cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts, WarmupCosine
from minigrad.optim.lr_scheduler.cycle import CyclicLR, OneCycleLR
from minigrad.optim.lr_scheduler.plateau import ReduceLROnPlateau
from minigrad.optim.lr_scheduler.combine import ChainedScheduler, SequentialLR
from minigrad.optim.lr_scheduler.averaging import SWALR

_LRScheduler = LRScheduler  # the base's name before PyTorch 2.0, which older programs extend

__all__ = [
    "LRScheduler", "StepLR", "MultiStepLR", "ExponentialLR", "PolynomialLR", "ConstantLR", "LinearLR", "LambdaLR",
    "MultiplicativeLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "WarmupCosine", "CyclicLR", "OneCycleLR",
    "ReduceLROnPlateau", "SequentialLR", "ChainedScheduler", "SWALR",
]  # fmt: skip
