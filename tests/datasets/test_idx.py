"""The format of MNIST's files, of which test_mnist.py has the damaged ones."""

import numpy as np

from minigrad.datasets.idx import parse


def test_numbers_come_in_order_and_can_be_written_to():
    array = parse(bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, *range(6)]), "here", (3,))
    assert array.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert array.dtype == np.uint8
    assert array.flags.writeable
    assert parse(bytes([0, 0, 8, 1, 0, 0, 0, 0]), "here", ()).shape == (0,)
