"""What an operation is: definitions on exact rationals, a few lines each, with no care for speed.

Vectors are lists of `fractions.Fraction`, matrices are lists of rows. Arguments may be any sequences of numbers, NumPy
arrays included; everything passes one gate, `frac`. Where a result is irrational it is an `Enclosure`: two rationals
with the result between them. Definitions also run on dual numbers, which gives their derivatives by a route that no
hand-written backward pass shares; where no derivative exists, the set of admissible values is given instead.

`__all__` is a table of contents: the activations, the linear maps held to a norm, the losses, the certificate; then
derivatives, kinks and the numbers themselves.
"""

from refsort.spec.admissible import (
    elementwise_interval,
    l1_ball_jacobians,
    majorisation_excess,
    sort_blocks,
    sort_excess,
)
from refsort.spec.affine import affine, select
from refsort.spec.bjorck import bjorck, coefficients
from refsort.spec.dual import Dual, KinkError, derivative, pullback
from refsort.spec.elementwise import absolute, crelu, leaky_relu, relu
from refsort.spec.exact import Enclosure, frac, matrix, sqrt_enclosure, vector
from refsort.spec.losses import binary_hinge, hkr, kr, multiclass_hinge
from refsort.spec.operator_ball import project_operator_ball
from refsort.spec.operator_norm import operator_norm
from refsort.spec.projections import project_l1_ball, project_l2_ball, project_linf_ball, project_simplex
from refsort.spec.radius import certified_radius_squared
from refsort.spec.sorting import full_sort, group_sort, max_min, maxout

__all__ = [  # noqa: RUF022 (ordered like the paper)
    # activations
    "group_sort",
    "max_min",
    "full_sort",
    "relu",
    "leaky_relu",
    "absolute",
    "crelu",
    "maxout",
    # linear maps and their norms
    "affine",
    "select",
    "operator_norm",
    "bjorck",
    "coefficients",
    "project_simplex",
    "project_l1_ball",
    "project_l2_ball",
    "project_linf_ball",
    "project_operator_ball",
    # losses
    "kr",
    "binary_hinge",
    "hkr",
    "multiclass_hinge",
    # what a margin certifies
    "certified_radius_squared",
    # derivatives, and what is admissible where there are none
    "derivative",
    "pullback",
    "Dual",
    "KinkError",
    "sort_excess",
    "sort_blocks",
    "majorisation_excess",
    "elementwise_interval",
    "l1_ball_jacobians",
    # exact numbers
    "frac",
    "vector",
    "matrix",
    "sqrt_enclosure",
    "Enclosure",
]
