"""Clipping rows: gradients are exact but at the radius, where an interval is admissible."""

import numpy as np

from refsort.oracle import Case
from refsort.oracle.operations import linf_ball
from refsort.oracle.operations.exactly import exact
from refsort.oracle.tolerances import Precision

OP = "project_linf_ball"


def test_outside_of_the_interval_at_the_radius_is_no_element():
    case = Case(OP, "float64", (np.array([[1.0, 3.0, -1.0]]),), {"radius": 1.0}, np.array([[2.0, 5.0, -4.0]]))

    def ratio(*x_bar):
        (claim,) = linf_ball.PROJECT_LINF_BALL.gradients(case, [exact(np.array([x_bar]))], Precision.of("float64"))
        assert claim.kind == "kink"
        return claim.ratio

    assert [ratio(2, 0, -4), ratio(0, 0, 0), ratio(1.5, 0, -0.1)] == [0, 0, 0]
    assert ratio(2.1, 0, 0) > 1
    assert ratio(2, 0, 0.1) > 1
    assert ratio(2, 0.1, 0) > 1
