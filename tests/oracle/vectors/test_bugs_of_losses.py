"""Planted bugs of losses, certificates and networks: each fails on the flag that names it; without it all passes."""

import math

import numpy as np
import pytest

from refsort.oracle.vectors.report import table
from tests.oracle.vectors.planted import Bug, require_alone, require_found, require_refused
from tests.oracle.vectors.putting import report_of


def hinge(arrays, params, g, margin=1.0, mean=True, largest=False, own=False, both=False, label=True):
    logits, labels = arrays
    dtype, (n, k) = logits.dtype.type, logits.shape
    at = np.arange(n), labels
    lacking = dtype(params["margin"] * margin) - (logits[at][:, None] - logits)
    if not own:
        lacking[at] = -1
    opened = lacking > 0
    if largest:
        opened &= lacking == lacking.max(axis=1, keepdims=True)
    slopes = opened.astype(dtype)
    if both:  # a corner counts twice
        slopes = slopes + 2 * (lacking == 0)
    divisor = dtype(n * k if mean else k)
    out = np.where(opened, lacking, 0).sum() / divisor
    if label:
        slopes[at] -= slopes.sum(axis=1)
    return out.astype(dtype), [(g * slopes / divisor).astype(dtype), None]


def hinge_but(**changes):
    return lambda arrays, params, g: hinge(arrays, params, g, **changes)


def entropy(arrays, params, g, margin=1.0, divide=False, shift=True, mean=True, scaled=True, label=1.0):
    logits, labels = arrays
    dtype, n = logits.dtype.type, len(logits)
    at = np.arange(n), labels
    temperature = dtype(1 / params["temperature"] if divide else params["temperature"])
    z = logits.copy()
    z[at] -= dtype(params["margin"] * margin)
    z = temperature * z
    top = z.max(axis=1, keepdims=True) if shift else 0 * z[:, :1]
    powers = np.exp(z - top)
    total = powers.sum(axis=1, keepdims=True)
    losses = np.log(total)[:, 0] + (top[:, 0] - z[at])
    p = powers / total
    p[at] -= dtype(label)
    divisor = dtype(n if mean else 1)
    return (losses.sum() / divisor).astype(dtype), [
        (g * (temperature if scaled else 1) * p / divisor).astype(dtype),
        None,
    ]


def entropy_but(**changes):
    return lambda arrays, params, g: entropy(arrays, params, g, **changes)


def kr(arrays, params, g, sign=1, mean=True, gradient_mean=True):
    p, q = arrays
    n, m = (v.size if mean else 1 for v in arrays)
    out = sign * (p.sum() / p.dtype.type(n) - q.sum() / p.dtype.type(m))
    slopes = [np.full(v.shape, s / (v.size if gradient_mean else 1), v.dtype) for v, s in ((p, sign), (q, -sign))]
    return out.astype(p.dtype), [g * slope for slope in slopes]


def kr_but(**changes):
    return lambda arrays, params, g: kr(arrays, params, g, **changes)


def hkr(arrays, params, g, margin=1.0, alpha=None, sign=-1, pooled=True, corner=0.0):
    p, q = arrays
    dtype = p.dtype.type
    weight = dtype(params["alpha"] if alpha is None else alpha)
    out, slopes = kr(arrays, params, g, sign=sign)
    total = p.size + q.size
    for i, (v, s) in enumerate(((p, 1), (q, -1))):
        lacking = dtype(params["margin"] * margin) - s * v
        divisor = dtype(total if pooled else 2 * v.size)
        out = out + weight * np.maximum(lacking, 0).sum() / divisor
        opened = (lacking > 0) + dtype(corner) * (lacking == 0)
        slopes[i] = (slopes[i] - g * s * weight * opened / divisor).astype(dtype)
    return np.asarray(out, dtype), slopes


def hkr_but(**changes):
    return lambda arrays, params, g: hkr(arrays, params, g, **changes)


def radius(arrays, params, g, divisor=None, constant=True, clip=True, runner_up=True, predicted=False):
    logits, labels = arrays
    dtype, n = logits.dtype.type, len(labels)
    labels = logits.argmax(axis=1) if predicted else labels
    others = logits.copy()
    others[np.arange(n), labels] = -np.inf
    rival = others.max(axis=1) if runner_up else np.maximum(others.min(axis=1), 0)
    margin = logits[np.arange(n), labels] - rival
    p = params["p"]
    by = (2 if p == math.inf else 2 ** ((p - 1) / p)) if divisor is None else divisor
    margin = np.maximum(margin, 0) if clip else margin
    return (margin / dtype(by * (params["lipschitz"] if constant else 1))).astype(dtype), [None, None]


def radius_but(**changes):
    return lambda arrays, params, g: radius(arrays, params, g, **changes)


def network(arrays, params, g, last=False, size=None, bias=True, untransposed=False, summed=True, sort_back=True):
    x, *parameters = arrays
    count, size = len(parameters) // 2, params["group_size"] if size is None else size
    weights, biases = parameters[:count], parameters[count:]
    h, kept = x, []
    for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
        z = h @ w.T + (b if bias else 0)
        sorts = (i < count - 1 or last) and z.shape[1] % size == 0
        groups = z.reshape(len(z), -1, size) if sorts else None
        order = np.argsort(groups, axis=-1, kind="stable") if sorts else None
        kept.append((h, order))
        h = np.take_along_axis(groups, order, -1).reshape(z.shape) if sorts else z
    w_bars, b_bars, h_bar = [], [], g
    for (inputs, order), w in zip(kept[::-1], weights[::-1], strict=True):
        if order is not None and sort_back:
            z_bar = np.empty_like(order, dtype=h_bar.dtype)
            np.put_along_axis(z_bar, order, h_bar.reshape(order.shape), -1)
            h_bar = z_bar.reshape(h_bar.shape)
        w_bars.append(h_bar.T @ inputs)
        b_bars.append(h_bar.sum(axis=0) if summed or not len(h_bar) else h_bar.mean(axis=0))
        h_bar = h_bar @ (w.T if untransposed and w.shape[0] == w.shape[1] else w)
    return h, [a.astype(x.dtype) for a in (h_bar, *w_bars[::-1], *b_bars[::-1])]


def network_but(**changes):
    return lambda arrays, params, g: network(arrays, params, g, **changes)


RIGHT = {
    "hinge": hinge,
    "cross_entropy": entropy,
    "kr": kr,
    "hkr": hkr,
    "certified_radius": radius,
    "network": network,
}

BUGS = {
    "half the margin": Bug("hinge", "hinge-margin", hinge_but(margin=0.5)),
    "sum over the batch": Bug("hinge", "batch-mean", hinge_but(mean=False)),
    "largest other only": Bug("hinge", "every-class", hinge_but(largest=True)),
    "the label's own term": Bug("hinge", "satisfied", hinge_but(own=True)),
    "a corner twice": Bug("hinge", "corner", hinge_but(both=True)),
    "nothing to the label": Bug("hinge", "open-hinge", hinge_but(label=False)),
    "divided by the temperature": Bug("cross_entropy", "temperature", entropy_but(divide=True)),
    "temperature not in the gradient": Bug("cross_entropy", "temperature", entropy_but(scaled=False)),
    "margin added": Bug("cross_entropy", "entropy-margin", entropy_but(margin=-1.0)),
    "no shift": Bug("cross_entropy", "offset-logits", entropy_but(shift=False)),
    "losses summed": Bug("cross_entropy", "batch-mean", entropy_but(mean=False)),
    "softmax as gradient": Bug("cross_entropy", "small-logits", entropy_but(label=0.0)),
    "sums": Bug("kr", "sample-means", kr_but(mean=False)),
    "gradient of sums": Bug("kr", "sample-means", kr_but(gradient_mean=False)),
    "Q minus P": Bug("kr", "p-minus-q", kr_but(sign=-1)),
    "kr added": Bug("hkr", "p-minus-q", hkr_but(sign=1)),
    "alpha 10": Bug("hkr", "alpha", hkr_but(alpha=10)),
    "hkr margin halved": Bug("hkr", "hinge-margin", hkr_but(margin=0.5)),
    "means of each hinge": Bug("hkr", "unequal-samples", hkr_but(pooled=False)),
    "hkr corner twice": Bug("hkr", "corner", hkr_but(corner=2.0)),
    "always sqrt 2": Bug("certified_radius", "divisor", radius_but(divisor=math.sqrt(2))),
    "always 2": Bug("certified_radius", "divisor", radius_but(divisor=2)),
    "constant ignored": Bug("certified_radius", "constant", radius_but(constant=False)),
    "negative radii": Bug("certified_radius", "wrong-prediction", radius_but(clip=False)),
    "of the prediction": Bug("certified_radius", "wrong-prediction", radius_but(predicted=True)),
    "not the runner-up": Bug("certified_radius", "runner-up", radius_but(runner_up=False)),
    "last layer sorted": Bug("network", "no-last-sort", network_but(last=True)),
    "groups of two": Bug("network", "network-groups", network_but(size=2)),
    "offsets lost": Bug("network", "hidden-tie", network_but(bias=False)),
    "weight transposed": Bug("network", "backpropagation", network_but(untransposed=True)),
    "batch mean": Bug("network", "backpropagation", network_but(summed=False)),
    "straight through sorts": Bug("network", "backpropagation", network_but(sort_back=False)),
}


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_fails_on_the_flag_that_names_it(name):
    require_found(BUGS[name], share=0.2)


@pytest.mark.parametrize("name", BUGS)
def test_a_consumer_of_the_json_alone_refuses_nearly_what_the_runner_refuses(name):
    require_refused(BUGS[name], share=0.9)


@pytest.mark.parametrize("op", RIGHT)
def test_without_their_bugs_they_pass(op):
    for dtypes in (["float32"], ["float64"]):
        report = report_of(RIGHT[op], op, dtypes=dtypes)
        assert report.verdict == "PASS", table("", [report])


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("a corner twice", {"corner"}),
        ("no shift", {"offset-logits", "confident"}),
        ("hkr corner twice", {"corner"}),
        ("means of each hinge", {"unequal-samples", "alpha", "all-bits", "scale-invariance"}),
        ("constant ignored", {"constant", "tied-margin"}),
        ("last layer sorted", {"no-last-sort", "layer-scales", "all-bits", "hidden-tie"}),
    ],
)
def test_a_bug_of_one_kind_fails_on_nothing_else(name, flags):
    require_alone(BUGS[name], flags)
