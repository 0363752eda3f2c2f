"""Matrices and kernels of a given form."""

from math import sqrt

import numpy as np
import pytest

import minigrad as mg
from minigrad.nn import init


@pytest.mark.parametrize("shape", [(4, 4), (3, 5), (5, 3), (2, 3, 4), (7, 2, 2)], ids=str)
def test_orthogonal_rows_or_columns_are_orthonormal(shape):
    q = init.orthogonal_(mg.empty(shape, dtype=mg.float64), gain=3).numpy().reshape(shape[0], -1) / 3
    product = q @ q.T if q.shape[0] <= q.shape[1] else q.T @ q
    np.testing.assert_allclose(product, np.eye(len(product)), atol=1e-13)


def test_every_orthogonal_matrix_is_equally_likely():
    """Of 2 x 2 matrices: half are rotations, half reflections, and every angle comes up."""
    mg.manual_seed(0)
    drawn = np.array([init.orthogonal_(mg.empty(2, 2, dtype=mg.float64)).numpy() for _ in range(2000)])
    assert np.mean(np.linalg.det(drawn) > 0) == pytest.approx(0.5, abs=0.05)
    angle = np.arctan2(drawn[:, 1, 0], drawn[:, 0, 0])
    counts, _ = np.histogram(angle, bins=8, range=(-np.pi, np.pi))
    assert (np.abs(counts - 250) < 75).all()  # 5 deviations


@pytest.mark.parametrize("shape", [(4, 4, 3), (5, 3, 3, 3), (3, 2, 1, 4, 5)], ids=str)
def test_delta_orthogonal_is_orthogonal_at_the_centre_and_0_elsewhere(shape):
    w = init.delta_orthogonal_(mg.empty(shape, dtype=mg.float64), gain=2).numpy()
    at = (slice(None), slice(None), *(n // 2 for n in shape[2:]))
    q = w[at] / 2
    np.testing.assert_allclose(q.T @ q, np.eye(shape[1]), atol=1e-13)
    assert (q**2).mean() == pytest.approx(1 / shape[0])
    w[at] = 0
    assert not w.any()


def test_delta_orthogonal_draws_the_matrix_that_orthogonal_does():
    w = init.delta_orthogonal_(mg.empty(5, 4, 3), generator=mg.Generator().manual_seed(2))
    q = init.orthogonal_(mg.empty(5, 4), generator=mg.Generator().manual_seed(2))
    assert w.numpy()[:, :, 1].tolist() == q.tolist()
    assert init.delta_orthogonal_(mg.empty(0, 0, 3)).numel() == 0


@pytest.mark.parametrize("sparsity", [0, 0.35, 0.5, 1])
def test_sparse_zeroes_the_share_of_each_column_and_draws_the_rest(sparsity):
    mg.manual_seed(0)
    x = init.sparse_(mg.empty(100, 300), sparsity, std=0.5).numpy()
    assert ((x == 0).sum(0) == round(100 * sparsity)).all()
    if sparsity < 1:
        rest = x[x != 0].astype(np.float64)
        assert rest.std() == pytest.approx(0.5, rel=0.02)
        assert rest.mean() == pytest.approx(0, abs=4 * 0.5 / sqrt(rest.size))
        assert x.astype(np.float64).var() == pytest.approx(0.25 * (1 - sparsity), rel=0.04)


def test_sparse_rounds_the_number_of_zeros_up():
    assert (init.sparse_(mg.empty(10, 30), 0.31).numpy() == 0).sum(0).tolist() == [4] * 30


def test_sparse_takes_the_places_of_its_zeros_from_its_generator():
    mg.manual_seed(0)
    state = mg.get_rng_state().tolist()
    a, b = (init.sparse_(mg.empty(6, 6), 0.5, generator=mg.Generator().manual_seed(1)).tolist() for _ in range(2))
    assert a == b
    assert mg.get_rng_state().tolist() == state


@pytest.mark.oracle
def test_with_a_generator_sparse_draws_torchs_numbers_and_as_many_zeros_in_other_places():
    """PyTorch's places come from the default generator, so that the same generator gives other matrices."""
    torch = pytest.importorskip("torch", reason="the oracle is torch")
    ours = init.sparse_(mg.empty(20, 30), 0.3, generator=mg.Generator().manual_seed(4)).numpy()
    theirs = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        w = torch.empty(20, 30)
        theirs.append(torch.nn.init.sparse_(w, 0.3, generator=torch.Generator().manual_seed(4)).numpy())
    assert (theirs[0] != theirs[1]).any()
    both = (ours != 0) & (theirs[0] != 0)
    np.testing.assert_allclose(ours[both], theirs[0][both], rtol=1e-5, atol=1e-8)
    assert (ours == 0).sum(0).tolist() == (theirs[0] == 0).sum(0).tolist()


def test_eye_and_dirac():
    assert init.eye_(mg.empty(2, 3)).tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    x = init.dirac_(mg.empty(4, 2, 3), groups=2).numpy()
    assert x.sum() == 4
    assert x[0, 0, 1] == x[1, 1, 1] == x[2, 0, 1] == x[3, 1, 1] == 1


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("shape", "groups"),
    [((4, 2, 3), 2), ((3, 5, 4), 1), ((5, 3, 2, 3), 1), ((6, 2, 3, 1, 2), 3), ((4, 0, 3), 1)],
    ids=str,
)
def test_dirac_is_torchs(shape, groups):
    torch = pytest.importorskip("torch", reason="the oracle is torch")
    ours, theirs = init.dirac_(mg.empty(shape), groups), torch.nn.init.dirac_(torch.empty(shape), groups)
    assert ours.tolist() == theirs.tolist()


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: init.eye_(mg.empty(3)), r"eye_: expected a matrix, got shape \(3,\)"),
        (lambda: init.sparse_(mg.empty(2, 2, 2), 0.5), r"sparse_: expected a matrix, got shape \(2, 2, 2\)"),
        (lambda: init.sparse_(mg.empty(2, 2), 1.5), r"share of zeros is in \[0, 1\], got 1\.5"),
        (lambda: init.sparse_(mg.empty(2, 2), -0.1), r"got -0\.1"),
        (lambda: init.sparse_(mg.empty(2, 2), float("nan")), "got nan"),
        (lambda: init.orthogonal_(mg.empty(3)), r"orthogonal_: expected 2 axes or more, got shape \(3,\)"),
        (lambda: init.dirac_(mg.empty(3, 3)), r"dirac_: .*3, 4 or 5 axes, got shape \(3, 3\); of a matrix it is eye_"),
        (lambda: init.dirac_(mg.empty(3)), r"dirac_: .*got shape \(3,\)$"),
        (lambda: init.dirac_(mg.empty(3, 3, 3), 2), "3 outputs do not make 2 groups"),
        (lambda: init.dirac_(mg.empty(3, 3, 3), 0), "3 outputs do not make 0 groups"),
        (lambda: init.delta_orthogonal_(mg.empty(3, 3)), r"delta_orthogonal_: .*of a matrix it is orthogonal_"),
        (lambda: init.delta_orthogonal_(mg.empty(2, 3, 3)), r"2 outputs of 3 inputs .*\(2, 3, 3\)\); it takes as many"),
    ],
)
def test_errors_say_what_was_seen(call, text):
    with pytest.raises(ValueError, match=text):
        call()


def test_an_empty_weight_is_left_alone():
    for shape in ((0, 3), (3, 0), (0, 0)):
        assert init.orthogonal_(mg.empty(shape)).numel() == 0
        assert init.sparse_(mg.empty(shape), 0.5).numel() == 0
        assert init.eye_(mg.empty(shape)).numel() == 0
