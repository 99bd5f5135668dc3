"""The multiclass hinge: which gradients are admissible at its corners, and what the bound says."""

from fractions import Fraction

import numpy as np

from refsort.oracle import Case
from refsort.oracle.operations import hinge
from refsort.oracle.tolerances import Precision

OP = "hinge"


def test_a_corner_entry_and_the_label_must_agree():
    """The label's entry is minus the sum of what was found at the corners: each alone would be admissible."""
    case = Case(OP, "float64", (np.array([[1.0, 0.0]]), np.array([0])), {"margin": 1.0}, np.array(1.0))

    def ratio(*x_bar):
        found = np.array([[Fraction(x) for x in x_bar]], dtype=object)
        (claim,) = hinge.HINGE.gradients(case, [found, None], Precision.of("float64"))
        assert claim.kind == "kink"
        return claim.ratio

    assert ratio(0, 0) == ratio(-0.5, 0.5) == ratio(-0.25, 0.25) == 0
    assert ratio(-0.5, 0) > 1
    assert ratio(-0.75, 0.75) > 1


def test_the_bound_says_something():
    case = Case(
        OP, "float16", (np.array([[1, 0, 2]], np.float16), np.array([0])), {"margin": 1.0}, np.array(1.0, np.float16)
    )
    assert hinge.truth(case).item() == Fraction(2, 3)
    assert hinge.value_error(case, Precision.of("float16")) < Fraction(1, 20)
    assert hinge.value_error(case, Precision.of("float64")) < Fraction(1, 2**44)
