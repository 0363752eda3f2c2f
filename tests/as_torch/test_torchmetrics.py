"""Metrics over batches: the values that torchmetrics gave for these numbers, and by their definitions."""

import numpy as np
import pytest

import minigrad as mg
from minigrad.as_torch.torchmetrics import Accuracy, MeanSquaredError

SCORES = mg.tensor([[0.1, 0.5, 0.4], [0.8, 0.1, 0.1], [0.3, 0.2, 0.5], [0.2, 0.3, 0.5]])
TARGET = mg.tensor([2, 0, 2, 1])


@pytest.mark.parametrize(("options", "want"), [
    ({}, 0.5), ({"average": "macro"}, 0.5), ({"average": "weighted"}, 0.5), ({"average": "none"}, [1.0, 0.0, 0.5]),
    ({"top_k": 2}, 1.0), ({"ignore_index": 2}, 0.5),
])  # fmt: skip
def test_accuracy_of_classes(options, want):
    assert Accuracy(task="multiclass", num_classes=3, **options)(SCORES, TARGET).tolist() == want


def test_a_call_is_the_batchs_value_and_compute_that_of_all():
    accuracy = Accuracy(task="multiclass", num_classes=3).to("cpu").cpu()
    assert accuracy(mg.tensor([[0.1, 0.9, 0], [0.8, 0.1, 0.1]]), mg.tensor([1, 2])).item() == 0.5
    assert accuracy.compute().item() == 0.5
    assert accuracy(mg.tensor([0, 1]), mg.tensor([0, 1])).item() == 1
    assert accuracy.compute().item() == 0.75
    accuracy.update(mg.tensor([0, 1, 2, 0]), mg.tensor([1, 1, 2, 1]))
    assert accuracy.compute().item() == 0.625
    accuracy.reset()
    with pytest.warns(UserWarning, match="before any update"):
        assert accuracy.compute().item() == 0


def test_accuracy_of_yes_and_no():
    accuracy = Accuracy(task="binary")
    assert accuracy(mg.tensor([0.2, 0.7, 0.5]), mg.tensor([0, 1, 1])).item() == pytest.approx(2 / 3)
    assert accuracy(mg.tensor([-2.0, 3.0]), mg.tensor([0, 1])).item() == 1      # scores: through a sigmoid
    assert accuracy(mg.tensor([1, 0]), mg.tensor([1, 1])).item() == 0.5
    assert accuracy.compute().item() == pytest.approx(5 / 7)


@pytest.mark.parametrize("average", ["micro", "macro"])
def test_accuracy_of_labels(average):
    accuracy = Accuracy(task="multilabel", num_labels=2, average=average)
    assert accuracy(mg.tensor([[0.2, 0.7], [0.9, 0.6]]), mg.tensor([[0, 1], [1, 0]])).item() == 0.75


def test_classes_of_every_pixel_are_counted():
    scores = mg.tensor(np.random.default_rng(0).normal(size=(2, 3, 4, 5)))
    target = scores.argmax(1)
    assert Accuracy(task="multiclass", num_classes=3)(scores, target).item() == 1


@pytest.mark.parametrize(("call", "message"), [
    (lambda: Accuracy(task="x"), "got 'x'"),
    (lambda: Accuracy(task="multiclass"), "needs num_classes, got None"),
    (lambda: Accuracy(task="multilabel"), "needs num_labels"),
    (lambda: Accuracy(task="binary", average="all"), "got 'all'"),
    (lambda: Accuracy(task="binary", multidim_average="samplewise"), "global"),
    (lambda: Accuracy(task="multiclass", num_classes=4)(SCORES, TARGET), r"4 classes, got preds of shape \(4, 3\)"),
    (lambda: Accuracy(task="multiclass", num_classes=3)(SCORES, TARGET[:2]), "4 predictions for 2 targets"),
    (lambda: Accuracy(task="multiclass", num_classes=3)(SCORES, TARGET + 1), "classes 0 to 2"),
    (lambda: Accuracy(task="multiclass", num_classes=3)(SCORES, TARGET.float()), "classes 0 to 2"),
    (lambda: Accuracy(task="binary")(mg.ones(2), mg.ones(3)), "one shape"),
    (lambda: MeanSquaredError()(mg.ones(2, 1), mg.ones(2)), "one shape"),
])
def test_what_makes_no_sense_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_mean_squared_error():
    error = MeanSquaredError()
    assert error(mg.tensor([1.0, 2.0]), mg.tensor([0.0, 0.0])).item() == 2.5
    assert error(mg.tensor([3.0]), mg.tensor([0.0])).item() == 9
    assert error.compute().item() == pytest.approx(14 / 3)
    assert MeanSquaredError(squared=False)(mg.tensor([3.0]), mg.tensor([0.0])).item() == 3
    assert MeanSquaredError(num_outputs=2)(mg.tensor([[1.0, 2.0]]), mg.tensor([[0.0, 0.0]])).tolist() == [1, 4]
    assert repr(error) == "MeanSquaredError()"
