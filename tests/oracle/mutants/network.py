"""Sorts in the wrong places, biases and layers mixed up; and gradients detached, averaged or permuted wrongly."""

import numpy as np

from tests.oracle.mutants import mutant
from tests.oracle.plain_network import network

OP, ALL = "network", ("float16", "bfloat16", "float32", "float64")


def with_parts(name, bug, diagnosis, words=(), dtypes=("float32",), **parts):
    """Register a network with a part replaced, on the way back too."""

    def function(arrays, params, g):
        return network(arrays, params, g, **parts)

    function.__name__ = name
    mutant(OP, bug, diagnosis, words, dtypes)(function)


def gathered(g, order):
    return np.take_along_axis(g, order, -1)


with_parts("the_last_layer_sorted_too", "B11", "sort after the last layer", [], ALL, sorts=lambda i, last: True)
with_parts("the_inputs_sorted", "B11", "sort before the first layer", first=True)
with_parts("nothing_sorted", "B22", "nothing sorted", sorts=lambda i, last: False)
with_parts("the_first_layer_not_sorted", "B11", "sort missing", ["first"], sorts=lambda i, last: 0 < i < last)
with_parts(
    "the_last_hidden_layer_not_sorted", "B11", "sort missing", ["last hidden"], sorts=lambda i, last: i < last - 1
)
with_parts("descending", "B11", "descending", sign=-1)
with_parts("the_number_of_groups_for_their_size", "B11", "group count", size=lambda k, d: max(d // k, 1))
with_parts("always_pairs", "B22", "group size ignored", ["of 2"], size=lambda k, d: 2)
with_parts("all_features_of_a_layer", "B11", "full sort", size=lambda k, d: d)
with_parts("no_bias", "B11", "bias missing", ["any layer"], biases=lambda i, last: 0)
with_parts("no_bias_in_hidden_layers", "B11", "bias missing", ["hidden"], biases=lambda i, last: int(i == last))
with_parts("no_bias_in_the_last_layer", "B11", "bias missing", ["last layer"], biases=lambda i, last: int(i < last))
with_parts("two_biases", "B11", "bias twice", biases=lambda i, last: 2)
with_parts("split_halves", "B11", "halves", ["strided"], layout="halves")
with_parts("first_slots_before_second_ones", "B11", "blocks", ["neighbours"], layout="blocks")
with_parts("biases_subtracted", "B11", "bias subtracted", biases=lambda i, last: -1)
with_parts("biases_after_the_sort", "B11", "bias after the sort", late=True)
with_parts("the_inverse_permutation", "B1", "inverse permutation", ["P for P^T"], ALL, back=gathered)
with_parts("the_sorts_detached", "B1", "sort skipped in the gradient", back=lambda g, order: g)
with_parts(
    "the_mean_over_the_batch_for_biases",
    "B1",
    "gradient averaged over the batch",
    ["biases"],
    summed=lambda g: g.mean(axis=0),
)
with_parts("the_first_sample_for_biases", "B1", "gradient not summed over the batch", summed=lambda g: g[0])


@mutant(OP, "B11", "other weight layout")
def the_weights_read_in_the_other_layout(arrays, params, g):
    x, *parameters = arrays
    half = len(parameters) // 2
    read = [np.ascontiguousarray(w.reshape(w.shape[::-1]).T) for w in parameters[:half]]
    return network([x, *read, *parameters[half:]], params, g)


def changed(name, bug, diagnosis, words, change):
    """Register a change (gradients, layers, n) -> gradients of the right ones."""

    def function(arrays, params, g):
        out, gradients = network(arrays, params, g)
        return out, [x.astype(out.dtype) for x in change(gradients, len(gradients) // 2, len(g))]

    function.__name__ = name
    mutant(OP, bug, diagnosis, words, ALL if name == "the_last_layer_only" else ("float32",))(function)


def scaled(factor, chosen):
    """The gradients with some of them multiplied by a factor of n."""
    return lambda x, layers, n: [a * a.dtype.type(factor(n)) if chosen(i, layers) else a for i, a in enumerate(x)]


for _name, _bug, _diagnosis, _words, _change in (
    (
        "the_first_layer_detached",
        "B2",
        "no gradient",
        ["first layer"],
        scaled(lambda n: 0, lambda i, k: i in (1, k + 1)),
    ),
    ("no_gradient_of_x", "B2", "no gradient", ["reaches x"], scaled(lambda n: 0, lambda i, k: i == 0)),
    ("no_gradient_of_the_biases", "B2", "no gradient", ["the biases"], scaled(lambda n: 0, lambda i, k: i > k)),
    ("under_no_grad", "B2", "no gradient", ["everything"], scaled(lambda n: 0, lambda i, k: True)),
    (
        "the_last_layer_only",
        "B1",
        "gradient of the last layer only",
        [],
        lambda x, k, n: [0 * a if k > 1 and i not in (k, 2 * k) else a for i, a in enumerate(x)],
    ),
    (
        "the_mean_over_the_batch_for_weights_and_biases",
        "B1",
        "gradient averaged over the batch",
        ["weights and biases"],
        scaled(lambda n: 1 / n, lambda i, k: i > 0),
    ),
    ("minus_the_gradient_of_x", "B1", "sign of the gradient", ["of x"], scaled(lambda n: -1, lambda i, k: i == 0)),
    (
        "minus_the_gradients_of_the_weights",
        "B1",
        "sign of the gradient",
        ["weights"],
        scaled(lambda n: -1, lambda i, k: 0 < i <= k),
    ),
    (
        "twice_the_gradient_of_the_first_weight",
        "B1",
        "constant factor in the gradient",
        ["layer 1"],
        scaled(lambda n: 2, lambda i, k: i == 1),
    ),
):
    changed(_name, _bug, _diagnosis, _words, _change)


@mutant(OP, "B1", "inputs of another layer")
def the_gradients_of_weights_from_unsorted_inputs(arrays, params, g):
    """What the layer before put out is kept before it is sorted."""
    out, gradients = network(arrays, params, g)
    x, *parameters = arrays
    layers, h = len(parameters) // 2, x
    for i, (w, b) in enumerate(zip(parameters[:layers], parameters[layers:], strict=True)):
        if i:
            order = np.argsort(h.reshape(len(h), -1, params["group_size"]), axis=-1, kind="stable")
            z_bar = cotangents(arrays, params, g)[i]
            gradients[1 + i] = z_bar.T @ h
            h = np.take_along_axis(h.reshape(order.shape), order, -1).reshape(h.shape)
        h = h @ w.T + b
    return out, gradients


def cotangents(arrays, params, g):
    """The cotangent of the output of each affine map, row by row: that of its bias for a batch of one."""
    x, *parameters = arrays
    rows = [network([x[i : i + 1], *parameters], params, g[i : i + 1])[1] for i in range(len(x))]
    layers = len(parameters) // 2
    return [np.stack([row[1 + layers + j] for row in rows]) for j in range(layers)]
