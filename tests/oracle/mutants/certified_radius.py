"""Wrong divisors, Lipschitz constants and margins of a certificate."""

import math

import numpy as np

from tests.oracle.mutants import mutant
from tests.oracle.plain_losses import certified_radius

OP, ALL = "certified_radius", ("float16", "bfloat16", "float32", "float64")


def with_parts(name, bug, diagnosis, words=(), dtypes=("float32",), **parts):
    """Register the radius with a part replaced."""

    def function(arrays, params, g):
        return certified_radius(arrays, params, g, **parts)

    function.__name__ = name
    mutant(OP, bug, diagnosis, words, dtypes)(function)


with_parts("half_of_the_margin_for_every_p", "B16", "certificate divisor", ["2 K"], ALL, divisor=lambda p: 2)
with_parts("the_square_root_for_every_p", "B16", "certificate divisor", ["sqrt(2) K"], divisor=lambda p: math.sqrt(2))
with_parts("no_factor_at_all", "B16", "certificate divisor", ["divided by K"], divisor=lambda p: 1)
with_parts("the_exponent_of_the_dual", "B16", "certificate divisor", ["dual"], divisor=lambda p: 2 ** (1 / p))
with_parts("times_for_over", "B16", "certificate divisor", ["multiplied"], divisor=lambda p: 2 ** (1 / p - 1))
with_parts("the_square_root_of_each_factor", "B16", "", divisor=lambda p: 2 ** ((1 - 1 / p) / 2))
with_parts("the_lipschitz_constant_ignored", "B10", "Lipschitz constant ignored", [], ALL, constant=lambda k: 1)
with_parts(
    "the_lipschitz_constant_squared", "B10", "Lipschitz constant misplaced", ["square"], constant=lambda k: k * k
)
with_parts(
    "times_the_lipschitz_constant", "B10", "Lipschitz constant misplaced", ["multiplied"], constant=lambda k: 1 / k
)
with_parts("wrong_predictions_given_a_negative_radius", "B16", "negative radius", [], part=lambda margin: margin)
with_parts("wrong_predictions_given_their_distance", "B16", "margin of the prediction", ["absolute"], part=np.abs)
with_parts("an_epsilon_too_large", "B16", "", [], part=lambda margin: np.maximum(margin, margin.dtype.type(1e-6)))
with_parts(
    "half_of_the_radius", "B9", "constant factor in the result", ["1/2"], part=lambda margin: np.maximum(margin, 0) / 2
)


@mutant(OP, "B16", "margin of the prediction", ["two largest"])
def the_prediction_taken_for_the_label(arrays, params, g):
    return certified_radius((arrays[0], np.argmax(arrays[0], axis=1)), params, g)


@mutant(OP, "B16", "margin of one logit", ["label alone"])
def the_logit_for_the_margin(arrays, params, g):
    return certified_radius(
        (np.where(np.arange(arrays[0].shape[1]) == arrays[1][:, None], arrays[0], 0), arrays[1]), params, g
    )


@mutant(OP, "B16")
def the_smallest_other_logit(arrays, params, g):
    y, t = arrays
    rest = y.copy()
    rest[np.arange(len(t)), t] = np.inf
    low = (rest.min(axis=1) if y.size else y[:, 0])[:, None]
    return certified_radius((np.where(np.arange(y.shape[1]) == t[:, None], y, low), t), params, g)


for _factor, _name in ((0.999999, "a_little_too_small"), (1.000001, "a_little_too_large")):
    with_parts(_name, "B16", "", [], ("float64",), part=lambda m, f=_factor: np.maximum(m, 0) * f)
