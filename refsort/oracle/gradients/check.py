"""The check itself: what is asked of f and of its gradient, and where."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsort.oracle.gradients.limit import along
from refsort.oracle.gradients.line import digits, directions, steps, value
from refsort.oracle.gradients.report import FAIL, KINK, GradientReport, concluded, told_nothing

Array = NDArray[Any]


def check_gradient(
    f: Callable[..., Array], backward: Callable[..., Any], x: Array | Sequence[Array], *, seed: int = 0
) -> GradientReport:
    """Whether ``backward(x, y_bar)`` is the gradient of ``<y_bar, f(x)>``.

    Parameters
    ----------
    f : callable
        From an array to an array; from several arrays, ``f(*x)``, where x is a tuple or list.
    backward : callable
        ``backward(x, y_bar)`` gives the cotangent of x; for several arrays ``backward(*x, y_bar)`` gives one for each.
    x : array of floats, or a sequence of them
        Where to look. Everything is evaluated in its dtype: float64 tells most, float16 has too few digits.
    seed : int
        Of the random directions and cotangents.

    Returns
    -------
    GradientReport
        True where it is a PASS. Nothing is printed or plotted, and nothing of `f` is assumed but that it is made of
        smooth pieces; the calls of `f` number some 50 for each direction.

    Raises
    ------
    ValueError
        For an x that is not of finite floats.

    Notes
    -----
    The directions: each entry where there are at most 32, each input, and all at once. The cotangents: 1, 2, 3, ...,
    which tells what went where, and a random one. "right" says that a typical entry, were it wrong by a quarter,
    would have been seen. In float32 some hundred entries are too many for that, and the answer is "cannot tell".

    Examples
    --------
    >>> x = np.array([1.0, -0.5, 2.0])
    >>> check_gradient(np.exp, lambda x, g: np.exp(x) * g, x).finding
    'right'
    >>> check_gradient(np.exp, lambda x, g: 2 * np.exp(x) * g, x).finding
    'wrong scale by the factor 2'
    >>> check_gradient(np.sort, lambda x, g: g, x).finding
    'wrong direction'
    >>> check_gradient(np.abs, lambda x, g: np.sign(x) * g, np.array([0.0, 1.0])).kinks
    [(0, (0,))]
    """
    several = isinstance(x, tuple | list)
    given: list[Any] = list(x) if several else [x]
    xs = [np.array(array) for array in given]
    if not all(np.issubdtype(array.dtype, np.floating) and np.isfinite(array).all() for array in xs):
        raise ValueError(f"check_gradient: x must hold finite floats, got {', '.join(str(a.dtype) for a in xs)}")
    y = value(f, xs)
    if not isinstance(y, np.ndarray) or not np.issubdtype(y.dtype, np.floating) or not np.isfinite(y).all():
        return told_nothing(f"f(x) is no array of finite floats: {type(y).__name__} {getattr(y, 'dtype', '')}")
    if not np.array_equal(y, value(f, xs)):
        return told_nothing("f(x) changes from call to call")
    if min(digits(a) for a in [*xs, y]) < 15:
        return told_nothing(f"{y.dtype} has too few digits for difference quotients: pass x as float64, or float32")
    rng, results = np.random.default_rng(seed), []
    coded = (np.arange(y.size) % 1024 + 1.0).reshape(y.shape)
    cotangents: dict[str, Array] = {"1, 2, 3, ...": coded, "random": np.asarray(rng.standard_normal(y.shape))}
    gradients = {}
    for name, g in cotangents.items():
        g = g.astype(y.dtype)
        found = backward(*(array.copy() for array in xs), g.copy())
        found = list(found) if several else [found]
        wrong = _wrong_form(found, xs)
        if wrong:
            return GradientReport(FAIL, wrong, math.nan, [], [])
        gradients[name] = (g, [np.asarray(gradient).astype(np.longdouble) for gradient in found])
    kinks = []
    for name, d, entry in directions(xs, rng):
        line = list(steps(f, xs, y, d))
        for cotangent, (g, gradient) in gradients.items():
            results.append(along(name, cotangent, line, y, g, gradient, d))
            if results[-1].finding == KINK and entry is not None and entry not in kinks:
                kinks.append(entry)
    return concluded(results, kinks)


def _wrong_form(found: list[Any], xs: list[Array]) -> str:
    if len(found) != len(xs):
        return f"backward gave {len(found)} gradients for {len(xs)} inputs"
    for i, (gradient, array) in enumerate(zip(found, xs, strict=True)):
        if np.shape(gradient) != array.shape:
            return f"gradient {i} has the shape {np.shape(gradient)}, and input {i} has {array.shape}"
        if not np.isfinite(np.asarray(gradient, dtype=np.longdouble)).all():
            return f"gradient {i} has entries that are not finite"
    return ""
