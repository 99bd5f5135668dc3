"""Wide networks: the truth of the gradients is that of the exact network, no pair is nearly tied, and bugs fail."""

from fractions import Fraction
from functools import partial

import numpy as np
import pytest

from refsort.oracle.adapter import load
from refsort.oracle.judge import answer
from refsort.oracle.operations import OPERATIONS
from refsort.oracle.operations.exactly import exact
from refsort.oracle.realistic import calls, claims
from refsort.oracle.realistic.network import _backward, _forward
from refsort.oracle.tolerances import Precision

NUMPY = load("numpy")
PRECISION = Precision.of("float64")


def found_by(ask, dtype="float32"):
    return list(claims(ask, "network", dtype, Precision.of(dtype)))


def test_the_truth_is_the_derivative_of_the_exact_network():
    case = calls("network", "float64", 0, 32)[0]
    x, *parameters = case.arrays
    half = len(parameters) // 2
    layers, y, _ = _forward(x, parameters[:half], parameters[half:], PRECISION)
    gradients = _backward(layers, parameters[:half], case.cotangent, PRECISION)
    truth = OPERATIONS["network"].truth
    assert np.allclose(y, truth(case).astype(float), rtol=1e-12, atol=1e-12)
    rng, g = np.random.default_rng(0), exact(case.cotangent)
    for i, (array, (gradient, _)) in enumerate(zip(case.arrays, gradients, strict=True)):
        # piecewise multilinear: the difference quotient of a step so small that no sort changes is the derivative
        step = np.zeros_like(array)
        step[...] = rng.integers(-3, 4, array.shape) * 2.0**-30
        moved = case._replace(arrays=(*case.arrays[:i], array + step, *case.arrays[i + 1 :]))
        actual = exact(moved.arrays[i]) - exact(array)
        change = (g * (truth(moved) - truth(case))).sum()
        assert float(change) == pytest.approx(float((exact(gradient) * actual).sum()), rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_no_pair_is_nearly_tied_and_both_orders_occur(seed):
    case = calls("network", "float32", seed, 1024)[0]
    x, *parameters = case.arrays
    layers, _, _ = _forward(x, parameters[:4], parameters[4:], Precision.of("float32"))
    for layer in layers[:-1]:
        assert not layer.in_doubt
        assert 0.3 < layer.order[..., 0].mean() < 0.7
    first = layers[0].order[..., 0]
    assert (first[0] != first[1]).all()  # samples of different sign


def broken(change, case, with_gradients):
    out, gradients = answer(NUMPY, case, with_gradients)
    for gradient in gradients:
        change(gradient)
    return out, gradients


def last_rows(gradient):
    if gradient.ndim == 2 and len(gradient) > 128:
        gradient[len(gradient) // 128 * 128 - 128 :] = 0


def one_percent(gradient):
    gradient *= gradient.dtype.type(1.01)


@pytest.mark.parametrize("change", [last_rows, one_percent])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_wrong_gradients_fail(change, dtype):
    found = found_by(partial(broken, change), dtype)
    assert [c.kind for c in found] == ["value"] + ["gradient"] * 9
    assert found[0].ratio <= 1
    wrong = [c.ratio > 1 for c in found[1:]]
    assert all(wrong) if change is one_percent else sum(wrong) == 4  # the weights


def with_arithmetic(cast, case, with_gradients):
    x, *parameters = case.arrays
    h, half = x, len(parameters) // 2
    kept = []
    for i, (w, b) in enumerate(zip(parameters[:half], parameters[half:], strict=True)):
        kept.append(h)
        z = cast(h) @ cast(w).T + b
        if i < half - 1:
            pairs = z.reshape(len(z), -1, 2)
            order = np.argsort(pairs, axis=-1)
            kept[-1] = (h, order)
            h = np.take_along_axis(pairs, order, axis=-1).reshape(z.shape)
    if not with_gradients:
        return z, []
    z_bar, w_bars, b_bars = case.cotangent, [], []
    for i in reversed(range(half)):
        h = kept[i][0] if i < half - 1 else kept[i]
        w_bars.append(cast(z_bar).T @ cast(h))
        b_bars.append(z_bar.sum(axis=0))
        z_bar = cast(z_bar) @ cast(parameters[i])
        if i:
            pulled = np.empty_like(z_bar).reshape(len(z_bar), -1, 2)
            np.put_along_axis(pulled, kept[i - 1][1], z_bar.reshape(pulled.shape), axis=-1)
            z_bar = pulled.reshape(z_bar.shape)
    return z, [z_bar, *w_bars[::-1], *b_bars[::-1]]


def short(bits, a):
    mantissa, exponent = np.frexp(a)
    return np.ldexp(np.round(mantissa * 2.0**bits) / 2.0**bits, exponent).astype(a.dtype)


def test_operands_of_eleven_bits_fail_and_their_bits_are_said():
    assert max(c.ratio for c in found_by(partial(with_arithmetic, np.asarray))) <= 1
    found = found_by(partial(with_arithmetic, partial(short, 11)))
    assert found[0].ratio > 1
    assert sum(c.ratio > 1 for c in found[1:]) >= 5
    said = int(found[0].what.split("at most ")[-1].split(" bits")[0])
    assert 10 <= said <= 16


def test_float16_gradients_are_judged_at_a_width_where_there_is_a_bound():
    found = found_by(partial(answer, NUMPY), "float16")
    assert any(c.kind == "gradient" for c in found)
    assert max(c.ratio for c in found) <= Fraction(1)
