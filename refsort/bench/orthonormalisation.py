"""Weight maps: Bjorck's iteration of several orders and lengths, and the division by the spectral norm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from refsort.bench import tolerances
from refsort.bench.case import BOTH, FORWARD, Case, Inputs, Side, of_one_array
from refsort.bench.floors import Floor, Product, products
from refsort.nets import Bjorck, gaussian, orthonormal
from refsort.ops import spectral_normalize, spectral_normalize_forward

SHAPES = ((512, 512), (1024, 512), (512, 1024), (1024, 1024))


def cases(
    shapes: Sequence[tuple[int, int]] = SHAPES,
    orders: Sequence[int] = (1, 2, 3),
    iterations: Sequence[int] = (3, 15, 25),
) -> list[Case]:
    """The cases: Bjorck at every shape, order and number of steps (3 for order 1 alone); normalisation; a product."""
    found = [
        _bjorck(shape, order, steps)
        for order in orders
        for steps in iterations
        if order == 1 or steps > 3
        for shape in shapes
    ]
    return [*found, *(_spectral(shape) for shape in shapes), _product(max(n for _, n in shapes))]


def _product(n: int) -> Case:
    """A bare product: which of the two brings the faster BLAS, a part of every ratio of products."""

    def side(inputs: Inputs, which: str) -> Side:
        x = inputs["x"]
        return Side(lambda: x @ x, lambda: (x @ x,))

    return Case(
        name=f"product-{n}x{n}",
        family="orthonormalisation",
        operation="product",
        inputs=lambda rng, dtype: _inputs(rng, dtype, (n, n)),
        ours=side,
        floor=lambda inputs, which: products(str(inputs["x"].dtype), [(n, n, n)]),
        tolerance=tolerances.product,
        passes=(FORWARD,),
    )


def _bjorck(shape: tuple[int, int], order: int, steps: int) -> Case:
    return Case(
        name=f"bjorck_{order}_{steps}-{shape[0]}x{shape[1]}",
        family="orthonormalisation",
        operation="bjorck",
        inputs=lambda rng, dtype: _inputs(rng, dtype, shape),
        ours=of_one_array(Bjorck(steps, order).value, Bjorck(steps, order).forward),  # the route that its rule takes
        floor=lambda inputs, which: _products(inputs, which, order, steps),
        params={"order": order, "iterations": steps},
        tolerance=tolerances.bjorck(order, steps),
    )


def _spectral(shape: tuple[int, int]) -> Case:
    return Case(
        name=f"spectral_normalize-{shape[0]}x{shape[1]}",
        family="orthonormalisation",
        operation="spectral_normalize",
        inputs=lambda rng, dtype: _inputs(rng, dtype, shape),
        ours=of_one_array(spectral_normalize, spectral_normalize_forward),
        # what any exact norm starts with; no singular value is known to come without many times this
        floor=lambda inputs, which: products(str(inputs["x"].dtype), [], [_tall(shape)]),
        tolerance=tolerances.chosen(2.0**12),
    )


def _inputs(rng: np.random.Generator, dtype: str, shape: tuple[int, int]) -> Inputs:
    """A weight as in training: orthonormal and a perturbation of 2-norm about 0.3, so inside of every order's basin."""
    x = orthonormal(rng, *shape) + 0.15 * gaussian(rng, *shape)
    return {"x": x.astype(dtype), "y_bar": rng.standard_normal(shape).astype(dtype)}


def _tall(shape: tuple[int, int]) -> tuple[int, int]:
    return max(shape), min(shape)


def step_products(shape: tuple[int, int], order: int, backward: bool) -> tuple[list[Product], list[tuple[int, int]]]:
    """The products of one Bjorck step: general ones, and symmetric ones.

    Forward ``A^T A`` (symmetric), p - 1 of Horner's rule on the small side, ``A R``. Backward ``A^T A`` again,
    ``A^T V``, ``V R``, ``A R_dot``, and on the small side p - 1 for R again and 2 (p - 1) for its derivative.

    Examples
    --------
    >>> step_products((3, 5), order=1, backward=True)
    ([(5, 3, 3), (3, 5, 3), (5, 3, 3), (5, 3, 3)], [(5, 3), (5, 3)])
    """
    m, n = _tall(shape)
    general = [(m, n, n)] + [(n, n, n)] * (order - 1)
    if backward:
        general += [(n, m, n), (m, n, n), (m, n, n)] + [(n, n, n)] * (3 * (order - 1))
    return general, [(m, n)] * (2 if backward else 1)


def _products(inputs: Inputs, which: str, order: int, steps: int) -> Floor:
    w = inputs["x"]
    general, symmetric = step_products((w.shape[0], w.shape[1]), order, which == BOTH)
    return products(str(w.dtype), general, symmetric, times=steps)
