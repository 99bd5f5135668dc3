"""Networks whose sums run in other orders, whose ties are broken otherwise, or that compute in a wider format."""

import numpy as np

from tests.oracle.plain_network import network
from tests.oracle.variants import variant

OP = "network"


@variant(OP, ("float16", "bfloat16"))
def layer_by_layer(arrays, params, g):
    return network(arrays, params, g)


@variant(OP, ("float32",))
def products_from_the_last_term(arrays, params, g):
    def product(a, b):
        return np.ascontiguousarray(a[:, ::-1]) @ np.ascontiguousarray(b[::-1])

    return network(arrays, params, g, mul=product)


@variant(OP, ("float64",))
def products_by_einsum(arrays, params, g):
    return network(arrays, params, g, mul=lambda a, b: np.einsum("ik,kj->ij", a, b))


@variant(OP, ("float16",))
def in_float64(arrays, params, g):
    out, gradients = network([a.astype(np.float64) for a in arrays], params, g.astype(np.float64))
    return out.astype(g.dtype), [x.astype(g.dtype) for x in gradients]


@variant(OP, ("float32",))
def biases_as_a_column_of_ones(arrays, params, g):
    """``[x, 1] [W, b]^T``: the bias is one more term of the product, and its gradient a column of the weight's."""
    x, *parameters = arrays
    half, k = len(parameters) // 2, params["group_size"]
    h, inputs, orders = x, [], []
    joined = [np.concatenate([w, b[:, None]], 1) for w, b in zip(parameters[:half], parameters[half:], strict=True)]
    for i, w in enumerate(joined):
        inputs.append(np.concatenate([h, np.ones((len(h), 1), h.dtype)], 1))
        h = inputs[-1] @ w.T
        if i < half - 1:
            groups = h.reshape(len(h), -1, k)
            orders.append(groups.argsort(axis=-1, kind="stable"))
            h = np.sort(groups, axis=-1).reshape(h.shape)
    bars = []
    for i in reversed(range(half)):
        if i < half - 1:
            split = g.reshape(orders[i].shape)
            g = np.take_along_axis(split, np.argsort(orders[i], axis=-1), -1).reshape(g.shape)
        bars.insert(0, g.T @ inputs[i])
        g = (g @ joined[i])[:, :-1]
    return h, [
        np.ascontiguousarray(g),
        *(np.ascontiguousarray(w[:, :-1]) for w in bars),
        *(w[:, -1].copy() for w in bars),
    ]


@variant(OP, ("float64",))
def one_sample_at_a_time(arrays, params, g):
    x, *parameters = arrays
    rows = [network([x[i : i + 1], *parameters], params, g[i : i + 1]) for i in range(len(x))]
    gradients = [sum(row[1][j] for row in rows) for j in range(1, len(arrays))]
    return np.concatenate([out for out, _ in rows]), [np.concatenate([row[0] for _, row in rows]), *gradients]
