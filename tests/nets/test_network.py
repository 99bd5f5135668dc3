"""Networks: Jacobians against products of exact factors, adjoints in rationals, folding, and what is refused."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsort import spec
from refsort.nets import (
    Absolute,
    Bjorck,
    FullSort,
    GroupSort,
    Identity,
    Layer,
    LeakyReLU,
    MaxMin,
    Network,
    ReLU,
    RowsL1,
    Spectral,
    orthonormal,
)

SIZES = [3, 4, 6, 2]
seeds = st.integers(0, 2**32)


def rational(rng, *shape):
    """Quarters in [-3/2, 3/2]: ties and zeros are common."""
    return np.vectorize(lambda k: Fraction(int(k), 4), otypes=[object])(rng.integers(-6, 7, shape))


def rational_parameters(rng):
    return [(rational(rng, b, a), rational(rng, b)) for a, b in pairwise(SIZES)]


def exact_network(activations, gain=1, constraint=None):
    constraint = constraint or Bjorck(0)
    return Network(
        tuple(
            Layer(a, b, s, constraint, gain)
            for a, b, s in zip(SIZES[:-1], SIZES[1:], [*activations, Identity()], strict=True)
        )
    )


def value_by_definition(params, x, group_sizes, gain=1):
    """One sample through `spec`, a layer at a time."""
    h = x
    for (w, b), k in zip(params, [*group_sizes, 1], strict=True):
        h = spec.group_sort(spec.affine(h, [[gain * v for v in row] for row in w.tolist()], b.tolist()), k)
    return h


@settings(max_examples=20)
@given(seeds, st.sampled_from([1, Fraction(3, 2)]))
def test_value_and_jacobian_equal_the_definition_exactly(seed, gain):
    rng = np.random.default_rng(seed)
    params, x = rational_parameters(rng), rational(rng, 2, 3)
    network = exact_network([GroupSort(2), GroupSort(3)], gain)
    y, at = network.forward(params, x)
    assert y.tolist() == network.value(params, x).tolist()
    assert y.tolist() == [value_by_definition(params, row.tolist(), [2, 3], gain) for row in x]
    # the Jacobian as a product: affine maps, and at each sort the permutation that the definition's sort performs
    for row, jacobian in zip(x, at.jacobian(), strict=True):
        h, product = row.tolist(), np.array([[Fraction(int(i == j)) for j in range(3)] for i in range(3)])
        for (w, b), k in zip(params, [2, 3, 1], strict=True):
            z = spec.affine(h, (gain * w).tolist(), b.tolist())
            order = [s + i for s in range(0, len(z), k) for i in sorted(range(k), key=lambda i: z[s + i])]
            product = (gain * w @ product)[order]
            h = [z[i] for i in order]
        assert jacobian.tolist() == product.tolist()


@settings(max_examples=10)
@given(seeds)
@pytest.mark.parametrize("constraint", [None, Bjorck(1), Bjorck(1, order=2), RowsL1()])
def test_backward_is_the_transpose_of_tangent_exactly(constraint, seed):
    rng = np.random.default_rng(seed)
    params, params_dot = rational_parameters(rng), rational_parameters(rng)
    x, x_dot, y_bar = rational(rng, 2, 3), rational(rng, 2, 3), rational(rng, 2, 2)
    network = exact_network([MaxMin(), Absolute()], Fraction(2, 3), constraint)
    at = network.forward(params, x)[1]
    x_bar, grads = at.backward(y_bar)
    left = np.sum(at.tangent(x_dot, params_dot) * y_bar)
    right = np.sum(x_dot * x_bar) + sum(
        np.sum(d * g) for dots, bars in zip(params_dot, grads, strict=True) for d, g in zip(dots, bars, strict=True)
    )
    assert left == right
    assert x_bar.tolist() == at.backward_input(y_bar).tolist()
    assert at.tangent(x_dot).tolist() == np.einsum("nkd,nd->nk", at.jacobian(), x_dot).tolist()


@settings(max_examples=10)
@given(seeds)
def test_tangent_is_the_derivative_of_the_definition(seed):
    rng = np.random.default_rng(seed)
    params, params_dot = rational_parameters(rng), rational_parameters(rng)
    x, x_dot = rational(rng, 2, 3), rational(rng, 2, 3)
    network = exact_network([LeakyReLU(Fraction(1, 4)), ReLU()])

    def definition(arguments):
        h, *parameters = arguments
        for i, (w, b) in enumerate(parameters):
            h = spec.affine(h, w, b)
            h = (
                [[lambda v: spec.leaky_relu([v], Fraction(1, 4))[0], lambda v: spec.relu([v])[0]][i](v) for v in h]
                if (i < 2)
                else h
            )
        return h

    plain = [(w.tolist(), b.tolist()) for w, b in params]
    plain_dot = [(w.tolist(), b.tolist()) for w, b in params_dot]
    tangents = network.forward(params, x)[1].tangent(x_dot, params_dot)
    for row, row_dot, tangent in zip(x.tolist(), x_dot.tolist(), tangents.tolist(), strict=True):
        try:
            exact = spec.derivative(definition, [row, *plain], [row_dot, *plain_dot])
        except ValueError:  # on a kink, where there is no derivative
            continue
        assert tangent == exact


def test_square_orthonormal_sorting_networks_keep_every_gradient_norm_exactly():
    c, s = Fraction(3, 5), Fraction(4, 5)
    turn = np.array([[c, -s, 0, 0], [s, c, 0, 0], [0, 0, c, s], [0, 0, -s, c]], dtype=object)
    turn = np.vectorize(Fraction)(turn)
    flip = turn[[2, 0, 3, 1]]
    zero = np.array([Fraction(0)] * 4)
    for activation in (MaxMin(), FullSort(), Absolute()):
        network = Network(tuple(Layer(4, 4, activation) for _ in range(3)))
        x = np.array([[Fraction(1), Fraction(1), Fraction(0), Fraction(0)], [Fraction(k, 7) for k in (1, -5, 2, 3)]])
        jacobian = network.forward([(turn, zero), (flip, zero), (turn, zero)], x)[1].jacobian()
        for j in jacobian:  # at the ties of the first sample too
            assert (j.T @ j).tolist() == np.eye(4, dtype=int).tolist()


@pytest.mark.parametrize("constraint", [Bjorck(12), Bjorck(4, scaling="schur"), Spectral(), RowsL1(), None])
@pytest.mark.parametrize("lipschitz", [1.0, 8.0])
def test_folding_keeps_the_function_to_the_bit(constraint, lipschitz):
    rng = np.random.default_rng(2)
    network = Network.dense([5, 6, 4, 3], MaxMin(), constraint, lipschitz)
    params = network.init(rng)
    x = rng.standard_normal((7, 5))
    plain, folded = network.fold(params)
    assert np.array_equal(plain.value(folded, x), network.value(params, x))
    again, same = plain.fold(folded)
    assert again == plain
    assert all(np.array_equal(v, w) for (v, _), (w, _) in zip(folded, same, strict=True))


@pytest.mark.parametrize("lipschitz", [1.0, 0.1, 27.0])
def test_a_k_lipschitz_network_is_k_lipschitz_and_nearly_attains_it(lipschitz):
    rng = np.random.default_rng(0)
    network = Network.dense([4, 4, 4, 4], MaxMin(), Bjorck(20), lipschitz)
    jacobian = network.forward(network.init(rng), rng.standard_normal((6, 4)))[1].jacobian()
    # square orthonormal layers: every singular value is K; 3 layers of some 4 * 20 roundings each
    np.testing.assert_allclose(np.linalg.svd(jacobian, compute_uv=False), lipschitz, rtol=1e-13)


def test_dtype_in_is_dtype_out():
    rng = np.random.default_rng(0)
    for dtype in (np.float16, np.float32, np.float64):
        network = Network.dense([3, 4, 2], MaxMin(), Bjorck(2), 2.0)
        params = network.init(rng, dtype=dtype)
        y, at = network.forward(params, rng.standard_normal((5, 3)).astype(dtype))
        x_bar, grads = at.backward(y)
        assert {y.dtype, x_bar.dtype, *(g.dtype for pair in grads for g in pair)} == {np.dtype(dtype)}
        assert at.jacobian().dtype == dtype


def test_empty_batch():
    network = Network.dense([3, 4, 2], MaxMin())
    y, at = network.forward(network.init(np.random.default_rng(0)), np.zeros((0, 3)))
    assert y.shape == (0, 2)
    assert at.jacobian().shape == (0, 2, 3)
    assert all(not np.any(g) for pair in at.backward(y)[1] for g in pair)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="layer 0 gives 4 features and layer 1 takes 5"):
        Network((Layer(3, 4), Layer(5, 2)))
    with pytest.raises(ValueError, match="at least one layer"):
        Network(())
    with pytest.raises(ValueError, match="at least two sizes"):
        Network.dense([3], MaxMin())
    for constant in (0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="positive and finite"):
            Network.dense([3, 2], MaxMin(), lipschitz=constant)
    network = Network.dense([3, 4, 2], MaxMin())
    params = network.init(np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"2 layers and got parameters for 1"):
        network.value(params[:1], np.zeros((1, 3)))
    with pytest.raises(ValueError, match=r"layer 1 needs w \(2, 4\) and b \(2,\), got \(4, 2\)"):
        network.forward([params[0], (params[1][0].T, params[1][1])], np.zeros((1, 3)))
    with pytest.raises(ValueError, match="group_size 3 does not divide the 4 features"):
        Network.dense([3, 4, 2], GroupSort(3)).value(params, np.zeros((1, 3)))


def test_initial_weights_are_orthonormal_and_differ():
    rng = np.random.default_rng(0)
    for d_out, d_in in ((3, 5), (5, 3), (4, 4), (1, 6)):
        w = orthonormal(rng, d_out, d_in)
        gram = w @ w.T if d_out < d_in else w.T @ w
        np.testing.assert_allclose(gram, np.eye(min(d_out, d_in)), rtol=0, atol=40 * 2.0**-53)
    assert not np.array_equal(orthonormal(rng, 3, 3), orthonormal(rng, 3, 3))
