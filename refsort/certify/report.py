"""What a classifier guarantees on given inputs and what attacks leave of it, side by side: values, table and JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.certify.attacks import Attack, attacked_accuracy, decaying_step, fgsm, pgd, refuted_certificates
from refsort.certify.lipschitz import lipschitz_bound
from refsort.certify.lower_bound import lipschitz_lower_bound
from refsort.certify.margins import margins, share_above
from refsort.certify.radii import sound_radius
from refsort.nets import Network, Parameters
from refsort.ops.arrays import Array
from refsort.progress import Progress
from refsort.tables import format_table

_NORMS = {1: "1", 2: "2", math.inf: "inf"}
_SEARCHED = 64  # the lower bound starts from so many inputs


class Robustness(NamedTuple):
    """Shares of inputs, in the arithmetic that is named; each list follows `radii`.

    Attributes
    ----------
    p : {2, inf}
        The norm of the radii.
    radii : list of float
    dtype : str
        That of the evaluation, for all but `other`.
    inputs : int
        How many there are.
    clean : float
        The share whose computed logits put the true class strictly first.
    certified : list of float
        The share with a sound radius (`sound_radius`) above each of the radii; at 0 that of the inputs that every
        evaluation in this dtype gets right.
    other : dict
        The same for the parameters and inputs rounded to other dtypes, by their names.
    constant, lower : float
        Between these lies the Lipschitz constant from the p-norm to the norm of the logits: the product of the layers'
        norm bounds, and the steepest chord that a search found.
    layers : list of float
        The norm bound of each layer.
    attacked : int
        The first so many inputs were attacked.
    fgsm, pgd : list of float
        The share of these that the attack leaves right, an upper bound of robust accuracy; None where there are none.
    broken : int
        Inputs that an attack broke at a radius that was certified for them, over all radii: a bug of this package, or
        arithmetic outside of its model.
    rounding : dict
        For the ``sound`` and the ``naive`` radii: how many of the attacked inputs are certified, and how many of these
        certificates the rounding attack refuted. The naive ones are what is published: constant 1, no rounding.
    """

    p: float
    radii: list[float]
    dtype: str
    inputs: int
    clean: float
    certified: list[float]
    other: dict[str, list[float]]
    constant: float
    lower: float
    layers: list[float]
    attacked: int
    fgsm: list[float | None]
    pgd: list[float | None]
    broken: int
    rounding: dict[str, tuple[int, int]]

    @property
    def holds(self) -> bool:
        """Whether no attack refuted a sound certificate."""
        return not self.broken and not self.rounding.get("sound", (0, 0))[1]


def robustness(
    network: Network,
    params: Parameters,
    x: ArrayLike,
    labels: ArrayLike,
    radii: Sequence[float],
    p: float = 2,
    q: float | None = None,
    box: tuple[float, float] | None = None,
    *,
    rng: np.random.Generator,
    attacked: int = 1000,
    steps: int = 40,
    restarts: int = 1,
    also: Sequence[str] = (),
) -> Robustness:
    """Certify a folded network on all inputs, and attack it on the first `attacked` of them.

    Parameters
    ----------
    network, params, x, labels, p, q
        As in `sound_radius`; x is rounded to the dtype of the parameters. p is 2 or inf.
    radii : sequence of float
        Not negative.
    box : (lo, hi), optional
        What an entry of an input may be: FGSM and PGD keep to it. The rounding attack does not, since certificates
        speak of all points.
    rng : numpy.random.Generator
        For starts and neighbours: the same state gives the same report.
    attacked, steps, restarts : int
        How many inputs to attack, 0 for none; of projected gradient ascent (`pgd`).
    also : sequence of str
        Other dtypes to certify in.

    Returns
    -------
    Robustness

    Raises
    ------
    TypeError, ValueError
        As in `sound_radius`, `share_above` and `pgd`.

    Examples
    --------
    >>> from refsort.nets import Layer
    >>> network, params = Network((Layer(1, 2),)), [(np.array([[0.5], [-0.5]]), np.zeros(2))]
    >>> found = robustness(network, params, [[1.0], [3.0]], [0, 0], [0.0, 2.0], rng=np.random.default_rng(0))
    >>> found.clean, found.certified, found.pgd, found.holds
    (1.0, [1.0, 0.5], [1.0, 0.5], True)
    """
    x = np.asarray(x).astype(params[-1][1].dtype)
    labels, dtype = np.asarray(labels), x.dtype.name
    wanted = [float(r) for r in radii]
    with Progress("certifying", 4 + len(wanted)) as progress:
        progress.update(0, "radii")
        found = sound_radius(network, params, x, labels, p, q)
        certified = share_above(found.radius, wanted).tolist()
        bound = lipschitz_bound(network, params, p, q)
        progress.update(1, "other dtypes")
        other = {name: _certified_in(name, network, params, x, labels, wanted, p, q) for name in also}
        progress.update(2, "lower bound of the Lipschitz constant")
        lower = lipschitz_lower_bound(network, params, x[:_SEARCHED].astype(np.float64), rng, p, q).constant
        some, of_some, n = x[:attacked], labels[:attacked], len(x[:attacked])
        left: dict[str, list[float | None]] = {"fgsm": [], "pgd": []}
        broken, rounding = 0, dict[str, tuple[int, int]]()
        for k, radius in enumerate(wanted):
            progress.update(3 + k, f"attacks at {radius:g}")
            for name, attack in _attacks(network, params, some, of_some, radius, p, box, steps, restarts, rng):
                left[name].append(attacked_accuracy(attack) if n else None)
                broken += int(np.count_nonzero(attack.broken & (found.radius[:attacked] > radius)))
        if n:
            progress.update(3 + len(wanted), "rounding attack")
            certificates = {"sound": _attackable(found.radius[:n]), "naive": _attackable(found.naive[:n])}
            refuted = refuted_certificates(network, params, some, of_some, certificates, p, rng=rng)
            rounding = {name: (one.certified, one.refuted) for name, one in refuted.items()}
    return Robustness(
        p=p,
        radii=wanted,
        dtype=dtype,
        inputs=len(x),
        clean=float(np.mean(margins(found.logits, labels) > 0)),
        certified=certified,
        other=other,
        constant=bound.constant,
        lower=lower,
        layers=[float(c) for c in bound.layers],
        attacked=n,
        **left,
        broken=broken,
        rounding=rounding,
    )


def _certified_in(
    dtype: str,
    network: Network,
    params: Parameters,
    x: Array,
    labels: Array,
    radii: list[float],
    p: float,
    q: float | None,
) -> list[float]:
    found = sound_radius(network, network.cast(params, dtype), x.astype(dtype), labels, p, q)
    shares: list[float] = share_above(found.radius, radii).tolist()
    return shares


def _attacks(
    network: Network,
    params: Parameters,
    x: Array,
    labels: Array,
    radius: float,
    p: float,
    box: tuple[float, float] | None,
    steps: int,
    restarts: int,
    rng: np.random.Generator,
) -> list[tuple[str, Attack]]:
    """The outcomes of both attacks; at radius 0 both see the inputs as they are."""
    radius = max(radius, 1e-100)  # closer to 0 than to any other float for every entry that is not as small itself
    once = fgsm(network, params, x, labels, radius, p, box)
    long = pgd(
        network,
        params,
        x,
        labels,
        radius,
        p,
        box,
        steps=steps,
        restarts=restarts,
        step_size=decaying_step,
        rng=rng,
    )
    return [("fgsm", once), ("pgd", long)]


def _attackable(radius: Array) -> Array:
    """Radii that the rounding attack takes: above 1e100, where logits are constant, there is nothing to be found."""
    return np.where(radius > 1e100, 0, radius).astype(np.float64)


def as_json(found: Robustness) -> dict[str, Any]:
    """The report in plain dicts, lists, strings and numbers; the infinity of a norm as a string."""
    return {
        **found._asdict(),
        "p": _NORMS[found.p],
        "rounding": {
            name: {"certified": certified, "refuted": refuted} for name, (certified, refuted) in found.rounding.items()
        },
        "holds": found.holds,
    }


def table(found: Robustness) -> str:
    """The report for people."""
    head = [f"radius, {_NORMS[found.p]}-norm", "certified %"]
    columns: list[Sequence[float | None]] = [found.certified]
    for name, shares in found.other.items():
        head.append(f"{name} %")
        columns.append(shares)
    if found.attacked:
        head += ["after FGSM %", "after PGD %"]
        columns += [found.fgsm, found.pgd]
    rows = [
        [f"{r:g}", *("-" if column[i] is None else f"{100 * (column[i] or 0):.2f}" for column in columns)]
        for i, r in enumerate(found.radii)
    ]
    lines = [
        f"{found.inputs} inputs, evaluated in {found.dtype}: {100 * found.clean:.2f} % right",
        f"Lipschitz constant between {_constant(found.lower)} (a chord) and {_constant(found.constant)} "
        f"(layers: {', '.join(_constant(c) for c in found.layers)})",
        "",
        format_table(head, rows),
        "",
    ]
    if found.attacked:
        lines.append(f"attacked: the first {found.attacked}; certified inputs that FGSM or PGD broke: {found.broken}")
        lines += [
            f"{name} certificates of these that the rounding attack refuted: {refuted} of {certified}"
            for name, (certified, refuted) in found.rounding.items()
        ]
    lines.append(
        f"A certificate holds for every input of {found.dtype} numbers within the radius, as the network runs: "
        "rounding included."
    )
    return "\n".join(lines)


def _constant(c: float) -> str:
    """A bound, as its distance from 1 where it is near."""
    return f"1 {'+' if c >= 1 else '-'} {abs(c - 1):.1e}" if 0 < abs(c - 1) < 1e-3 else f"{c:.6g}"
