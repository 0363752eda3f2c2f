"""What transforms share, which their own tests try as well."""

import numpy as np
import pytest

import minigrad
from minigrad import transforms as M
from minigrad.transforms import images


@pytest.mark.parametrize(("given", "sides"), [(2, (2, 2, 2, 2)), ((1, 2), (1, 2, 1, 2)), ([3], (3, 3, 3, 3)),
                                              ((1, 2, 3, 4), (1, 2, 3, 4))])
def test_sides_of_a_border(given, sides):
    assert images.four_sides(given, "Pad") == sides


@pytest.mark.parametrize("given", [(), (1, 2, 3), -1, (1, -2)])
def test_what_is_no_border_is_refused(given):
    with pytest.raises(ValueError, match="Pad: padding is"):
        images.four_sides(given, "Pad")


def test_foreign_images_are_read():
    class Picture:
        def __array__(self, dtype=None, copy=None):
            return np.arange(6, dtype=np.uint8).reshape(2, 3)

    assert M.ToTensor()(Picture()).shape == (1, 2, 3)
    assert M.RandomHorizontalFlip(1)(Picture()).tolist() == [[2, 1, 0], [5, 4, 3]]


def test_draws_within_their_limits():
    minigrad.manual_seed(0)
    assert {images.below(3) for _ in range(100)} == {0, 1, 2}
    assert all(2 <= images.between(2, 3) < 3 for _ in range(100))
    assert abs(sum(images.with_probability(0.2) for _ in range(2000)) / 2000 - 0.2) < 0.04
