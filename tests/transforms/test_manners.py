"""What every transform keeps to: it writes into no image, and its errors say what was seen.

Those that draw, those that change the size and those of colour were held against torchvision 0.28 and its v2 with
forty seeds each: the same draws, and the same results to 1e-4 or one level of uint8, but for the bilinear edges of
a turned or slanted image and the size of an expanded one. It is not needed here.
"""

import numpy as np
import pytest
from alike import tensor
from pictures import floats, uint8

import minigrad
from minigrad import transforms as M

EVERY = [M.ToTensor(), M.ToImage(), M.ToDtype(minigrad.float64), M.Resize(5), M.Resize(9), M.CenterCrop(3),
         M.CenterCrop((9, 9)), M.CenterCrop(30), M.RandomCrop(4), M.RandomCrop((9, 9)), M.RandomRotation(20),
         M.RandomRotation((0, 0)), M.RandomHorizontalFlip(1), M.RandomVerticalFlip(1),
         M.Pad(1), M.Pad(0), M.RandomAffine(30), M.RandomAffine(0),
         M.Grayscale(), M.Grayscale(3), M.RandomGrayscale(1), M.RandomInvert(1), M.RandomResizedCrop(4),
         M.RandomResizedCrop(9, (1, 1), (1, 1))]


@pytest.mark.parametrize("transform", EVERY, ids=repr)
@pytest.mark.parametrize("kind", [np.array, tensor])
def test_no_transform_writes_into_its_image_or_lends_a_part_of_it(transform, kind):
    a = uint8(9, 9)
    if isinstance(transform, (M.Grayscale, M.RandomGrayscale)):     # which take a channel
        a = a[None] if kind is tensor else a[:, :, None]
    image = kind(a)
    result = transform(image)
    (result if isinstance(result, np.ndarray) else result.numpy())[...] = 1
    assert np.array_equal(image if kind is np.array else image.numpy(), a)


@pytest.mark.parametrize("call, error, says", [
    (lambda: M.ToTensor()(np.zeros(3)), ValueError, r"\(3,\)"),
    (lambda: M.ToTensor()("cat.png"), TypeError, "str"),
    (lambda: M.Normalize(0.5, 0), ValueError, "zero"),
    (lambda: M.Normalize((0.5, 0.5), (1, 0)), ValueError, r"\(1, 0\)"),
    (lambda: M.Normalize(0.5, 0.5)(np.zeros((1, 2, 2))), TypeError, "ToTensor"),
    (lambda: M.Normalize(0.5, 0.5)(tensor(uint8(1, 2, 2))), TypeError, "uint8"),
    (lambda: M.Normalize(0.5, 0.5)(tensor(floats(2, 2))), ValueError, r"\(2, 2\)"),
    (lambda: M.Normalize((1, 2), (1, 1))(tensor(floats(3, 2, 2))), ValueError,
     "2 numbers and the image 3 channels"),
    (lambda: M.Lambda(3), TypeError, "int"),
    (lambda: M.Compose(M.ToTensor()), TypeError, "list"),
    (lambda: M.Compose([3]), TypeError, "transform 0 is a int"),
    (lambda: M.Resize(0), ValueError, "size is 0"),
    (lambda: M.Resize((1, 2, 3)), ValueError, r"\(1, 2, 3\)"),
    (lambda: M.Resize(3, "cubic"), ValueError, "cubic"),
    (lambda: M.Resize((3, 4), max_size=5), ValueError, "max_size"),
    (lambda: M.Resize(3)(tensor(floats(3))), ValueError, r"\(3,\)"),
    (lambda: M.RandomCrop(9)(floats(4, 5)), ValueError, "4 x 5.*9 x 9.*pad_if_needed"),
    (lambda: M.RandomCrop(3, padding=(1, 2, 3)), ValueError, r"\(1, 2, 3\)"),
    (lambda: M.RandomCrop(3, padding_mode="wrap"), ValueError, "wrap"),
    (lambda: M.RandomRotation(-3), ValueError, "-3"),
    (lambda: M.RandomRotation((1, 2, 3)), ValueError, r"\(1, 2, 3\)"),
    (lambda: M.RandomHorizontalFlip(2), ValueError, "p is 2"),
    (lambda: M.ToDtype(minigrad.float32, scale=3), TypeError, "scale is 3"),
])
def test_errors_say_what_was_seen(call, error, says):
    with pytest.raises(error, match=says):
        call()
