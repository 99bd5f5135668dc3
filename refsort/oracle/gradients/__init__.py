"""Is `backward` the derivative of `f`? For any function of arrays, by values that it takes along lines.

Along a direction d, with a cotangent g, let

    e(t) = (<g, f(x + t d) - f(x)> - <backward(g), t d>) / t.

For the right gradient e(t) goes to 0 with t, for a wrong one to the difference between the true slope and the claimed
one. Where the limits from both sides differ, x is a kink. Rounding adds noise / t. So t is not chosen: it runs over a
geometric sequence, noise and Taylor remainder are both measured along it, and the limit is read off where their sum is
smallest; that sum is the resolution of the answer. Where it is too coarse to tell, that is the answer.

The displacement that is used is the one that rounding made of t d. Outputs that change nowhere on the line add no
noise: so a direction that moves few of many outputs is resolved as finely as these. This is a measurement, with a
safety factor; what is proved about an operation of the oracle is in `refsort.oracle.judge`.
"""

from refsort.oracle.gradients.check import check_gradient
from refsort.oracle.gradients.report import Direction, GradientReport

__all__ = ["Direction", "GradientReport", "check_gradient"]
