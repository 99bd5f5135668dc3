"""Projection on the l1 ball gone wrong: other sets, rescaling, thresholds, and the derivative of the threshold."""

import numpy as np

from refsort.oracle.bugs import class_of
from tests.oracle.mutants import mutant
from tests.oracle.plain import cut, l1

SHORT = ("float32", "bfloat16")


def replaced(name, diagnosis, words=(), dtypes=SHORT, **parts):
    """Register the plain projection with some of its parts replaced."""

    def function(arrays, params, g):
        return l1(arrays, params, g, **parts)

    function.__name__ = name
    mutant("project_l1_ball", class_of(diagnosis), diagnosis, words, dtypes)(function)


def projected(diagnosis, words=(), dtypes=SHORT, bug=""):
    """Register (row, radius) -> row, for a set that is not the ball, with a right gradient."""

    def register(project):
        def function(arrays, params, g):
            v, r = arrays[0], arrays[0].dtype.type(params["radius"])
            rows = [project(row, r) for row in v]
            return np.array(rows).reshape(v.shape).astype(v.dtype), l1(arrays, params, g)[1]

        function.__name__, function.__doc__ = project.__name__, project.__doc__
        mutant("project_l1_ball", bug or class_of(diagnosis), diagnosis, words, dtypes)(function)
        return project

    return register


replaced("the_sphere_for_the_ball_as_in_lnets", "sphere for ball", interior=False)
replaced("the_radius_ignored", "radius ignored", radius=1)
replaced("the_gradient_of_soft_thresholding_alone", "gradient of soft-thresholding", mean=False)
replaced("signs_forgotten_in_the_gradient", "signs forgotten in the gradient", signs=False)
replaced("no_gradient_outside", "no gradient outside", outside=False)


# --- other sets ---


@projected("sphere for ball", ["zeros"])
def the_sphere_and_zeros_moved(v, radius):
    """LNets: a row of norm .4 becomes one of norm 1, and its zeros become .15."""
    signs = np.where(v < 0, -1, 1)
    thetas = (np.cumsum(-np.sort(-np.abs(v))) - radius) / np.arange(1, len(v) + 1)
    return signs * np.maximum(np.abs(v) - thetas.max(initial=-np.inf), 0)


@projected("clipped entries")
def entries_clipped(v, radius):
    """daducci/COMMIT#73: the l_inf ball."""
    return np.clip(v, -radius, radius)


@projected("soft-thresholding by the radius")
def soft_thresholded_by_the_radius(v, radius):
    """odlgroup/odl#1613: the proximal map of the norm for the projection."""
    return np.sign(v) * np.maximum(np.abs(v) - radius, 0)


@projected("rescaled rows")
def rescaled_to_the_ball(v, radius):
    return v / max(1, np.abs(v).sum() / radius)


@projected("rescaled rows", ["every row"])
def normalised_to_the_sphere(v, radius):
    return v * (radius / np.abs(v).sum()) if v.any() else v


@projected("l2 ball for l1 ball")
def the_l2_ball(v, radius):
    return v * min(1, radius / np.linalg.norm(v)) if v.any() else v


@projected("threshold without a search")
def a_threshold_of_all_entries(v, radius):
    """One step of the iteration of Michelot, and no second."""
    tau = max((np.abs(v).sum() - radius) / len(v), 0)
    return np.sign(v) * np.maximum(np.abs(v) - tau, 0)


@projected("simplex for ball", ["signs"])
def the_simplex(v, radius):
    """pralab/secml-torch#109: signs are lost."""
    thetas = (np.cumsum(-np.sort(-v)) - radius) / np.arange(1, len(v) + 1)
    return np.maximum(v - thetas.max(initial=-np.inf), 0)


@projected("", bug="B14")
def a_threshold_that_is_a_tenth_too_large(v, radius):
    out = l1([v[None]], {"radius": radius}, v[None])[0][0]
    return np.sign(v) * np.maximum(np.abs(v) - (np.abs(v) - np.abs(out)) * v.dtype.type(1.125), 0)


@projected("", bug="B7", dtypes=("float32",))
def rows_of_small_norm_set_to_zero(v, radius):
    """An absolute epsilon: what is below 1e-6 counts as nothing."""
    out = l1([v[None]], {"radius": radius}, v[None])[0][0]
    return np.where(np.abs(out) < 1e-6, 0, out)


@projected("", bug="B14", dtypes=("float32",))
def the_last_tied_entry_dropped(v, radius):
    """odlgroup/odl#1614: an index that is off by one where entries are equal: a tie at the largest is broken."""
    out = l1([v[None]], {"radius": radius}, v[None])[0][0]
    largest = np.flatnonzero(np.abs(v) == np.abs(v).max(initial=0))
    return np.where(np.arange(len(v)) == largest[-1], 0, out) if len(largest) > 1 else out


@mutant("project_l1_ball", "B12", "columns for rows", dtypes=SHORT)
def columns_for_rows(arrays, params, g):
    out, (x_bar,) = l1([arrays[0].T], params, g.T)
    return out.T.copy(), [x_bar.T.copy()]


@mutant("project_l1_ball", "B12", "whole matrix", dtypes=SHORT)
def the_whole_matrix_as_one_vector(arrays, params, g):
    out, (x_bar,) = l1([arrays[0].reshape(1, -1)], params, g.reshape(1, -1))
    return out.reshape(arrays[0].shape), [x_bar.reshape(arrays[0].shape)]


# --- gradients and formats ---


@mutant("project_l1_ball", "B1", "identity as gradient", dtypes=("float32", "float16", "bfloat16"))
def straight_through(arrays, params, g):
    """The projection done in place on the weights, as every projected descent does."""
    return l1(arrays, params, g)[0], [g.copy()]


@mutant("project_l1_ball", "B2", "no gradient", dtypes=SHORT)
def under_no_grad(arrays, params, g):
    return l1(arrays, params, g)[0], [np.zeros_like(g)]


@mutant("project_l1_ball", "B1", "constant factor in the gradient", ["2 times"], SHORT)
def twice_the_gradient(arrays, params, g):
    out, (x_bar,) = l1(arrays, params, g)
    return out, [2 * x_bar]


@mutant("project_l1_ball", "B3", "no gradient on the sphere", dtypes=("float32", "float64", "bfloat16"))
def no_gradient_on_the_sphere(arrays, params, g):
    """Neither the Jacobian of the inside nor one of the outside, and no mean of them."""
    out, (x_bar,) = l1(arrays, params, g)
    on = np.abs(arrays[0]).sum(axis=1, keepdims=True) == out.dtype.type(params["radius"])
    return out, [np.where(on, 0, x_bar).astype(out.dtype)]


@mutant("project_l1_ball", "B1", dtypes=SHORT)
def gradients_of_negative_entries_doubled(arrays, params, g):
    out, (x_bar,) = l1(arrays, params, g)
    return out, [np.where(arrays[0] > 0, x_bar, 2 * x_bar)]


@mutant("project_l1_ball", "B7", "NaN for a zero", dtypes=SHORT)
def zeros_divided_by_their_norm(arrays, params, g):
    """pytorch/pytorch#20192."""
    out, x_bar = l1(arrays, params, g)
    if not arrays[0].size or arrays[0].any():
        return out, x_bar
    return np.full_like(out, np.nan), x_bar


@mutant("project_l1_ball", "B7", "NaN for a zero")
def rows_of_zeros_divided_by_their_norm(arrays, params, g):
    """lanl/scico#619: one row of zeros is enough."""
    out, x_bar = l1(arrays, params, g)
    return np.where(arrays[0].any(axis=1, keepdims=True), out, np.nan).astype(out.dtype), x_bar


@mutant("project_l1_ball", "B19", "lower precision", ["float16"])
def sums_of_eleven_bits(arrays, params, g):
    return cut(l1([cut(arrays[0], 11)], params, g)[0], 11), l1(arrays, params, g)[1]


@mutant("project_l1_ball", "B19", "lower precision", ["float32"], dtypes=("float64",))
def float32_for_float64(arrays, params, g):
    out, (x_bar,) = l1([arrays[0].astype(np.float32)], params, g.astype(np.float32))
    return out.astype(np.float64), [x_bar.astype(np.float64)]
