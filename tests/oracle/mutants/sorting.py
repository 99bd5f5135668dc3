"""GroupSort, MaxMin and FullSort gone wrong: layouts, axes, permutations, ties."""

import math

import numpy as np

from refsort.oracle.bugs import class_of
from tests.oracle.mutants import mutant
from tests.oracle.plain import bfloat16, grouped, sort, sorted_groups, ungrouped

SORTS = ("group_sort", "max_min", "full_sort")
SHORT = ("float32", "bfloat16")


def sorts(diagnosis, *ops, words=(), dtypes=("float32",), conventions=None):
    """Register one function as a mutant of several sorts."""

    def register(function):
        for op in ops:
            mutant(op, class_of(diagnosis), diagnosis, words, dtypes, {op: conventions} if conventions else None)(
                function
            )
        return function

    return register


# --- conventions that nobody declared ---


@sorts("descending", *SORTS, words=["'order': 'descending'"], dtypes=SHORT)
def descending(arrays, params, g):
    out, x_bar = sort([-arrays[0]], params, g)
    return -out, x_bar


def laid_out(arrays, params, g, descending=False, strided_in=True):
    """Strided groups out, and in as well."""
    size, axis = params["group_size"], params["axis"]
    count = arrays[0].shape[axis] // size
    gather = np.arange(size * count).reshape(size, count).T.ravel()  # strided position of each neighbour
    scatter = np.argsort(gather)
    x = np.take(arrays[0], gather, axis) if strided_in else arrays[0]
    flip = -1 if descending else 1
    out, (x_bar,) = sorted_groups(flip * x, np.take(g, gather, axis), size, axis)
    return np.take(flip * out, scatter, axis), [np.take(x_bar, scatter, axis) if strided_in else x_bar]


@sorts("halves", "max_min", "group_sort", words=["'layout': 'halves'"], dtypes=("bfloat16", "float16"))
def halves_as_in_soc(arrays, params, g):
    """SOC#4: "GroupSort is wrong"; pairs are (i, i + d/2)."""
    return laid_out(arrays, params, g)


@sorts("descending halves", "max_min", words=["'descending'", "'halves'"])
def descending_halves_as_in_orthogonium(arrays, params, g):
    return laid_out(arrays, params, g, descending=True)


@sorts("blocks", "group_sort")
def blocks(arrays, params, g):
    """All first slots before all second ones."""
    return laid_out(arrays, params, g, strided_in=False)


@sorts("descending blocks", "max_min", dtypes=SHORT)
def descending_blocks_as_in_lnets(arrays, params, g):
    """cemanil/LNets#8."""
    return laid_out(arrays, params, g, descending=True, strided_in=False)


@sorts("ascending", "group_sort", conventions={"order": "descending"})
def ascending_and_declared_descending(arrays, params, g):
    return sort(arrays, params, g)


@sorts("group count", "group_sort", dtypes=SHORT)
def the_number_of_groups_taken_for_the_group_size(arrays, params, g):
    """As num_units of LNets is meant."""
    return sort(arrays, params | {"group_size": arrays[0].shape[params["axis"]] // params["group_size"]}, g)


@sorts("full sort", "group_sort", "max_min")
def everything_sorted(arrays, params, g):
    return sort(arrays, params | {"group_size": arrays[0].shape[params["axis"]]}, g)


@sorts("group size ignored", "group_sort")
def always_pairs(arrays, params, g):
    if arrays[0].shape[params["axis"]] % 2:
        raise NotImplementedError("pairs")
    return sort(arrays, params | {"group_size": 2}, g)


@sorts("nothing sorted", "max_min", dtypes=SHORT)
def nothing_sorted(arrays, params, g):
    return arrays[0].copy(), [g.copy()]


@sorts("CReLU", "max_min", words=["Blot"], dtypes=("float32", "float16", "bfloat16"))
def max_min_of_blot_as_in_torchlip(arrays, params, g):
    x = arrays[0]
    return np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)], params["axis"]), [g.copy()]


# --- axes ---


@sorts("last axis", "full_sort", words=["last axis"], dtypes=SHORT)
def the_last_axis_whatever_was_asked(arrays, params, g):
    return sorted_groups(arrays[0], g, arrays[0].shape[-1], -1)


@sorts("last axis", "group_sort", "max_min", words=["last axis"])
def groups_on_the_last_axis_whatever_was_asked(arrays, params, g):
    if arrays[0].shape[-1] % params["group_size"]:
        raise NotImplementedError("groups that do not divide the last axis")
    return sort(arrays, params | {"axis": -1}, g)


@sorts("first axis", "full_sort", words=["axis 0"])
def the_first_axis_whatever_was_asked(arrays, params, g):
    return sorted_groups(arrays[0], g, arrays[0].shape[0], 0)


@sorts("second axis", "full_sort", words=["axis 1"])
def axis_1_hard_coded_as_in_lnets(arrays, params, g):
    """cemanil/LNets#7, and the default dim=1 of torchlip on (B, T, C)."""
    axis = min(1, arrays[0].ndim - 1)
    return sorted_groups(arrays[0], g, arrays[0].shape[axis], axis)


def flattened(arrays, size, g):
    out, (x_bar,) = sorted_groups(arrays[0].ravel(), g.ravel(), size, 0)
    return out.reshape(g.shape), [x_bar.reshape(g.shape)]


@sorts("flattened", "full_sort", dtypes=SHORT)
def the_flattened_array_sorted(arrays, params, g):
    return flattened(arrays, g.size, g)


@sorts("flattened", "group_sort", "max_min")
def groups_of_the_flattened_array(arrays, params, g):
    return flattened(arrays, params["group_size"], g)


@mutant("max_min", "B12")
def a_negative_axis_counted_from_the_wrong_end(arrays, params, g):
    """axis=-2 sorts another axis, as in LNets and monotonicnetworks: -k is taken for the axis k - 1."""
    axis = params["axis"] if params["axis"] >= 0 else -params["axis"] - 1
    return sort(arrays, params | {"axis": axis}, g)


@mutant("group_sort", "B13")
def a_group_size_above_the_features_sorts_everything(arrays, params, g):
    """As in torchlip: group_size > C is silently FullSort."""
    return sort(arrays, params | {"group_size": min(params["group_size"], arrays[0].shape[params["axis"]])}, g)


@mutant("max_min", "B13")
def an_odd_last_feature_dropped_from_its_pair(arrays, params, g):
    """An odd number of features is answered, its last entry passed on."""
    x, axis = arrays[0], params["axis"]
    even = x.shape[axis] // 2 * 2
    head, rest = (np.split(a, [even], axis) for a in (x, g))
    out, (x_bar,) = sorted_groups(head[0], rest[0], 2, axis)
    return np.concatenate([out, head[1]], axis), [np.concatenate([x_bar, rest[1]], axis)]


# --- the way back ---


@sorts("identity as gradient", *SORTS, words=["detached"], dtypes=SHORT)
def straight_through(arrays, params, g):
    return sort(arrays, params, g)[0], [g.copy()]


@sorts("inverse permutation", "group_sort", "full_sort", words=["P for P^T"], dtypes=("float32", "bfloat16"))
def gather_for_scatter(arrays, params, g):
    def twice(g, order):
        return np.take_along_axis(np.take_along_axis(g, order, -1), order, -1)

    return sort(arrays, params, g, rearranged=twice)


@sorts("reversed gradient", *SORTS, dtypes=SHORT)
def the_cotangent_back_to_front(arrays, params, g):
    return sort(arrays, params, g, rearranged=lambda g, order: g[:, ::-1])


@sorts("no gradient", *SORTS, dtypes=SHORT)
def detached_altogether(arrays, params, g):
    """pytorch/pytorch#13350: no gradient reaches the input."""
    return sort(arrays, params, g)[0], [np.zeros_like(g)]


@sorts("sign of the gradient", "group_sort", dtypes=SHORT)
def the_opposite_gradient(arrays, params, g):
    return sort(arrays, params, -g)


@sorts("constant factor in the gradient", "group_sort", words=["2 times"], dtypes=SHORT)
def the_gradient_accumulated_twice(arrays, params, g):
    """pytorch/pytorch#12737: a factor that every forward test passes."""
    return sort(arrays, params, 2 * g)


@sorts("constant factor in the gradient", "full_sort", words=["1/3 times"])
def a_third_of_the_gradient(arrays, params, g):
    return sort(arrays, params, g, rearranged=lambda g, order: g / np.float32(3))


@sorts("constant factor in the gradient", "max_min", words=["sqrt(2) times"], dtypes=SHORT)
def the_gradient_times_the_root_of_two(arrays, params, g):
    return sort(arrays, params, g, rearranged=lambda g, order: g * np.float32(math.sqrt(2)))


def at_ties(arrays, params, g, jacobian):
    """Max-min whose gradient at a tie has the given 2 x 2 Jacobian block."""
    x, axis = arrays[0], params["axis"]
    out, (x_bar,) = sort(arrays, params, g)
    pairs, cotangents, result = grouped(x, 2, axis), grouped(g, 2, axis), grouped(x_bar, 2, axis).copy()
    tied = pairs[:, 0] == pairs[:, 1]
    result[tied] = cotangents[tied] @ np.array(jacobian, dtype=x.dtype)
    return out, [ungrouped(result, x, axis)]


@sorts("all gradients to the first at ties", "max_min", words=["sqrt(2)"], dtypes=SHORT)
def both_gradients_to_the_first_as_torch_min_and_max_with_indices(arrays, params, g):
    """pytorch/pytorch#56734; torchlip and deel-lip for groups of 2."""
    return at_ties(arrays, params, g, [[1, 0], [1, 0]])


@sorts("all gradients to the last at ties", "max_min", dtypes=("float16", "float64"))
def both_gradients_to_the_second_as_where_less_and_where_greater(arrays, params, g):
    return at_ties(arrays, params, g, [[0, 1], [0, 1]])


@sorts("all gradients to each at ties", "max_min", words=["norm 2"], dtypes=SHORT)
def equality_masks(arrays, params, g):
    """pytorch/pytorch#184572."""
    return at_ties(arrays, params, g, [[1, 1], [1, 1]])


@sorts("no gradient at ties", "max_min", dtypes=SHORT)
def strict_masks(arrays, params, g):
    """L_inf-dist-net#1."""
    return at_ties(arrays, params, g, [[0, 0], [0, 0]])


@mutant("max_min", "B3")
def weights_of_sum_three_at_ties(arrays, params, g):
    return at_ties(arrays, params, g, [[2, 1], [0, 0]])


# --- numbers ---


@sorts("lower precision", "full_sort", "group_sort", words=["float32"], dtypes=("float64",))
def float64_data_through_float32(arrays, params, g):
    """deel-lip under the default policy of Keras."""
    return sort([arrays[0].astype(np.float32).astype(np.float64)], params, g)


@sorts("lower precision", "full_sort", words=["bfloat16"], dtypes=("float16",))
def float16_data_through_bfloat16(arrays, params, g):
    return sort([bfloat16(arrays[0].astype(np.float32)).astype(np.float16)], params, g)


@mutant("max_min", "B7", dtypes=("float32", "float64"))
def an_absolute_epsilon_decides_the_swap(arrays, params, g):
    """Entries nearer than 1e-6 are left as they are."""

    def order(rows):
        keep = rows[:, :1] <= rows[:, 1:] + rows.dtype.type(1e-6)
        return np.where(keep, [0, 1], [1, 0])

    return sort(arrays, params, g, order=order)


@mutant("max_min", "B7", dtypes=("float32",))
def a_sentinel_of_zero_in_the_maximum(arrays, params, g):
    """The running maximum starts at 0 and not at minus infinity."""
    out, x_bar = sort(arrays, params, g)
    rows = grouped(out, 2, params["axis"]).copy()
    rows[:, 1] = np.maximum(rows[:, 1], 0)
    return ungrouped(rows, arrays[0], params["axis"]), x_bar


@mutant("full_sort", "B20", dtypes=("float32",))
def a_padding_of_largest_numbers_sorted_in(arrays, params, g):
    """Rows are padded to a power of two with 1e30, which larger entries trade places with."""
    x = np.minimum(arrays[0], np.float32(1e30))
    return sort([x], params, g)


@mutant("group_sort", "B13")
def only_the_first_group_is_sorted(arrays, params, g):
    """A loop that ends after one group."""
    size, axis = params["group_size"], params["axis"]
    grouped(arrays[0], size, axis)  # refuses what does not divide
    (x, rest), (y_bar, g_rest) = (np.split(a, [size], axis) for a in (arrays[0], g))
    out, (x_bar,) = sorted_groups(x, y_bar, size, axis)
    return np.concatenate([out, rest], axis), [np.concatenate([x_bar, g_rest], axis)]


@mutant("full_sort", "B13")
def one_pass_of_bubble_sort(arrays, params, g):
    """A sorting network that is too short: the largest entry alone is in its place."""
    x, axis = arrays[0], params["axis"]
    rows = grouped(x, params["group_size"], axis).copy()
    order = np.broadcast_to(np.arange(rows.shape[1]), rows.shape).copy()
    for k in range(rows.shape[1] - 1):
        swap = (rows[:, k] > rows[:, k + 1])[:, None]
        for a in (rows, order):
            a[:, k : k + 2] = np.where(swap, a[:, k : k + 2][:, ::-1], a[:, k : k + 2])
    return sort(arrays, params, g, order=lambda _: order)


@mutant("full_sort", "B13", dtypes=("float32",))
def right_up_to_sixteen_entries(arrays, params, g):
    """A kernel with a fixed block size: longer rows are sorted block by block."""
    length = params["group_size"]
    return sort(arrays, params | {"group_size": 16 if length > 16 and length % 16 == 0 else length}, g)


@mutant("group_sort", "B1", dtypes=("float32", "float16"))
def the_permutation_of_the_values_recomputed_with_other_ties(arrays, params, g):
    """The gradient is rolled within groups of three and more: no permutation of the forward pass."""

    def rolled(g, order):
        return np.roll(g, 1, axis=-1) if g.shape[1] > 2 else 3 * g[:, ::-1]

    return sort(arrays, params, g, rearranged=rolled)
