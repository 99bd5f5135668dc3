"""Selections in networks: the same function as their matrices, exactly; adjoints; files; training; what is refused."""

from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsort import spec
from refsort.nets import (
    SGD,
    Absolute,
    Adam,
    AggMo,
    Batches,
    Bjorck,
    Constant,
    Identity,
    Layer,
    MaxMin,
    MulticlassHinge,
    Network,
    RowsL1,
    Run,
    Selection,
    Spectral,
    load_network,
    save_network,
    train,
)
from refsort.nets.checkpoint import load_arrays, save_arrays
from tests.nets.files import through_a_file

NETWORK = Network((Selection(3, 6, MaxMin()), Layer(6, 4, Absolute()), Selection(4, 2, MaxMin()), Selection(2, 5)))
MATRICES = Network(tuple(Layer(s.d_in, s.d_out, s.activation) for s in NETWORK.layers))
seeds = st.integers(0, 2**32)


def rational(rng, *shape):
    """Quarters in [-3/2, 3/2]: ties and zeros are common."""
    return np.vectorize(lambda k: Fraction(int(k), 4), otypes=[object])(rng.integers(-6, 7, shape))


def parameters(rng, number=rational):
    """Of `NETWORK`, with the selections as indices."""
    weights = [rng.integers(0, 3, 6), number(rng, 4, 6), rng.integers(0, 4, 2), rng.integers(0, 2, 5)]
    return [(w, number(rng, layer.d_out)) for layer, w in zip(NETWORK.layers, weights, strict=True)]


def as_matrices(params):
    """The same parameters for `MATRICES`."""
    pairs = zip(NETWORK.layers, params, strict=True)
    return [(one_hot(w, layer.d_in) if isinstance(layer, Selection) else w, b) for layer, (w, b) in pairs]


def one_hot(indices, d):
    return np.array([[Fraction(int(j == i)) for j in range(d)] for i in indices], object)


def floats(rng, *shape, dtype=np.float64):
    return rng.standard_normal(shape).astype(dtype)


@settings(max_examples=25)
@given(seeds)
def test_is_the_network_of_its_matrices_exactly(seed):
    rng = np.random.default_rng(seed)
    params, x = parameters(rng), rational(rng, 2, 3)
    y, at = NETWORK.forward(params, x)
    same, also = MATRICES.forward(as_matrices(params), x)
    assert y.tolist() == same.tolist() == NETWORK.value(params, x).tolist()
    assert at.jacobian().tolist() == also.jacobian().tolist()
    assert all(type(v) is Fraction for v in (*y.flat, *at.jacobian().flat))
    for row, result in zip(x.tolist(), y.tolist(), strict=True):
        (i, b0), (w, b1), (j, b2), (k, b3) = [(a.tolist(), b.tolist()) for a, b in params]
        h = spec.max_min(shifted(spec.select(row, i), b0))
        h = spec.absolute(spec.affine(h, w, b1))
        h = spec.max_min(shifted(spec.select(h, j), b2))
        assert result == shifted(spec.select(h, k), b3)


def shifted(x, b):
    return [s + t for s, t in zip(x, b, strict=True)]


@settings(max_examples=25)
@given(seeds)
def test_backward_is_the_transpose_of_tangent_and_the_matrices_own(seed):
    rng = np.random.default_rng(seed)
    params, x, x_dot, y_bar = parameters(rng), rational(rng, 2, 3), rational(rng, 2, 3), rational(rng, 2, 5)
    dots = [(None if isinstance(s, Selection) else rational(rng, 4, 6), rational(rng, s.d_out)) for s in NETWORK.layers]
    at = NETWORK.forward(params, x)[1]
    x_bar, grads = at.backward(y_bar)
    right = np.sum(x_dot * x_bar)
    for dot, bar in zip(dots, grads, strict=True):
        right += sum(np.sum(d * g) for d, g in zip(dot, bar, strict=True) if d is not None)
    assert np.sum(at.tangent(x_dot, dots) * y_bar) == right
    assert x_bar.tolist() == at.backward_input(y_bar).tolist()
    assert at.tangent(x_dot).tolist() == np.einsum("nkd,nd->nk", at.jacobian(), x_dot).tolist()
    same_bar, same = MATRICES.forward(as_matrices(params), x)[1].backward(y_bar)
    assert x_bar.tolist() == same_bar.tolist()
    for layer, (w_bar, b_bar), (as_matrix, also) in zip(NETWORK.layers, grads, same, strict=True):
        assert b_bar.tolist() == also.tolist()
        assert (w_bar is None) if isinstance(layer, Selection) else w_bar.tolist() == as_matrix.tolist()


def test_folding_retracting_and_constraining_leave_selections_alone():
    rng = np.random.default_rng(0)
    network = Network((Selection(3, 4, MaxMin()), Layer(4, 2, MaxMin(), RowsL1(), 2.0), Selection(2, 3)))
    params = network.init(rng)
    assert params[0][0].tolist() == [0, 1, 2, 0]  # the features in turn
    assert params[2][0].tolist() == [0, 1, 0]
    x = rng.standard_normal((5, 3))
    plain, folded = network.fold(params)
    assert [type(layer) for layer in plain.layers] == [Selection, Layer, Selection]
    assert plain.layers[0] == network.layers[0]
    assert np.array_equal(plain.value(folded, x), network.value(params, x))
    folded[0][0][0] = 2  # folded parameters are copies
    assert params[0][0][0] == 0
    retracted = network.retract(params)
    assert retracted[0][0].tolist() == [0, 1, 2, 0]
    constrained = network.constrained(Bjorck(3))
    assert constrained.layers[0] == network.layers[0]
    assert constrained.layers[1].constraint == Bjorck(3)


def test_the_initial_selection_of_all_features_is_the_identity():
    network = Network((Selection(3, 3),))
    x = np.random.default_rng(0).standard_normal((4, 3))
    assert np.array_equal(network.value(network.init(np.random.default_rng(1)), x), x)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_network_survives_a_file_to_the_bit(tmp_path, dtype):
    params = parameters(np.random.default_rng(0), partial(floats, dtype=dtype))
    network, loaded = through_a_file(tmp_path / "net.npz", NETWORK, params)
    x = np.ones((2, 3), dtype)
    assert np.array_equal(network.value(loaded, x), NETWORK.value(params, x))


@pytest.mark.parametrize(
    ("indices", "words"),
    [
        ([0, 1, 2, 3, 0, 1], r"layer 0: select: indices\[3\] is 3, out of range for 3 features"),
        ([0, 1, 2, -1, 0, 1], r"layer 0: select: indices\[3\] is -1, out of range"),
        ([0, 1], r"layer 0 needs w \(6,\) and b \(6,\), got \(2,\) and \(6,\)"),
        ([0.0, 1.0, 2.0, 0.0, 0.0, 1.0], "layer 0: select: indices has dtype float64"),
    ],
)
def test_a_file_with_indices_that_do_not_fit_is_refused(tmp_path, indices, words):
    path = tmp_path / "net.npz"
    save_network(path, NETWORK, parameters(np.random.default_rng(0), floats))
    arrays, meta = load_arrays(path)
    save_arrays(path, {**arrays, "w0": np.array(indices)}, meta)
    with pytest.raises(ValueError, match=f"holds parameters that do not fit its network: {words}"):
        load_network(path)


@pytest.mark.parametrize("optimiser", [SGD(), SGD(0.5), SGD(0.5, nesterov=True), Adam(), AggMo()])
def test_training_moves_the_weights_and_never_the_indices(tmp_path, optimiser):
    rng = np.random.default_rng(0)
    network = Network(
        (Layer(2, 4, MaxMin(), Spectral()), Selection(4, 6, MaxMin()), Layer(6, 3, Identity(), Spectral()))
    )
    data = rng.standard_normal((12, 2)), rng.integers(0, 3, 12)

    def fresh():
        source = Batches(data, 6)
        params = network.init(np.random.default_rng(1))
        return Run(network, params, MulticlassHinge(), optimiser, Constant(0.05), source, np.random.default_rng(2))

    run = train(fresh(), 6)
    start = network.init(np.random.default_rng(1))
    assert run.params[1][0].tolist() == start[1][0].tolist()
    assert run.params[1][0].dtype.kind == "i"
    for i in (0, 2):
        assert not np.array_equal(run.params[i][0], start[i][0])
    assert not np.array_equal(run.params[1][1], start[1][1])  # the bias of a selection is trained
    # interrupted and resumed, to the same bits
    train(fresh(), 3, checkpoint=tmp_path / "run.npz")
    resumed = fresh()
    resumed.restore(tmp_path / "run.npz")
    train(resumed, 6)
    for pair, same in zip(run.params, resumed.params, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(pair, same, strict=True))
    assert load_network(tmp_path / "run.npz")[0] == network
    arrays, meta = load_arrays(tmp_path / "run.npz")
    save_arrays(tmp_path / "run.npz", {**arrays, "w1": arrays["w1"] + 1}, meta)
    with pytest.raises(ValueError, match=r"layer 1: select: indices\[3\] is 4, out of range for 4 features"):
        fresh().restore(tmp_path / "run.npz")


def test_dtype_in_is_dtype_out_and_the_input_is_not_written_to():
    for dtype in (np.float16, np.float32, np.float64, np.longdouble):
        params = parameters(np.random.default_rng(0), partial(floats, dtype=dtype))
        x = np.ones((2, 3), dtype)
        x.setflags(write=False)
        y, at = NETWORK.forward(params, x)
        x_bar, grads = at.backward(y)
        found = {y.dtype, x_bar.dtype, at.jacobian().dtype, *(g.dtype for pair in grads for g in pair if g is not None)}
        assert found == {np.dtype(dtype)}


def test_empty_batch():
    y, at = NETWORK.forward(parameters(np.random.default_rng(0), floats), np.zeros((0, 3)))
    assert y.shape == (0, 5)
    assert at.jacobian().shape == (0, 5, 3)
    assert all(not np.any(b_bar) for _, b_bar in at.backward(y)[1])


def test_what_does_not_fit_is_refused():
    params = parameters(np.random.default_rng(0), floats)
    x = np.zeros((2, 3))
    with pytest.raises(ValueError, match="layer 0 gives 4 features and layer 1 takes 5"):
        Network((Selection(3, 4), Selection(5, 2)))
    with pytest.raises(ValueError, match=r"layer 2 needs w \(2,\) and b \(2,\), got \(2, 4\)"):
        NETWORK.value([*params[:2], (np.eye(4)[:2], params[2][1]), params[3]], x)
    with pytest.raises(ValueError, match=r"layer 3: select: indices\[4\] is 2, out of range for 2 features"):
        NETWORK.forward([*params[:3], (np.array([0, 1, 0, 1, 2]), params[3][1])], x)
    with pytest.raises(TypeError, match="layer 0: select: indices has dtype float64"):
        NETWORK.value([(np.zeros(6), np.zeros(6)), *params[1:]], x)
    for bad in (np.zeros((2, 4)), np.zeros(3)):
        with pytest.raises(ValueError, match=r"a selection from 3 features takes x \(n, 3\)"):
            NETWORK.value(params, bad)
    with pytest.raises(TypeError, match="must share one dtype, got x float32, b float64"):
        NETWORK.value(params, x.astype(np.float32))
    exact = parameters(np.random.default_rng(0))
    exact[0] = (exact[0][0], np.array([0.5] * 6, object))
    with pytest.raises(TypeError, match=r"select: b is an object array that holds 0\.5"):
        NETWORK.value(exact, rational(np.random.default_rng(1), 2, 3))
    assert NETWORK.value(params, x.tolist()).tolist() == NETWORK.value(params, x).tolist()  # lists are as good
    at = NETWORK.forward(params, x)[1]
    with pytest.raises(ValueError, match="there is no direction of one; pass None"):
        at.tangent(x, [(np.zeros_like(w), np.zeros_like(b)) for w, b in params])
