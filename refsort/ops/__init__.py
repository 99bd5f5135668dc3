"""One object of the paper a file: value, forward, backward and tangent, written by hand in NumPy.

    y       = group_sort(x, group_size=2)             value only
    y, at   = group_sort_forward(x, group_size=2)     `at` is the Jacobian at x
    x_bar   = at.backward(y_bar)                      J^T y_bar
    y_dot   = at.tangent(x_dot)                       J x_dot

`__all__` is a table of contents: activations, the linear maps, their constraints, their norms, losses. Every name but
`power_iteration`, `spectral_norm_schatten` and `bjorck_coefficients` has its ``_forward``.
"""

from refsort.ops.affine import affine, affine_forward
from refsort.ops.arrays import DTYPES
from refsort.ops.bjorck import bjorck, bjorck_coefficients, bjorck_forward
from refsort.ops.bjorck_scaling import bjorck_scaling, bjorck_scaling_forward
from refsort.ops.bjorck_spectral import bjorck_spectral, bjorck_spectral_forward
from refsort.ops.crelu import crelu, crelu_forward
from refsort.ops.cross_entropy import cross_entropy, cross_entropy_forward
from refsort.ops.elementwise import absolute, absolute_forward, leaky_relu, leaky_relu_forward, relu, relu_forward
from refsort.ops.group_sort import (
    full_sort,
    full_sort_forward,
    group_sort,
    group_sort_forward,
    max_min,
    max_min_forward,
)
from refsort.ops.hinge import binary_hinge, binary_hinge_forward, multiclass_hinge, multiclass_hinge_forward
from refsort.ops.kantorovich_rubinstein import (
    hinge_kantorovich_rubinstein,
    hinge_kantorovich_rubinstein_forward,
    kantorovich_rubinstein,
    kantorovich_rubinstein_forward,
)
from refsort.ops.l1_ball import project_l1_ball, project_l1_ball_forward
from refsort.ops.l2_ball import project_l2_ball, project_l2_ball_forward
from refsort.ops.linf_ball import project_linf_ball, project_linf_ball_forward
from refsort.ops.maxout import maxout, maxout_forward
from refsort.ops.operator_ball import project_operator_ball, project_operator_ball_forward
from refsort.ops.operator_norm import operator_norm, operator_norm_forward
from refsort.ops.parseval import parseval_step, parseval_step_forward
from refsort.ops.polar_factor import polar_factor, polar_factor_forward
from refsort.ops.row_scaling import row_scaling, row_scaling_forward
from refsort.ops.select import select, select_forward
from refsort.ops.signed_squares import signed_squares, signed_squares_forward
from refsort.ops.simplex import project_simplex, project_simplex_forward
from refsort.ops.spectral_norm import (
    power_iteration,
    spectral_norm,
    spectral_norm_forward,
    spectral_norm_schatten,
    spectral_normalize,
    spectral_normalize_forward,
)

__all__ = [  # noqa: RUF022 - in the order of the paper
    # activations
    "group_sort",
    "group_sort_forward",
    "max_min",
    "max_min_forward",
    "full_sort",
    "full_sort_forward",
    "relu",
    "relu_forward",
    "leaky_relu",
    "leaky_relu_forward",
    "absolute",
    "absolute_forward",
    "crelu",
    "crelu_forward",
    "maxout",
    "maxout_forward",
    # the linear maps
    "affine",
    "affine_forward",
    "select",
    "select_forward",
    # constraints of a weight
    "bjorck",
    "bjorck_forward",
    "bjorck_coefficients",
    "bjorck_spectral",
    "bjorck_spectral_forward",
    "bjorck_scaling",
    "bjorck_scaling_forward",
    "polar_factor",
    "polar_factor_forward",
    "parseval_step",
    "parseval_step_forward",
    "spectral_normalize",
    "spectral_normalize_forward",
    "project_operator_ball",
    "project_operator_ball_forward",
    "project_l1_ball",
    "project_l1_ball_forward",
    "project_simplex",
    "project_simplex_forward",
    "project_l2_ball",
    "project_l2_ball_forward",
    "project_linf_ball",
    "project_linf_ball_forward",
    "row_scaling",
    "row_scaling_forward",
    "signed_squares",
    "signed_squares_forward",
    # norms of a weight
    "operator_norm",
    "operator_norm_forward",
    "spectral_norm",
    "spectral_norm_forward",
    "power_iteration",
    "spectral_norm_schatten",
    # losses
    "kantorovich_rubinstein",
    "kantorovich_rubinstein_forward",
    "hinge_kantorovich_rubinstein",
    "hinge_kantorovich_rubinstein_forward",
    "binary_hinge",
    "binary_hinge_forward",
    "multiclass_hinge",
    "multiclass_hinge_forward",
    "cross_entropy",
    "cross_entropy_forward",
    # which operation takes which dtype
    "DTYPES",
]
