"""The table's rows for minigrad/ops/indexing.pyx."""

import numpy as np

import minigrad as mg
from rows import Row

TWICE = [[0, 0, 2], [1, 1, 2]]
ALONG = np.array([[0, 2, 2, 0], [1, 2, 0, 0]])
MASK = np.array([[True, False, True, False], [False] * 4, [True, True, False, True]])


def set_row(x, v):
    y = x * 2
    y[..., :1] = v
    return y


def set_list(x, v):
    y = x * 2
    y[[0, 2], 1:] = v
    y[[1, 1], [0, 0]] += v[0]
    return y


def set_list_reference(x, v):
    y = x * 2
    y[[0, 2], 1:] = v
    y[1, 0] += v[0]
    return y


def set_mask(x, v):
    y = x * x
    y[mg.tensor(MASK)] = v
    return y


def added(x, index, v):
    y = x.copy()
    np.add.at(y, index, v)
    return y


def put(x, axis, index, v):
    y = x.copy()
    np.put_along_axis(y, index, v, axis)
    return y


def scattered(reduce, include_self):
    def function(x, v):
        return (x * 1).scatter_reduce(0, mg.tensor(ALONG), v * v, reduce, include_self=include_self)

    def reference(x, v):
        y = x.copy()
        for column in range(4):
            for row in range(3):
                ours = [v[i, column] ** 2 for i in range(2) if ALONG[i, column] == row]
                if ours:
                    ours = [x[row, column]] * include_self + ours
                    y[row, column] = {"sum": np.sum, "prod": np.prod, "mean": np.mean, "amax": np.max,
                                      "amin": np.min}[reduce](ours)
        return y

    return Row(f"scatter_reduce({reduce}, {include_self})", function, reference, [((3, 4), (2, 4))])


TABLE = [
    Row("index", lambda a: a[1:, ::2], lambda a: a[1:, ::2], [((3, 4),), ((1, 0),), ((2, 3, 2),)], second=False),
    Row("index(int, None, ...)", lambda a: a[0, None, ..., -1], lambda a: a[0, None, ..., -1], [((3, 4),)],
        second=False),
    Row("index(backwards)", lambda a: a[::-1, -1:0:-2], lambda a: a[::-1, -1:0:-2], [((3, 4),)], second=False),
    Row("index(list)", lambda a: a[TWICE[0], TWICE[1]] ** 2, lambda a: a[TWICE[0], TWICE[1]] ** 2, [((3, 4),)]),
    Row("index(rows)", lambda a: a[mg.tensor([2, 0, 2, -1])] ** 2, lambda a: a[[2, 0, 2, -1]] ** 2,
        [((3, 4),), ((3,),), ((3, 0),)]),
    Row("index(apart)", lambda a: a[[0, 1, 1], :, [2, 0, 0]] ** 2, lambda a: a[[0, 1, 1], :, [2, 0, 0]] ** 2,
        [((2, 2, 3),)]),
    Row("index(int apart)", lambda a: a[0, :, [2, 0, 0]] ** 2, lambda a: a[0][:, [2, 0, 0]] ** 2, [((2, 2, 3),)]),
    Row("index(mask)", lambda a: a[a > 0] ** 2, lambda a: a[a > 0] ** 2, [((3, 4),)]),
    Row("set index", set_row, lambda x, v: np.concatenate([v + 0 * x[..., :1], 2 * x[..., 1:]], -1),
        [((3, 4), (3, 1)), ((3, 4), ()), ((0, 2), (1,))], second=False),
    Row("set index(list)", set_list, set_list_reference, [((3, 4), (3,))]),
    Row("set index(mask)", set_mask, lambda x, v: np.where(MASK, v, x * x), [((3, 4), ())]),
    Row("narrow", lambda a: a.narrow(0, 1, 2), lambda a: a[1:3], [((3, 4),)], second=False),
    Row("select", lambda a: a.select(1, -1) ** 2, lambda a: a[:, -1] ** 2, [((3, 4),)]),
    Row("index_select", lambda a: a.index_select(1, mg.tensor([0, 0, 3])) ** 2, lambda a: a[:, [0, 0, 3]] ** 2,
        [((3, 4),), ((2, 4, 2),), ((0, 4),)]),
    Row("gather", lambda a: a.gather(0, mg.tensor(ALONG)) ** 2, lambda a: np.take_along_axis(a, ALONG, 0) ** 2,
        [((3, 4),)]),
    Row("take", lambda a: a.take(mg.tensor([[0, 5], [-1, 5]])) ** 2, lambda a: a.take([[0, 5], [-1, 5]]) ** 2,
        [((3, 4),), ((6,),)]),
    Row("take_along_dim", lambda a: mg.take_along_dim(a, mg.tensor([[1, 0, 1]]), 1) ** 2,
        lambda a: a[:, [1, 0, 1]] ** 2, [((3, 4),)]),
    Row("scatter", lambda x, v: (x * 2).scatter(0, mg.tensor(ALONG), v * v),
        lambda x, v: put(put(2 * x, 0, ALONG[:1], v[:1] ** 2), 0, ALONG[1:], v[1:2] ** 2),
        [((3, 4), (2, 4))]),
    Row("scatter_add", lambda x, v: (x * 2).scatter_add(0, mg.tensor(ALONG), v * v),
        lambda x, v: added(2 * x, (ALONG, np.arange(4)), v * v), [((3, 4), (2, 4))]),
    *[scattered(reduce, include) for reduce in ("sum", "prod", "mean", "amax", "amin") for include in (True, False)],
    Row("index_add", lambda x, v: x.index_add(1, mg.tensor([0, 0, 3]), v * v, alpha=2),
        lambda x, v: added(x, (slice(None), [0, 0, 3]), 2 * v * v), [((3, 4), (3, 3)), ((2, 4, 2), (2, 3, 2))]),
    Row("index_copy", lambda x, v: (x * x).index_copy(0, mg.tensor([2, 0]), v * v),
        lambda x, v: np.stack([v[1] ** 2, x[1] ** 2, v[0] ** 2]), [((3, 4), (2, 4))]),
    Row("index_fill", lambda x, v: (x * x).index_fill(0, mg.tensor([2, 0]), v * v),
        lambda x, v: np.stack([v**2 + 0 * x[0], x[1] ** 2, v**2 + 0 * x[0]]), [((3, 4), ())]),
    Row("index_reduce", lambda x, v: x.index_reduce(0, mg.tensor([1, 1]), v, "prod"),
        lambda x, v: np.stack([x[0], x[1] * v[0] * v[1], x[2]]), [((3, 4), (2, 4))]),
    Row("index_put", lambda x, v: x.index_put((mg.tensor([0, 0]), mg.tensor([1, 1])), v * v, accumulate=True),
        lambda x, v: added(x, ([0, 0], [1, 1]), v * v), [((3, 4), (2,))]),
    Row("put", lambda x, v: x.put(mg.tensor([1, 5]), v * v), lambda x, v: put(x.reshape(-1), 0, np.array([1, 5]), v * v)
        .reshape(x.shape), [((3, 4), (2,))]),
    Row("masked_fill", lambda x, v: (x * x).masked_fill(mg.tensor(MASK), v), lambda x, v: np.where(MASK, v, x * x),
        [((3, 4), ())]),
    Row("masked_select", lambda a: a.masked_select(mg.tensor(MASK)) ** 2, lambda a: (a + np.zeros((3, 4)))[MASK] ** 2,
        [((3, 4),), ((4,),)]),
    Row("masked_scatter", lambda x, v: (x * x).masked_scatter(mg.tensor(MASK), v * v),
        lambda x, v: np.where(MASK, (v.reshape(-1) ** 2)[np.cumsum(MASK).reshape(3, 4) - 1], x * x),
        [((3, 4), (2, 4))]),
]
