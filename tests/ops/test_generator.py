"""Generators: states, copies, and what travels to torch and back."""

import copy
import pickle

import numpy as np
import pytest

import minigrad as mg


@pytest.mark.oracle
def test_a_state_travels_to_torch_and_back():
    torch = pytest.importorskip("torch", reason="torch is the oracle of the streams")
    mg.manual_seed(3)
    mg.randn(3)
    torch.set_rng_state(torch.from_numpy(mg.get_rng_state().numpy()))
    np.testing.assert_array_equal(mg.randn(5).numpy(), torch.randn(5).numpy())
    mg.set_rng_state(mg.from_numpy(torch.get_rng_state().numpy()))
    np.testing.assert_array_equal(mg.rand(5).numpy(), torch.rand(5).numpy())


@pytest.mark.parametrize("again", [copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g)),
                                   lambda g: mg.Generator().set_state(g.get_state()), lambda g: g.clone_state()])
def test_a_copy_of_a_generator_goes_on_alike(again):
    g = mg.Generator().manual_seed(9)
    mg.randn(3, generator=g)
    other = again(g)
    assert mg.randn(40, generator=g).tolist() == mg.randn(40, generator=other).tolist()
    assert other.initial_seed() == 9


@pytest.mark.parametrize("wrong, error", [
    (lambda: mg.Generator("cuda"), RuntimeError),
    (lambda: mg.Generator().manual_seed(1.5), TypeError),
    (lambda: mg.Generator().manual_seed(2**64), ValueError),
    (lambda: mg.Generator().set_state(mg.zeros(3)), ValueError),
])
def test_impossible_arguments_are_refused(wrong, error):
    with pytest.raises(error, match="."):
        wrong()
