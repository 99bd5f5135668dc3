"""Planted bugs of norms and balls: each fails on the flag that names it, and without it everything passes."""

import math

import numpy as np
import pytest

from refsort.oracle.vectors.report import table
from tests.oracle.vectors.planted import Bug, require_alone, require_found, require_refused
from tests.oracle.vectors.putting import report_of


def svd_norm(w, pairs=1):
    u, s, vt = np.linalg.svd(w)
    return s[0], u[:, :pairs] @ vt[:pairs]


def norm(arrays, params, g, value=lambda w, s: s, gradient=lambda w, s, d: d):
    (w,) = arrays
    s, d = svd_norm(w)
    return np.asarray(value(w, s), w.dtype), [(g * gradient(w, s, d)).astype(w.dtype)]


def norm_but(**changes):
    return lambda arrays, params, g: norm(arrays, params, g, **changes)


def power_iteration(w, steps=4):
    v = np.ones(w.shape[1], w.dtype)
    for _ in range(steps):
        v = w.T @ (w @ v)
        v = v / max(np.linalg.norm(v), np.finfo(w.dtype).tiny)
    return np.linalg.norm(w @ v)


def eigenvalue(w, s):
    return np.abs(np.linalg.eigvals(w)).max() if w.shape[0] == w.shape[1] else s


def all_pairs(w, s, d):
    """u v^T summed over every pair of the largest singular value."""
    u, every, vt = np.linalg.svd(w, full_matrices=False)
    top = np.isclose(every, s, rtol=1e-5, atol=0)
    return u[:, top] @ vt[top]


def by_differences(w, s, d):
    """What a decomposition gives: NaN where singular values agree, those that are zero among them."""
    every = np.linalg.svd(w, compute_uv=False)
    return d * np.nan if (np.abs(np.diff(every)) <= 1e-6 * s).any() else d


def normalised(arrays, params, g, enlarge=True, detach=False, epsilon=0.0, sign=1, frobenius=False):
    (w,) = arrays
    s, d = svd_norm(w)
    if frobenius:
        s = np.linalg.norm(w)
        d = w / s
    if not enlarge and s <= 1:
        return w, [g]
    s = s + np.asarray(epsilon, w.dtype)
    c = (g * w).sum() / s
    x_bar = g / s if detach else (g - sign * c * d) / s
    return (w / s).astype(w.dtype), [x_bar.astype(w.dtype)]


def normalised_but(**changes):
    return lambda arrays, params, g: normalised(arrays, params, g, **changes)


def l2(arrays, params, g, interior=True, radial=True, radius=None, whole=False, epsilon=0.0):
    v, r = arrays[0], arrays[0].dtype.type(params["radius"] if radius is None else radius)
    n = np.linalg.norm(v, axis=None if whole else 1, keepdims=True) + v.dtype.type(epsilon)
    with np.errstate(all="ignore"):
        u = np.where(n > 0, v / n, 0)
        out = np.where((n <= r) & interior, v, r * u)
        along = (u * g).sum(axis=1, keepdims=True) * radial
        x_bar = np.where((n <= r) & interior, g, np.where(n > 0, r / n, 1) * (g - u * along))
    return out.astype(v.dtype), [x_bar.astype(v.dtype)]


def l2_but(**changes):
    return lambda arrays, params, g: l2(arrays, params, g, **changes)


def linf(arrays, params, g, radius=None, straight=False, rescale=False, at=1.0):
    (v,), r = arrays, params["radius"] if radius is None else radius
    out = np.clip(v, -r, r)
    if rescale and v.size:
        n = np.abs(v).max(axis=1, keepdims=True)
        out = np.where(n > r, v * (v.dtype.type(r) / np.maximum(n, np.finfo(v.dtype).tiny)), v)
    x_bar = g if straight else np.where(np.abs(v) < r, g, np.where(np.abs(v) == r, v.dtype.type(at) * g, 0))
    return out.astype(v.dtype), [x_bar.astype(v.dtype)]


def linf_but(**changes):
    return lambda arrays, params, g: linf(arrays, params, g, **changes)


def operator(arrays, params, g, swap=False, share=True, total=False):
    (w,), p, q = arrays, params["p"], params["q"]
    if swap:
        p, q = {1: math.inf, 2: 2, math.inf: 1}[q], {1: math.inf, 2: 2, math.inf: 1}[p]
    if p == q == 2:
        return norm(arrays, params, g)
    if p == 1 and q == math.inf:
        sizes, slopes = np.abs(w), np.sign(w)
    elif 2 in (p, q):
        sizes = np.linalg.norm(w, axis=0 if p == 1 else 1, keepdims=True)
        slopes = np.where(sizes > 0, w / np.maximum(sizes, np.finfo(w.dtype).tiny), 0)
    else:
        sizes = np.abs(w).sum(axis=0 if p == 1 else 1, keepdims=True)
        slopes = np.sign(w)
    value = sizes.sum() if total else sizes.max()
    active = (sizes == sizes.max()) | total
    shares = active / (active.sum() if share and not total else 1)
    return np.asarray(value, w.dtype), [(g * slopes * shares).astype(w.dtype)]


def operator_but(**changes):
    return lambda arrays, params, g: operator(arrays, params, g, **changes)


RIGHT = {
    "spectral_norm": norm,
    "spectral_normalize": normalised,
    "project_l2_ball": l2,
    "project_linf_ball": linf,
    "operator_norm": operator,
}

BUGS = {
    "Frobenius": Bug("spectral_norm", "frobenius", norm_but(value=lambda w, s: np.linalg.norm(w))),
    "largest eigenvalue": Bug("spectral_norm", "not-eigenvalue", norm_but(value=eigenvalue)),
    "power iteration": Bug("spectral_norm", "from-below", norm_but(value=lambda w, s: power_iteration(w))),
    "epsilon in the norm": Bug(
        "spectral_norm", "scale-invariance", norm_but(value=lambda w, s: s + s.dtype.type(1e-3))
    ),
    "W / norm": Bug("spectral_norm", "known-vectors", norm_but(gradient=lambda w, s, d: w / (s or 1))),
    "all pairs": Bug("spectral_norm", "multiple", norm_but(gradient=all_pairs)),
    "no gradient where multiple": Bug(
        "spectral_norm",
        "multiple",
        norm_but(gradient=lambda w, s, d: d * (len(np.unique(np.linalg.svd(w)[1].round(4))) == min(w.shape))),
    ),
    "1 / differences": Bug("spectral_norm", "multiple", norm_but(gradient=by_differences)),
    "all pairs at zero": Bug(
        "spectral_norm",
        "zero-weight",
        norm_but(gradient=lambda w, s, d: d if s else 2 * np.ones_like(w)),
    ),
    "norm detached": Bug("spectral_normalize", "detached-norm", normalised_but(detach=True)),
    "sign of the norm's gradient": Bug("spectral_normalize", "known-vectors", normalised_but(sign=-1)),
    "never enlarged": Bug("spectral_normalize", "norm-below-one", normalised_but(enlarge=False)),
    "by Frobenius": Bug("spectral_normalize", "frobenius", normalised_but(frobenius=True)),
    "epsilon in the divisor": Bug("spectral_normalize", "scale-invariance", normalised_but(epsilon=1e-3)),
    "l2 sphere for ball": Bug("project_l2_ball", "inside", l2_but(interior=False)),
    "radial part kept": Bug("project_l2_ball", "rescaled", l2_but(radial=False)),
    "l2 radius 1": Bug("project_l2_ball", "radius", l2_but(radius=1)),
    "whole matrix": Bug("project_l2_ball", "rows", l2_but(whole=True)),
    "l2 epsilon": Bug("project_l2_ball", "scale", l2_but(epsilon=1e-3)),
    "linf radius 1": Bug("project_linf_ball", "radius", linf_but(radius=1)),
    "straight through": Bug("project_linf_ball", "clipped", linf_but(straight=True)),
    "rescaled row": Bug("project_linf_ball", "clipped", linf_but(rescale=True)),
    "twice at the radius": Bug("project_linf_ball", "sphere", linf_but(at=2.0)),
    "norm of the transpose": Bug("operator_norm", "transposed-pair", operator_but(swap=True)),
    "summed vectors": Bug("operator_norm", "largest-one", operator_but(total=True)),
    "each in full": Bug("operator_norm", "norm-tie", operator_but(share=False)),
}


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_fails_on_the_flag_that_names_it(name):
    require_found(BUGS[name], share=0.2)


@pytest.mark.parametrize("name", BUGS)
def test_a_consumer_of_the_json_alone_refuses_nearly_what_the_runner_refuses(name):
    require_refused(BUGS[name], share=0.8)


@pytest.mark.parametrize("op", RIGHT)
def test_without_their_bugs_they_pass(op):
    for dtypes in (["float32"], ["float64"]):
        report = report_of(RIGHT[op], op, dtypes=dtypes)
        assert report.verdict == "PASS", table("", [report])


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("all pairs", {"multiple", "zero-weight"}),
        ("never enlarged", {"norm-below-one", "scale-invariance"}),
        ("l2 sphere for ball", {"inside"}),
        ("twice at the radius", {"sphere"}),
        ("each in full", {"norm-tie"}),
    ],
)
def test_a_bug_of_one_kind_fails_on_nothing_else(name, flags):
    require_alone(BUGS[name], flags)
