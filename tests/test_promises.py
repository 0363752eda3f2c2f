"""The promises of the whole house, each held to by a test that can fail.

Gradients against finite differences are in ops/test_table.py, tensors changed between forward
and backward in test_errors.py, instruction sets in test_isa.py.
"""

import hashlib
import warnings
from itertools import pairwise

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim
from minigrad.nn import functional as F
from table import OPS

THREADS = [1, 2, 3, 4, 7, 16]
DTYPES = [mg.float32, mg.float64]


@pytest.fixture(autouse=True)
def same_threads_afterwards():
    before = mg.get_num_threads()
    yield
    mg.set_num_threads(before)


# ---- the same seed gives the same bits on any number of threads --------------------------------


def deep(dtype):
    """Batch norm, cross-entropy, clipping, Adam: the shape of the main job."""
    mg.manual_seed(1)
    widths = [130, 260, 257, 256, 10]
    layers = []
    for a, b in pairwise(widths):
        layers += [nn.Linear(a, b), nn.BatchNorm1d(b), nn.ReLU()]
    model = nn.Sequential(*layers[:-2]).to(dtype)
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    x, t = mg.randn(301, 130, dtype=dtype), mg.randint(10, (301,))
    for _ in range(3):
        loss = F.cross_entropy(model(x), t)
        optimizer.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        optimizer.step()
        yield loss, norm
    yield from model.state_dict().values()
    yield from (part for own in optimizer.state.values() for part in own.values())
    yield model.eval()(x)


def smooth(dtype):
    """Sigmoid, tanh, mean squared error, SGD with Nesterov's momentum and weight decay."""
    mg.manual_seed(2)
    model = nn.Sequential(nn.Linear(33, 500), nn.Tanh(), nn.Linear(500, 129), nn.Sigmoid(), nn.Linear(129, 1)).to(dtype)
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01)
    x = mg.randn(400, 33, dtype=dtype)
    y = (x * x).sum(1, keepdim=True) / 33
    for _ in range(3):
        loss = F.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield loss
    yield from model.parameters()


def by_hand(dtype):
    """No modules: reductions along each axis, softmax, gathered rows, gradients of gradients."""
    mg.manual_seed(3)
    w = mg.randn(300, 310, dtype=dtype, requires_grad=True)
    v = mg.rand(310, 300, dtype=dtype, requires_grad=True)
    y = (w @ v).softmax(1) * (v.T[:, :300] + 1).log() + w.exp().std(0)[:300] - w.var(1).sqrt() + w.amax(0)[5:305]
    y = y[mg.randperm(300)] + y.log_softmax(0) + mg.where(y > 0, y, y * y).mean(1, keepdim=True)
    dw, dv = mg.autograd.grad((y * y).mean(), (w, v), create_graph=True)
    yield y, dw, dv
    yield from mg.autograd.grad((dw * dw).sum() + dv.abs().sum(), (w, v))


def digest(things):
    total = hashlib.sha256()
    for thing in things:
        for x in thing if isinstance(thing, tuple) else (thing,):
            total.update(np.ascontiguousarray(x.detach().numpy()).tobytes())
    return total.hexdigest()


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("training", [deep, smooth, by_hand])
def test_training_gives_the_same_bits_on_any_number_of_threads(training, dtype):
    digests = {}
    for threads in THREADS:
        mg.set_num_threads(threads)
        digests[threads] = digest(training(dtype))
    assert len(set(digests.values())) == 1, digests


@pytest.mark.parametrize("training", [deep, smooth, by_hand])
def test_training_stays_finite(training):
    """The test above would also hold for a net that is all NaN."""
    numbers = [x for thing in training(mg.float64) for x in (thing if isinstance(thing, tuple) else (thing,))]
    assert all(np.isfinite(x.detach().numpy()).all() for x in numbers)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("n", [1, 1000, 200_003])
def test_every_kernel_gives_the_same_bits_on_any_number_of_threads(n, dtype):
    def everything():
        mg.manual_seed(4)
        x, z = mg.randn(n, dtype=dtype), mg.rand(n, dtype=dtype) + 0.5
        yield x, z, x + z, x - z, x * z, x / z, z**x, x.exp(), z.log(), z.sqrt(), x.tanh(), x.sigmoid(), x.relu(), -x
        yield x.sum(), x.mean(), x.softmax(0), x.log_softmax(0), x.amax(), x.amin(), x.argmax()
        wide, tall = x.reshape(1, -1), x.reshape(-1, 1)
        yield wide.sum(0), tall.sum(0), wide.sum(1), tall.sum(1), wide.softmax(0), tall.softmax(0)
        yield F.mse_loss(x, z), wide @ tall, nn.utils.get_total_norm([x, z])

    digests = set()
    for threads in THREADS:
        mg.set_num_threads(threads)
        digests.add(digest(everything()))
    assert len(digests) == 1


# ---- row i of a product does not depend on how many rows there are -----------------------------

BATCHES = range(1, 258)


PRODUCTS = {
    "NN": lambda x, w: x @ w,
    "NT": lambda x, w: x @ w.T.contiguous().T,
    "TN": lambda x, w: x.T.contiguous().T @ w,
    "TT": lambda x, w: x.T.contiguous().T @ w.T.contiguous().T,
    "linear": lambda x, w: F.linear(x, w.T.contiguous()),
    "linear with bias": lambda x, w: F.linear(x, w.T.contiguous(), w[0]),
    "linear of a view": lambda x, w: F.linear(x, w.T),
    "in a stack": lambda x, w: (x.unsqueeze(0) @ w.unsqueeze(0))[0],
}


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("k, n", [(100, 100), (784, 10), (16, 1), (2, 16), (5, 257), (515, 33)])
@pytest.mark.parametrize("name", PRODUCTS)
def test_a_row_of_a_product_is_the_same_for_every_batch(name, k, n, dtype):
    product = PRODUCTS[name]
    mg.manual_seed(5)
    x, w = mg.randn(BATCHES[-1], k, dtype=dtype), mg.randn(k, n, dtype=dtype)
    whole = product(x, w).numpy()
    bias = w.numpy()[0] if "bias" in name else 0
    np.testing.assert_allclose(whole, x.numpy() @ w.numpy() + bias, rtol=0, atol=1e-3 if dtype == mg.float32 else 1e-11)
    for m in BATCHES:
        assert product(x[:m], w).numpy().tobytes() == whole[:m].tobytes(), m
    for i in range(0, BATCHES[-1], 16):       # alone, and not at the beginning
        assert product(x[i:i + 1], w).numpy().tobytes() == whole[i:i + 1].tobytes(), i
        assert product(x[i:i + 3], w).numpy().tobytes() == whole[i:i + 3].tobytes(), i


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", ["NN", "NT", "TN", "linear with bias"])
def test_one_or_two_long_rows_are_as_in_a_batch(name, dtype):
    product = PRODUCTS[name]
    mg.manual_seed(5)
    k, n = 333, 4231                          # more than one block of k, more columns than are summed at a time
    x, w = mg.randn(7, k, dtype=dtype), mg.randn(k, n, dtype=dtype)
    whole = product(x, w).numpy()
    before = mg.get_num_threads()
    try:
        for threads in 1, 2, 3, 7:
            mg.set_num_threads(threads)
            for m in 1, 2:
                assert product(x[:m], w).numpy().tobytes() == whole[:m].tobytes(), (threads, m)
    finally:
        mg.set_num_threads(before)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_what_a_model_predicts_does_not_depend_on_the_batch(dtype):
    mg.manual_seed(6)
    layers = [nn.Linear(50, 100), nn.BatchNorm1d(100), nn.ReLU(), nn.Linear(100, 7), nn.Softmax(1)]
    model = nn.Sequential(*layers).to(dtype)
    x = mg.randn(BATCHES[-1], 50, dtype=dtype)
    model(x)
    model.eval()
    whole = model(x).detach().numpy()
    for m in BATCHES:
        assert model(x[:m]).detach().numpy().tobytes() == whole[:m].tobytes(), m


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_an_inputs_gradient_does_not_depend_on_the_batch(dtype):
    mg.manual_seed(7)
    w, x, dy = mg.randn(90, 70, dtype=dtype), mg.randn(257, 70, dtype=dtype), mg.randn(257, 90, dtype=dtype)
    gradients = []
    for m in (257, 1, 2, 13, 100, 256):
        part = x[:m].clone().requires_grad_()
        gradients.append(mg.autograd.grad(F.linear(part, w), part, dy[:m])[0].numpy())
    for gradient in gradients:
        assert gradient.tobytes() == gradients[0][: len(gradient)].tobytes()


# ---- NaN and Inf pass through; nothing else makes them -------------------------------------------

CASES = [pytest.param(row, shapes, id=f"{row}-{'-'.join(map(str, shapes))}") for row in OPS for shapes in row.shapes]
NAN, INF = float("nan"), float("inf")


def draw(row, shapes, dtype=np.float64):
    rng = np.random.default_rng(8)
    return [np.asarray(rng.uniform(*row.domain, shape)).astype(dtype) for shape in shapes]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("row, shapes", CASES)
def test_finite_numbers_give_finite_results_and_gradients(row, shapes, dtype):
    leaves = [mg.tensor(value, requires_grad=True) for value in draw(row, shapes, dtype)]
    y = row.function(*leaves)
    if y.numel() == 0 or any(x.numel() == 0 for x in leaves):
        return      # the mean of nothing is NaN
    assert np.isfinite(y.detach().numpy()).all()
    if y.requires_grad:
        for dx in mg.autograd.grad(y, leaves, mg.ones_like(y), allow_unused=True):
            assert dx is None or np.isfinite(dx.numpy()).all()


# rows whose reference is right for numbers only
NUMBERS_ONLY = ("in place through a view", "solve from the right", "multi_margin_loss", "multilabel_margin_loss",
                "nansum", "nanmean", "nanquantile", "sort(0, descending)", "median", "mode")


@pytest.mark.parametrize("row, shapes", CASES)
def test_a_nan_comes_out_where_numpy_has_it(row, shapes):
    if row.reference is None or row.name.startswith(NUMBERS_ONLY):
        pytest.skip("no reference that knows NaN")
    for everywhere in (True, False):
        arrays = draw(row, shapes)
        for array in arrays:
            if array.size:
                array[... if everywhere else (0,) * array.ndim] = NAN
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                want = np.asarray(row.reference(*arrays))
        except (ValueError, ArithmeticError, np.linalg.LinAlgError):
            return      # no result at all: nothing to make a NaN of
        got = row.function(*[mg.from_numpy(array) for array in arrays]).numpy()
        if got.shape == want.shape:     # a mask may choose otherwise
            np.testing.assert_array_equal(np.isnan(got), np.isnan(want))


# what is there to replace NaN, or puts numbers of its own beside the input's
OF_THEIR_OWN = """nan_to_num nansum nanmean tril triu pad diag diagflat diag_embed block_diag nll_loss
    cholesky""".split()
# what has no answer for a NaN and says so, as NumPy and PyTorch do
REFUSING = "svd svdvals pinv eigh eigvalsh matrix_norm".split()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("row, shapes", CASES)
def test_nan_in_every_element_comes_out_in_every_element(row, shapes, dtype):
    name = row.name.partition("(")[0]
    inputs = [mg.tensor(np.full(shape, NAN, dtype)) for shape in shapes]
    try:
        y = row.function(*inputs)
    except ValueError as error:
        assert name in REFUSING and "converge" in str(error)
        return
    if name in OF_THEIR_OWN:
        return
    if all(np.prod(shape) for shape in shapes):
        assert np.isnan(y.numpy()).all()


EXTREMES = [NAN, INF, -INF, 0.0, -0.0, 1e-40, -1e-40, 3e38, -3e38, 1.0, -1.0, 88.0, -104.0]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


ELEMENTWISE = {
    "relu": (mg.relu, lambda x: np.where(x < 0, 0, x)),
    "tanh": (mg.tanh, np.tanh),
    "sigmoid": (mg.sigmoid, sigmoid),
    "exp": (mg.exp, np.exp),
    "log": (mg.log, np.log),
    "sqrt": (mg.sqrt, np.sqrt),
    "abs": (abs, np.abs),
    "neg": (lambda x: -x, np.negative),
    "square": (lambda x: x**2, np.square),
    "reciprocal": (lambda x: 1 / x, np.reciprocal),
    "add": (lambda x: x + x, lambda x: x + x),
    "sub": (lambda x: x - x, lambda x: x - x),
    "mul": (lambda x: x * 0, lambda x: x * 0),
    "div": (lambda x: x / x, lambda x: x / x),
    "where": (lambda x: mg.where(x > 0, x, 0.0), lambda x: np.where(x > 0, x, 0)),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("ours, theirs", ELEMENTWISE.values(), ids=ELEMENTWISE.keys())
def test_each_element_is_nan_or_infinite_where_ieee_says_so(ours, theirs, dtype):
    for n in (1, 7, 16, 33, 1000):      # whole vectors, and what is left over
        x = np.resize(np.array(EXTREMES, dtype), n + len(EXTREMES))
        with np.errstate(all="ignore"):
            want = theirs(x.astype(np.float64)).astype(dtype) if dtype == np.float32 else theirs(x)
        got = ours(mg.tensor(x)).numpy()
        np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
        np.testing.assert_array_equal(np.isposinf(got), np.isposinf(want))
        np.testing.assert_array_equal(np.isneginf(got), np.isneginf(want))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("m, k, n", [(3, 4, 5), (40, 70, 33), (130, 100, 100), (1, 300, 1), (64, 2, 17)])
def test_a_product_takes_nan_and_infinity_along_its_row_and_column_only(m, k, n, dtype):
    mg.manual_seed(9)
    a, b = mg.randn(m, k, dtype=dtype), mg.randn(k, n, dtype=dtype)
    clean = (a @ b).numpy()
    for value in (NAN, INF):
        spoilt = a.clone()
        spoilt[m // 2, k - 1] = value
        got = (spoilt @ b).numpy()
        assert not np.isfinite(got[m // 2]).any()
        assert np.delete(got, m // 2, 0).tobytes() == np.delete(clean, m // 2, 0).tobytes()
        spoilt = b.clone()
        spoilt[0, n // 2] = value
        got = F.linear(a, spoilt.T).numpy()
        assert not np.isfinite(got[:, n // 2]).any()
        assert np.delete(got, n // 2, 1).tobytes() == np.delete(F.linear(a, b.T).numpy(), n // 2, 1).tobytes()
    infinite = mg.full((k, n), INF, dtype=dtype)
    assert np.isnan((mg.zeros(m, k, dtype=dtype) @ infinite).numpy()).all()       # 0 x inf is no 0
    assert np.isfinite((a @ mg.zeros(k, n, dtype=dtype)).numpy()).all()


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("function", [F.softmax, F.log_softmax])
@pytest.mark.parametrize("n", [2, 10, 130])
def test_softmax_keeps_a_nan_in_its_row_and_makes_none(function, n, dtype):
    big = 3e38 if dtype == mg.float32 else 1.7e308
    x = mg.randn(6, n, dtype=dtype)
    x[1, n - 1] = NAN
    x[2, 0] = -INF
    x[3, 0] = big
    x[4, 1] = -big
    x[5, 0], x[5, 1] = big, -big
    y = function(x, 1)
    got = y.numpy()
    assert np.isnan(got[1]).all()
    assert not np.isnan(np.delete(got, 1, 0)).any()
    assert got[2, 0] == (0 if function is F.softmax else -INF)
    np.testing.assert_array_equal(function(x.T.contiguous(), 0).numpy(), got.T)
    finite = x[3:5].clone().requires_grad_()
    function(finite, 1)[:, :1].sum().backward()
    assert np.isfinite(finite.grad.numpy()).all()


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_cross_entropy_of_hopeless_and_of_perfect_scores_is_finite(dtype):
    x = (mg.randn(8, 5, dtype=dtype) * 1e4).requires_grad_()
    for labels in (x.argmax(1), x.argmin(1)):
        x.grad = None
        loss = F.cross_entropy(x, labels)
        loss.backward()
        assert np.isfinite(loss.item())
        assert np.isfinite(x.grad.numpy()).all()
    spoilt = x.detach().clone()
    spoilt[3, 2] = NAN
    losses = F.cross_entropy(spoilt, labels, reduction="none").numpy()
    assert np.flatnonzero(np.isnan(losses)).tolist() == [3]
    labels[3] = -100
    assert np.isfinite(F.cross_entropy(spoilt, labels).item())      # a row that does not count, does not count


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(50, 6), (5, 6, 7), (2, 6, 3, 3)])
@pytest.mark.parametrize("value", [NAN, INF])
def test_batch_norm_keeps_a_nan_in_its_channel(value, shape, dtype):
    mg.manual_seed(10)
    x, w = mg.randn(*shape, dtype=dtype), mg.ones(6, dtype=dtype)
    others = [0, 1, 2, 4, 5]

    def gradients(x):
        x, own = x.clone().requires_grad_(), w.clone().requires_grad_()
        y = F.batch_norm(x, None, None, own, None, True)
        return y.detach().numpy(), *[g.numpy() for g in mg.autograd.grad(y, (x, own), mg.ones_like(y) * x.detach())]

    clean = gradients(x)
    x[0, 3] = value
    spoilt = gradients(x)
    assert np.isnan(spoilt[0][:, 3]).any()
    for a, b in zip(spoilt[:2], clean[:2], strict=True):
        assert a[:, others].tobytes() == b[:, others].tobytes()
    assert spoilt[2][others].tobytes() == clean[2][others].tobytes()


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_batch_norm_of_constant_huge_and_tiny_channels_is_finite(dtype):
    huge, tiny = (1e38, 1e-44) if dtype == mg.float32 else (1e150, 1e-320)
    columns = [np.zeros(9), np.ones(9), np.full(9, huge), np.linspace(-huge, huge, 9), np.linspace(-tiny, tiny, 9)]
    x = mg.tensor(np.stack(columns, 1)).to(dtype).requires_grad_()
    layer = nn.BatchNorm1d(5, dtype=dtype)
    y = layer(x)
    (y * mg.randn(9, 5, dtype=dtype)).sum().backward()
    assert np.isfinite(y.detach().numpy()).all()
    assert np.isfinite(x.grad.numpy()).all()
    assert np.isfinite(layer.weight.grad.numpy()).all()
    assert not y.detach().numpy()[:, :3].any()


@pytest.mark.parametrize("n", [2, 9, 1000, 100_001])
def test_sums_and_means_of_float32_do_not_overflow_on_the_way(n):
    x = mg.full((n,), 3e38)
    assert x.mean().item() == pytest.approx(3e38)
    x[::2] = -3e38
    assert np.isfinite(x.sum().item())
    assert mg.full((n,), 3e38).sum().item() == INF
    assert x.var().item() == INF
    x[n // 2] = NAN
    for result in (x.sum(), x.mean(), x.amax(), x.amin(), x.max(0).values, x.var(), x.std(), F.mse_loss(x, x)):
        assert np.isnan(result.item())
    assert x.argmax().item() == x.argmin().item() == n // 2


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_gradients_at_the_edge_are_no_nan(dtype):
    """d std at a constant, d tanh and d sigmoid far out, d relu at 0, clipping of zeros."""
    x = mg.tensor([0.0, 1e30, -1e30, INF, -INF], dtype=dtype, requires_grad=True)
    for function in (mg.tanh, mg.sigmoid, mg.relu):
        dx, = mg.autograd.grad(function(x), x, mg.ones_like(x))
        assert np.isfinite(dx.numpy()).all()
    constant = mg.ones(4, dtype=dtype, requires_grad=True)
    dx, = mg.autograd.grad(constant.var(), constant)
    assert not dx.numpy().any()
    p = nn.Parameter(mg.ones(3, dtype=dtype))
    p.grad = mg.zeros(3, dtype=dtype)
    assert nn.utils.clip_grad_norm_([p], 0.0).item() == 0
    for make in (optim.SGD, optim.Adam):
        make([p], lr=0.1).step()
        assert p.tolist() == [1, 1, 1]


# ---- a user's array is never written to unless asked ----------------------------------------------

LAYOUTS = {
    "contiguous": lambda a: a,
    "transposed": lambda a: np.ascontiguousarray(a.T).T,
    "backwards": lambda a: a[tuple(slice(None, None, -1) for _ in a.shape)],
}


@pytest.mark.parametrize("layout, readonly", [("contiguous", False), ("transposed", True), ("backwards", False)])
@pytest.mark.parametrize("row, shapes", CASES)
def test_no_operation_writes_to_the_arrays_it_was_given(row, shapes, layout, readonly):
    layout = LAYOUTS[layout]
    arrays = [layout(value) if value.ndim else value for value in draw(row, shapes)]
    leaves = [mg.from_numpy(array).requires_grad_() for array in arrays]
    y = row.function(*leaves)
    dy = layout(np.asarray(np.random.default_rng(3).standard_normal(tuple(y.shape)))) if y.ndim else np.array(2.0)
    given = [*arrays, dy]
    before = [array.copy() for array in given]
    for array in given:
        array.flags.writeable = not readonly
    if readonly:
        leaves = [mg.from_numpy(array).requires_grad_() for array in arrays]
    y = row.function(*leaves)
    if y.requires_grad:
        gradient = mg.from_numpy(dy)
        y.backward(gradient, retain_graph=True)
        y.backward(gradient, retain_graph=True)       # adds into the gradients of the first
        mg.autograd.grad(y, leaves, gradient, create_graph=True, allow_unused=True)
        for leaf in leaves:
            if leaf.grad is not None and leaf.numel():
                assert not any(np.may_share_memory(leaf.grad.numpy(), array) for array in given)
                with mg.no_grad():
                    leaf.grad.mul_(0.5)
    for array, old in zip(given, before, strict=True):
        np.testing.assert_array_equal(array, old)


def test_a_gradient_that_was_handed_over_stays_its_owners():
    x = mg.zeros(3, requires_grad=True)
    dy = mg.ones(3)
    for make in (lambda x: x + 0, lambda x: x.reshape(3), lambda x: x.view(3), lambda x: x + x, lambda x: x[:]):
        x.grad = None
        y = make(x)
        y.backward(dy, retain_graph=True)
        y.backward(dy)
        x.grad.mul_(7)
        assert dy.tolist() == [1, 1, 1]
    mg.autograd.backward([x + 1, x + 2], [dy, dy])
    assert dy.tolist() == [1, 1, 1]


def test_training_does_not_write_to_its_data():
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((64, 8)).astype(np.float32), rng.integers(0, 3, 64)
    before = x.copy(), t.copy()
    data = mg.utils.data.TensorDataset(mg.from_numpy(x), mg.from_numpy(t))
    model = nn.Sequential(nn.BatchNorm1d(8), nn.ReLU(inplace=True), nn.Linear(8, 3))
    optimizer = optim.Adam(model.parameters())
    for batch, labels in mg.utils.data.DataLoader(data, batch_size=64):
        loss = F.cross_entropy(model(batch), labels)
        loss.backward()
        optimizer.step()
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(t, before[1])
