"""Items of image sets, and whole batches of them."""

import numpy as np
import pytest

import minigrad
from minigrad import transforms
from minigrad.datasets import Digits
from minigrad.datasets.images import ImageSet
from minigrad.utils.data import DataLoader, Subset, _batch_reader


def in_place(image):
    image.numpy()[:] = 0
    return image


def test_a_transform_that_writes_leaves_the_data_alone():
    d = Digits(transform=in_place)
    before = d.data.numpy().copy()
    image, _ = d[0]
    assert not image.numpy().any()
    assert np.array_equal(d.data.numpy(), before)


def test_transforms_are_applied_to_image_and_label():
    d = Digits(transform=transforms.ToTensor(), target_transform=lambda y: y + 100)
    image, label = d[3]
    assert (tuple(image.shape), label) == ((1, 8, 8), 103)


TRANSFORMS = [
    None,
    transforms.ToTensor(),
    transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.3,), (0.6,))]),
    transforms.Compose([transforms.ToImage(), transforms.ToDtype(minigrad.float32, scale=True)]),
    transforms.Compose([]),
]


@pytest.mark.parametrize("transform", TRANSFORMS, ids=repr)
@pytest.mark.parametrize("subset", [False, True])
def test_whole_batches_equal_batches_made_item_by_item(transform, subset):
    def batches(transform):
        d = Digits(train=False, transform=transform)
        d = Subset(d, list(range(50, 0, -1))) if subset else d
        minigrad.manual_seed(1)
        return d, list(DataLoader(d, batch_size=32, shuffle=True))

    whole, a = batches(transform)
    single, b = batches(lambda image: image if transform is None else transform(image))
    assert _batch_reader(whole) is not None
    assert _batch_reader(single) is None
    assert len(a) == len(b)
    for one, other in zip(a, b, strict=True):
        for s, t in zip(one, other, strict=True):
            assert s.dtype == t.dtype
            assert s.shape == t.shape
            assert np.array_equal(s.numpy(), t.numpy())


def test_a_users_transform_is_asked_for_every_image():
    class Inverted(transforms.ToTensor):
        def __call__(self, image):
            return 1 - super().__call__(image)

    assert _batch_reader(Digits(transform=Inverted())) is None
    assert _batch_reader(Digits(transform=transforms.Compose([transforms.ToTensor(), Inverted()]))) is None
    assert _batch_reader(Digits(transform=transforms.Resize(4))) is None
    assert _batch_reader(Digits(target_transform=float)) is None


def test_data_and_targets_may_be_replaced():
    d = Digits()
    keep = np.flatnonzero(d.targets.numpy() < 2)
    d.data, d.targets = d.data[keep], d.targets[keep]
    assert len(d) == len(keep)
    _, y = next(iter(DataLoader(d, batch_size=len(keep))))
    assert set(y.numpy().tolist()) == {0, 1}
    d.targets = d.targets.numpy().tolist()
    _, z = next(iter(DataLoader(d, batch_size=len(keep))))
    assert np.array_equal(y.numpy(), z.numpy())


def test_a_transform_that_cannot_be_called_is_refused():
    with pytest.raises(TypeError, match="transform is a int"):
        Digits(transform=3)


def test_a_set_is_a_tensor_or_an_array_of_images():
    gray = ImageSet(minigrad.zeros(3, 2, 2).to(minigrad.uint8), minigrad.tensor([0, 1, 2]), True, None, None)
    colour = ImageSet(np.zeros((3, 2, 2, 3), np.uint8), [0, 1, 2], False, None, None)
    assert [(type(d[2][0]).__name__, d[2][1]) for d in (gray, colour)] == [("Tensor", 2), ("ndarray", 2)]
    assert repr(colour) == "ImageSet(3 images of 2 x 2 x 3, test, transform=None)"
    for targets in ([0.5, 1, 2], np.zeros((3, 2), np.int64), ["a", "b", "c"]):
        colour.targets = targets
        assert _batch_reader(colour) is None
