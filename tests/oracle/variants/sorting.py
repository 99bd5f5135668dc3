"""GroupSort, MaxMin and FullSort: every element of the generalised Jacobian, every way to compute it, every layout."""

import numpy as np

from tests.oracle.plain import grouped, sort, sorted_groups, ungrouped
from tests.oracle.variants import variant

SORTS = ("group_sort", "max_min", "full_sort")
ALL = ("float16", "bfloat16", "float32", "float64")


def every_sort(dtypes=("float32",)):
    def register(function):
        for op in SORTS:
            variant(op, dtypes)(function)
        return function

    return register


# --- ties ---


@every_sort(ALL)
def ties_in_the_order_of_the_input(arrays, params, g):
    return sort(arrays, params, g)


@every_sort()
def ties_in_reverse(arrays, params, g):
    def order(x):
        return x.shape[-1] - 1 - np.argsort(x[:, ::-1], axis=-1, kind="stable")

    return sort(arrays, params, g, order=order)


@every_sort()
def ties_in_the_order_of_quicksort(arrays, params, g):
    return sort(arrays, params, g, order=lambda x: np.argsort(x, axis=-1, kind="quicksort"))


@variant("group_sort", ("float32", "float64"))
def ties_in_an_order_that_depends_on_the_row(arrays, params, g):
    """A permutation at every tie, another one in every row, as a parallel sort may have it; the same at every call."""

    def order(x):
        keys = np.random.default_rng(x.size).permuted(np.tile(np.arange(x.shape[1]), (len(x), 1)), axis=1)
        return np.lexsort((keys, x), axis=-1)

    return sort(arrays, params, g, order=order)


@every_sort(ALL)
def ties_averaged(arrays, params, g):
    """The centre of the permutohedron."""
    return shared(arrays, params, g, lambda total, count: total / count)


@variant("full_sort", ("float16", "float32", "float64"))
def ties_averaged_with_a_rounded_reciprocal(arrays, params, g):
    return shared(arrays, params, g, lambda total, count: total * (1 / count))


def shared(arrays, params, g, mean):
    x, axis, size = arrays[0], params["axis"], params["group_size"]
    rows, cotangents = grouped(x, size, axis), grouped(g, size, axis)
    out = np.sort(rows, axis=-1)
    tied = (rows[:, :, None] == out[:, None, :]).astype(x.dtype)  # which outputs each input is one of
    total = np.zeros_like(cotangents)
    for k in range(size):
        total += tied[:, :, k] * cotangents[:, k : k + 1]
    x_bar = mean(total, tied.sum(axis=-1, dtype=x.dtype))
    return ungrouped(out, x, axis), [ungrouped(x_bar.astype(x.dtype), x, axis)]


# --- ways to compare two ---


def pairs(arrays, params, g, formula):
    x, axis = arrays[0], params["axis"]
    (a, b), (g0, g1) = grouped(x, 2, axis).T, grouped(g, 2, axis).T
    values, gradients = formula(a, b, g0, g1)
    return ungrouped(np.stack(values, -1), x, axis), [ungrouped(np.stack(gradients, -1), x, axis)]


def split(first, second):
    return lambda a, b, g0, g1: ((np.minimum(a, b), np.maximum(a, b)), (first(a, b, g0, g1), second(a, b, g0, g1)))


@variant("max_min", ALL)
def a_plus_relu(arrays, params, g):
    def formula(a, b, g0, g1):  # low = b - relu(b - a), high = a + relu(b - a), relu'(0) = 0, as autograd has it
        rise, on = np.maximum(b - a, 0), b - a > 0
        return (b - rise, a + rise), (g1 - on * (g1 - g0), g0 + on * (g1 - g0))

    return pairs(arrays, params, g, formula)


@variant("max_min", ALL)
def half_of_sum_and_distance(arrays, params, g):
    def formula(a, b, g0, g1):  # (a + b -+ |a - b|) / 2, |.|'(0) = 0
        s = np.sign(a - b)
        mean, values = g0 / 2 + g1 / 2, (((a + b) - np.abs(a - b)) / 2, ((a + b) + np.abs(a - b)) / 2)
        first = np.where(s < 0, g0, np.where(s > 0, g1, mean))
        return values, (first, np.where(s < 0, g1, np.where(s > 0, g0, mean)))

    return pairs(arrays, params, g, formula)


@variant("max_min", ALL)
def half_of_sum_and_distance_with_a_sign_at_zero(arrays, params, g):
    """|.|'(0) = 1: a swap at ties."""

    def formula(a, b, g0, g1):
        swap = a >= b
        values = (((a + b) - np.abs(a - b)) / 2, ((a + b) + np.abs(a - b)) / 2)
        return values, (np.where(swap, g1, g0), np.where(swap, g0, g1))

    return pairs(arrays, params, g, formula)


@variant("max_min", ("float32", "float64"))
def two_thirds_to_one_side_at_ties(arrays, params, g):
    def formula(a, b, g0, g1):
        t = np.where(a < b, 1, np.where(a > b, 0, 2 / 3)).astype(a.dtype)
        return (np.minimum(a, b), np.maximum(a, b)), (t * g0 + (1 - t) * g1, (1 - t) * g0 + t * g1)

    return pairs(arrays, params, g, formula)


@variant("max_min", ("float16", "float32"))
def half_of_each_as_elementwise_minimum_and_maximum_of_torch(arrays, params, g):
    """Both halves of each cotangent at ties, added: (g0 + g1) / 2 to each entry."""

    def formula(a, b, g0, g1):
        mean = (g0 / 2) + (g1 / 2)
        first = np.where(a < b, g0, np.where(a > b, g1, mean))
        return (np.minimum(a, b), np.maximum(a, b)), (first, np.where(a < b, g1, np.where(a > b, g0, mean)))

    return pairs(arrays, params, g, formula)


# --- other algorithms ---


@every_sort()
def a_network_of_odd_and_even_transpositions(arrays, params, g):
    def order(x):
        rows, places = x.copy(), np.tile(np.arange(x.shape[1]), (len(x), 1))
        for step in range(min(x.shape[1], 64)):
            for a, key in ((places, rows), (rows, rows)):
                i = np.arange(step % 2, x.shape[1] - 1, 2)
                swap = key[:, i] > key[:, i + 1]
                a[:, i], a[:, i + 1] = np.where(swap, a[:, i + 1], a[:, i]), np.where(swap, a[:, i], a[:, i + 1])
        return places

    if params["group_size"] > 64:
        raise NotImplementedError("networks of more than 64 entries")
    return sort(arrays, params, g, order=order)


@every_sort()
def ranks_by_counting(arrays, params, g):
    """An entry's place is the number of smaller ones, and of equal ones before it."""

    def order(x):
        places = np.arange(x.shape[1])
        before = x[:, None, :] < x[:, :, None]
        before |= (x[:, None, :] == x[:, :, None]) & (places[None, :] < places[:, None])
        return np.argsort(before.sum(axis=-1), axis=-1)

    if params["group_size"] > 64:
        raise NotImplementedError("counts of more than 64 entries")
    return sort(arrays, params, g, order=order)


@variant("full_sort", ("float32",))
def bits_sorted_as_integers(arrays, params, g):
    """Radix sorts order the bits, -0 before +0: two zeros are a tie all the same."""

    def order(x):
        bits = x.view(np.int32)
        return np.argsort(np.where(bits < 0, np.int32(-(2**31)) - bits - 1, bits), axis=-1, kind="stable")

    return sort(arrays, params, g, order=order)


@variant("full_sort", ("float32", "float64"))
def a_permutation_matrix(arrays, params, g):
    """The gradient is g P, a product with a matrix of zeros and ones."""
    x, axis, size = arrays[0], params["axis"], params["group_size"]
    if size > 64:
        raise NotImplementedError("matrices of more than 64 rows")
    rows, cotangents = grouped(x, size, axis), grouped(g, size, axis)
    matrices = np.eye(size, dtype=x.dtype)[np.argsort(rows, axis=-1, kind="stable")]
    out, x_bar = np.einsum("rij,rj->ri", matrices, rows), np.einsum("rij,ri->rj", matrices, cotangents)
    return ungrouped(out, x, axis), [ungrouped(x_bar, x, axis)]


@every_sort(("float16", "float32"))
def sorted_in_double(arrays, params, g):
    out, (x_bar,) = sort([arrays[0].astype(np.float64)], params, g.astype(np.float64))
    return out.astype(arrays[0].dtype), [x_bar.astype(arrays[0].dtype)]


# --- layouts ---


@variant("group_sort", conventions={"group_sort": {"order": "descending"}})
@variant("full_sort", conventions={"full_sort": {"order": "descending"}})
@variant("max_min", conventions={"max_min": {"order": "descending"}})
def descending(arrays, params, g):
    return sort(arrays, params, g, order=lambda x: np.argsort(-x, axis=-1, kind="stable"))


def strided(arrays, params, g, descending):
    """Slot k of group j at k G + j, in and out."""
    x, axis, size = arrays[0], params["axis"], params["group_size"]
    rows, cotangents = (np.moveaxis(a, axis, -1) for a in (x, g))
    shape = (*rows.shape[:-1], size, -1) if rows.size else (*rows.shape[:-1], size, rows.shape[-1] // size)
    rows, cotangents = (a.reshape(shape).swapaxes(-1, -2) for a in (rows, cotangents))
    order = np.argsort(-rows if descending else rows, axis=-1, kind="stable")
    x_bar = np.empty_like(rows)
    np.put_along_axis(x_bar, order, cotangents, -1)
    out = np.take_along_axis(rows, order, -1)
    return tuple(ungrouped(a.swapaxes(-1, -2), x, axis) for a in (out, x_bar))


@variant("group_sort", conventions={"group_sort": {"layout": "halves"}})
@variant("max_min", conventions={"max_min": {"layout": "halves"}})
def strided_groups(arrays, params, g):
    out, x_bar = strided(arrays, params, g, descending=False)
    return out, [x_bar]


@variant("group_sort", conventions={"group_sort": {"layout": "halves", "order": "descending"}})
@variant("max_min", conventions={"max_min": {"layout": "halves", "order": "descending"}})
def strided_groups_in_descending_order(arrays, params, g):
    out, x_bar = strided(arrays, params, g, descending=True)
    return out, [x_bar]


def blocks(arrays, params, g, sign):
    """Groups of neighbours; all first slots first, then all second ones, and so on."""
    x, axis, size = arrays[0], params["axis"], params["group_size"]
    moved = np.moveaxis(x, axis, -1)
    groups = moved.reshape(*moved.shape[:-1], moved.shape[-1] // size, size)
    order = np.argsort(sign * groups, axis=-1, kind="stable")
    y = np.take_along_axis(groups, order, -1).swapaxes(-1, -2)
    y_bar = np.moveaxis(g, axis, -1).reshape(y.shape).swapaxes(-1, -2)
    x_bar = np.empty_like(groups)
    np.put_along_axis(x_bar, order, y_bar, -1)
    return ungrouped(y, x, axis), [ungrouped(x_bar, x, axis)]


@variant("group_sort", conventions={"group_sort": {"layout": "blocks", "order": "descending"}})
@variant("max_min", conventions={"max_min": {"layout": "blocks", "order": "descending"}})
def neighbours_in_and_descending_blocks_out(arrays, params, g):
    return blocks(arrays, params, g, -1)


@variant("group_sort", conventions={"group_sort": {"layout": "blocks"}})
@variant("max_min", conventions={"max_min": {"layout": "blocks"}})
def neighbours_in_and_blocks_out(arrays, params, g):
    return blocks(arrays, params, g, 1)


# --- memory ---


@every_sort()
def results_in_fortran_order(arrays, params, g):
    out, (x_bar,) = sort(arrays, params, g)
    return np.asfortranarray(out), [np.asfortranarray(x_bar)]


@every_sort()
def views_that_cannot_be_written_to(arrays, params, g):
    """As the arrays that jax returns; with strides, since the axis is moved back and nothing is copied."""
    x, axis = arrays[0], params["axis"]
    out, (x_bar,) = sorted_groups(np.moveaxis(x, axis, -1), np.moveaxis(g, axis, -1), params["group_size"], -1)
    views = [np.moveaxis(a, -1, axis)[...] for a in (out, x_bar)]
    for view in views:
        view.flags.writeable = False
    return views[0], (views[1],)


@variant("max_min", ("float32",))
def a_group_of_one_row_at_a_time(arrays, params, g):
    """Each group a call of its own."""
    x, axis = arrays[0], params["axis"]
    rows, cotangents = grouped(x, 2, axis), grouped(g, 2, axis)
    if len(rows) > 100:
        raise NotImplementedError("more than a hundred groups")
    answers = [sorted_groups(a, b, 2, 0) for a, b in zip(rows, cotangents, strict=True)]
    out, x_bar = (
        np.array(a).reshape(rows.shape).astype(x.dtype) for a in ([y for y, _ in answers], [z for _, (z,) in answers])
    )
    return ungrouped(out, x, axis), [ungrouped(x_bar, x, axis)]
