"""The memory behind a tensor."""

import minigrad as mg


def test_the_storage_is_the_whole_memory():
    x = mg.arange(6).reshape(2, 3)
    assert x[1, 1:].storage().tolist() == [0, 1, 2, 3, 4, 5]
    assert x[1].storage() == x.storage()
    assert x.untyped_storage().nbytes() == 48
    x.storage()[0] = 9
    assert x[0, 0].item() == 9
    assert x.storage().data_ptr() == x.data_ptr()
