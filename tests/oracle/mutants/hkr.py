"""Other weights of the two parts, hinges of each sample apart, margins by another convention; and wrong slopes."""

from tests.oracle.mutants import mutant
from tests.oracle.plain_losses import hkr

OP, ALL = "hkr", ("float16", "bfloat16", "float32", "float64")


def with_parts(name, bug, diagnosis, words, dtypes=("float32",), **parts):
    """Register the loss with other parts, and its gradient."""

    def function(arrays, params, g):
        return hkr(arrays, params, g, **parts)

    function.__name__ = name
    mutant(OP, bug, diagnosis, words, dtypes)(function)


def one(alpha):
    return 1


def rest(alpha):
    return 1 - alpha


def itself(alpha):
    return alpha


with_parts("plus_kr", "B18", "sign of kr", ["added"], of_kr=lambda alpha: -1)
with_parts("kr_forgotten", "B18", "kr missing", ["only the hinge"], of_kr=lambda alpha: 0)
with_parts("the_hinge_forgotten", "B18", "hinge missing", ["only kr"], of_hinge=lambda alpha: 0)
with_parts("alpha_ignored", "B22", "alpha ignored", ["1 used"], of_hinge=one)
with_parts("one_minus_alpha_as_in_deel_torchlip", "B18", "alpha convention", ["(1 - alpha) kr"], dtypes=ALL, of_kr=rest)
with_parts("alpha_on_the_other_term", "B18", "alpha convention", ["other term"], of_kr=itself, of_hinge=one)
with_parts("both_alphas_exchanged", "B18", "alpha convention", ["(1 - alpha) hinge"], of_kr=itself, of_hinge=rest)
with_parts("a_hinge_mean_on_each_sample", "B18", "hinge of each sample", ["added up"], sizes=lambda n, m: (n, m))
with_parts(
    "half_of_the_hinge_means", "B18", "hinge of each sample", ["half of the sum"], sizes=lambda n, m: (2 * n, 2 * m)
)
with_parts("hinges_divided_by_the_size_of_p", "B18", "hinge of each sample", ["on P"], sizes=lambda n, m: (n, n))
with_parts("half_of_the_hinge", "B18", "factor in the hinge", ["half"], sizes=lambda n, m: (2 * (n + m),) * 2)
with_parts("a_sum_of_hinges", "B18", "sum for mean", ["hinges"], sizes=lambda n, m: (1, 1))
with_parts("twice_the_slope_at_corners", "B3", "slope at corners", ["corner"], at_corner=2.0)


def with_margin(name, bug, diagnosis, words, margin):
    """Register the loss for another margin, and its gradient."""

    def function(arrays, params, g):
        return hkr(arrays, params | {"margin": margin(params["margin"])}, g)

    function.__name__ = name
    mutant(OP, bug, diagnosis, words)(function)


with_margin("half_of_the_margin_as_in_deel_torchlip", "B18", "margin convention", ["half"], lambda margin: margin / 2)
with_margin("twice_the_margin", "B18", "margin convention", ["twice"], lambda margin: 2 * margin)
with_margin("the_margin_ignored", "B22", "margin ignored", ["1 used"], lambda margin: 1.0)


def changed(name, bug, diagnosis, words, change):
    """Register a change (value, gradient on P, on Q, arrays, params, g) -> (value, gradients) of the right answer."""

    def function(arrays, params, g):
        value, gradients = hkr(arrays, params, g)
        value, *gradients = change(value, *gradients, arrays, params, g)
        return value.astype(g.dtype), [x.astype(g.dtype) for x in gradients]

    function.__name__ = name
    mutant(OP, bug, diagnosis, words)(function)


for _name, _bug, _diagnosis, _words, _change in (
    ("minus_the_loss", "B9", "constant factor in the result", ["minus"], lambda v, a, b, x, p, g: (-v, a, b)),
    ("the_sign_of_the_gradient_on_q", "B1", "sign of the gradient", ["on Q"], lambda v, a, b, x, p, g: (v, a, -b)),
    (
        "gradients_times_the_sizes",
        "B1",
        "gradient of a sum",
        ["n and m"],
        lambda v, a, b, x, p, g: (v, a * a.size, b * b.size),
    ),
    (
        "the_gradient_without_alpha",
        "B1",
        "parameter missing in the gradient",
        ["alpha"],
        lambda v, a, b, x, p, g: (v, *hkr(x, p | {"alpha": 1.0}, g)[1]),
    ),
    (
        "the_hinge_detached",
        "B1",
        "part missing in the gradient",
        ["without hinge"],
        lambda v, a, b, x, p, g: (v, *hkr(x, p | {"alpha": 0.0}, g)[1]),
    ),
    (
        "kr_detached",
        "B1",
        "part missing in the gradient",
        ["without kr"],
        lambda v, a, b, x, p, g: (v, *hkr(x, p, g, of_kr=lambda alpha: 0)[1]),
    ),
    ("the_cotangent_forgotten", "B1", "cotangent ignored", [], lambda v, a, b, x, p, g: (v, a / g, b / g)),
    ("no_gradient_on_p", "B2", "no gradient", ["on P"], lambda v, a, b, x, p, g: (v, 0 * a, b)),
):
    changed(_name, _bug, _diagnosis, _words, _change)
