"""The two torchmetrics that programs with fully connected networks use.

    accuracy = torchmetrics.Accuracy(task="multiclass", num_classes=10)
    for x, y in loader:
        accuracy.update(model(x), y)
    print(accuracy.compute())

Calling a metric gives its value for this batch alone and counts the batch as well.
"""

import warnings

import numpy as np

from minigrad.tensor import tensor

__all__ = ["Accuracy", "MeanSquaredError", "Metric"]

__version__ = "1.9.0"


class Metric:
    """A value over batches. A subclass gives the counts of a batch and the value of summed counts."""

    def __init__(self):
        self.reset()

    def reset(self):
        """Forgets all batches."""
        self._sums = None

    def update(self, preds, target):
        """Counts a batch."""
        counts = self._counts(preds.detach().numpy(), target.detach().numpy())
        self._sums = counts if self._sums is None else [a + b for a, b in zip(self._sums, counts, strict=True)]
        return counts

    def compute(self):
        """The value over all batches since reset()."""
        if self._sums is None:
            warnings.warn(f"{type(self).__name__}.compute() before any update(): the value is 0", stacklevel=2)
            return tensor(0.0)
        return self._value(self._sums)

    def __call__(self, preds, target):
        return self._value(self.update(preds, target))

    forward = __call__

    def to(self, device):
        """The metric itself: everything is on the CPU."""
        return self

    def cpu(self):
        """The metric itself."""
        return self

    def __repr__(self):
        return f"{type(self).__name__}()"


class Accuracy(Metric):
    """The share of predictions that are right.

    task: "multiclass" with num_classes; preds are classes (N, ...) or scores (N, C, ...), of which
    the largest (or, with top_k, one of the k largest) should be target's. "binary" and "multilabel"
    (with num_labels); preds are 0 and 1, or numbers held against threshold, through a sigmoid where
    they leave [0, 1].
    average: "micro", over all; "macro", the mean over classes or labels that occur; "weighted", that
    mean by how often they occur; "none", each.
    ignore_index: a target that counts for nothing.
    Errors: ValueError for arguments that do not go together and targets that are no class.
    """

    def __init__(
        self, task, threshold=0.5, num_classes=None, num_labels=None, average="micro", multidim_average="global",
        top_k=1, ignore_index=None, validate_args=True,
    ):  # fmt: skip
        kinds = {"binary": 1, "multiclass": num_classes, "multilabel": num_labels}
        if task not in kinds:
            raise ValueError(f"Accuracy: task is 'binary', 'multiclass' or 'multilabel', got {task!r}")
        if not isinstance(kinds[task], int):
            name = "num_classes" if task == "multiclass" else "num_labels"
            raise ValueError(f"Accuracy: the task {task!r} needs {name}, got {kinds[task]!r}")
        if average not in ("micro", "macro", "weighted", "none", None):
            raise ValueError(f"Accuracy: average is 'micro', 'macro', 'weighted' or 'none', got {average!r}")
        if multidim_average != "global":
            raise ValueError(f"Accuracy: only multidim_average='global' is here, got {multidim_average!r}")
        self.task, self.classes, self.average = task, kinds[task], average
        self.threshold, self.top_k, self.ignore_index = threshold, top_k, ignore_index
        super().__init__()

    def _counts(self, preds, target):
        """right, occurring and named: for each class (or label), how many predictions."""
        if self.task == "multiclass":
            return self._count_classes(preds, target)
        if preds.shape != target.shape:
            raise ValueError(f"Accuracy: expected preds and target of one shape, got {preds.shape} and {target.shape}")
        if preds.dtype.kind == "f":
            if preds.size and (preds.min() < 0 or preds.max() > 1):
                preds = 1 / (1 + np.exp(-preds))
            preds = preds > self.threshold
        labels = (-1, 1) if self.task == "binary" else (len(target), self.classes, -1)
        counted = np.ones_like(target, bool) if self.ignore_index is None else target != self.ignore_index
        right = ((preds == target) & counted).reshape(labels)
        axes = (0,) if self.task == "binary" else (0, 2)
        occurring = counted.reshape(labels).sum(axes)
        return [right.sum(axes), occurring, occurring]

    def _count_classes(self, preds, target):
        classes = self.classes
        if preds.ndim == target.ndim + 1:
            if preds.shape[1] != classes:
                raise ValueError(f"Accuracy: expected scores for {classes} classes, got preds of shape {preds.shape}")
            scores = np.moveaxis(preds, 1, -1).reshape(-1, classes)
            best = np.argsort(-scores, axis=1, kind="stable")[:, : self.top_k]
        else:
            best = preds.reshape(-1, 1)
        target = target.reshape(-1)
        if len(best) != len(target):
            raise ValueError(f"Accuracy: got {len(best)} predictions for {len(target)} targets")
        if self.ignore_index is not None:
            best, target = best[target != self.ignore_index], target[target != self.ignore_index]
        if target.dtype.kind == "f" or (target.size and not 0 <= target.min() <= target.max() < classes):
            raise ValueError(f"Accuracy: expected targets as classes 0 to {classes - 1}, got {np.unique(target)[:5]}")
        right = (best == target[:, None]).any(1)
        named = np.where(right, target, best[:, 0]).astype(np.int64)
        return [
            np.bincount(target[right], minlength=classes), np.bincount(target, minlength=classes),
            np.bincount(named, minlength=classes),
        ]  # fmt: skip

    def _value(self, counts):
        right, occurring, named = (np.asarray(count, np.float64) for count in counts)
        if self.average == "micro" or self.task == "binary":
            return tensor(float(right.sum() / max(occurring.sum(), 1)))
        each = right / np.maximum(occurring, 1)
        if self.average in ("none", None):
            return tensor(each.astype(np.float32))
        weights = occurring if self.average == "weighted" else (occurring + named > 0).astype(np.float64)
        return tensor(float((each * weights).sum() / max(weights.sum(), 1)))


class MeanSquaredError(Metric):
    """mean((preds - target)^2), or with squared=False its root; num_outputs: for each column.

    Errors: ValueError where the shapes differ.
    """

    def __init__(self, squared=True, num_outputs=1):
        self.squared, self.num_outputs = squared, num_outputs
        super().__init__()

    def _counts(self, preds, target):
        if preds.shape != target.shape:
            raise ValueError(
                f"MeanSquaredError: expected preds and target of one shape, got {preds.shape} and {target.shape}"
            )
        error = (preds.astype(np.float64) - target) ** 2
        if self.num_outputs == 1:
            return [error.sum(), error.size]
        return [error.sum(0), len(error)]

    def _value(self, sums):
        mean = sums[0] / max(sums[1], 1)
        return tensor(np.asarray(mean if self.squared else np.sqrt(mean), np.float32))
