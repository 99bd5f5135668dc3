"""Activations that change the number of features, CReLU and Maxout: exact networks, and shapes that are checked."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsort import spec
from refsort.nets import Bjorck, CReLU, GroupSort, Identity, Layer, Maxout, Network, ReLU, load_network, save_network

NETWORK = Network((Layer(3, 4, CReLU()), Layer(8, 6, Maxout(3)), Layer(2, 5, CReLU())))


def rational(rng, *shape):
    """Quarters in [-3/2, 3/2]: ties and zeros are common."""
    return np.vectorize(lambda k: Fraction(int(k), 4), otypes=[object])(rng.integers(-6, 7, shape))


def parameters(rng):
    return [(rational(rng, layer.d_out, layer.d_in), rational(rng, layer.d_out)) for layer in NETWORK.layers]


def definition(arguments):
    h, *params = arguments
    for activation, (w, b) in zip((spec.crelu, lambda z: spec.maxout(z, 3), spec.crelu), params, strict=True):
        h = activation(spec.affine(h, w, b))
    return h


@settings(max_examples=25)
@given(st.integers(0, 2**32))
def test_equals_the_definition_and_its_derivative_exactly(seed):
    rng = np.random.default_rng(seed)
    params, dots = parameters(rng), parameters(rng)
    x, x_dot, y_bar = rational(rng, 2, 3), rational(rng, 2, 3), rational(rng, 2, 10)
    y, at = NETWORK.forward(params, x)
    assert y.tolist() == NETWORK.value(params, x).tolist()
    y_dot = at.tangent(x_dot, dots)
    x_bar, grads = at.backward(y_bar)
    assert np.sum(y_dot * y_bar) == np.sum(x_dot * x_bar) + sum(
        np.sum(d * g) for dot, bar in zip(dots, grads, strict=True) for d, g in zip(dot, bar, strict=True)
    )
    assert at.jacobian().shape == (2, 10, 3)
    assert at.tangent(x_dot).tolist() == np.einsum("nkd,nd->nk", at.jacobian(), x_dot).tolist()
    plain, plain_dot = ([(w.tolist(), b.tolist()) for w, b in pairs] for pairs in (params, dots))
    for row, row_dot, result, tangent in zip(x.tolist(), x_dot.tolist(), y.tolist(), y_dot.tolist(), strict=True):
        assert result == definition([row, *plain])
        try:
            exact = spec.derivative(definition, [row, *plain], [row_dot, *plain_dot])
        except spec.KinkError:
            continue
        assert tangent == exact


def test_features_are_counted_through_the_layers():
    assert [layer.features for layer in NETWORK.layers] == [8, 2, 10]
    with pytest.raises(ValueError, match="layer 0 gives 8 features and layer 1 takes 4"):
        Network((Layer(3, 4, CReLU()), Layer(4, 2)))
    with pytest.raises(ValueError, match="maxout: group_size 3 does not divide the 4 features"):
        Network((Layer(3, 4, Maxout(3)),))
    for activation in (Identity(), GroupSort(2), ReLU()):
        assert activation.features(6) == 6


@pytest.mark.parametrize(("activation", "taken"), [(CReLU(), [3, 8, 12]), (Maxout(2), [3, 2, 3]), (ReLU(), [3, 4, 6])])
def test_dense_networks_take_what_the_activation_gives(activation, taken):
    network = Network.dense([3, 4, 6, 2], activation, Bjorck(8))
    assert [layer.d_in for layer in network.layers] == taken
    assert [layer.d_out for layer in network.layers] == [4, 6, 2]
    params = network.init(np.random.default_rng(0))
    y, at = network.forward(params, np.random.default_rng(1).standard_normal((5, 3)))
    assert y.shape == (5, 2)
    # orthonormal weights and a 1-Lipschitz activation: no singular value above 1, but for some 60 roundings
    assert np.max(np.linalg.svd(at.jacobian(), compute_uv=False)) <= 1 + 60 * 2.0**-52


def test_files(tmp_path):
    params = [(w.astype(float), b.astype(float)) for w, b in parameters(np.random.default_rng(0))]
    save_network(tmp_path / "net.npz", NETWORK, params)
    network, loaded = load_network(tmp_path / "net.npz")
    assert network == NETWORK
    x = np.ones((1, 3))
    assert np.array_equal(network.value(loaded, x), NETWORK.value(params, x))
