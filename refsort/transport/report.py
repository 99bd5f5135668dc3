"""Lower bound <= W_1 <= primal value: an exact distance and critics side by side, as values, table and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from numpy.typing import ArrayLike

from refsort.nets import Network, Parameters
from refsort.progress import Progress
from refsort.tables import format_table
from refsort.transport.critic import STEEP, CriticBound, critic_lower_bound
from refsort.transport.exact import Transport, wasserstein1
from refsort.transport.samples import measures

_NORMS = {1: "1", 2: "2", float("inf"): "inf"}


class Sandwich(NamedTuple):
    """What is known about W_1 of two samples.

    Attributes
    ----------
    n, m, d : int
        The number of points of each sample, and their dimension.
    metric : str
    exact : Transport, optional
        None where it could not be computed.
    critics : dict
        The bound of each critic that proves one, by its name.
    missing : dict
        Why there is no exact distance, under "exact", or no bound of a critic, under its name.
    """

    n: int
    m: int
    d: int
    metric: str
    exact: Transport | None
    critics: dict[str, CriticBound]
    missing: dict[str, str]

    @property
    def lower(self) -> float:
        """The greatest of the lower bounds; 0, which is one, where there is no other."""
        bounds = [found.lower for found in self.critics.values()]
        return max([*bounds, 0.0 if self.exact is None else self.exact.lower])

    @property
    def holds(self) -> bool:
        """Whether no lower bound exceeds the upper one. Where this is False, something here has a bug."""
        return self.exact is None or self.lower <= self.exact.upper


def sandwich(
    x: ArrayLike,
    y: ArrayLike,
    metric: str = "l2",
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
    critics: Mapping[str, tuple[Network, Parameters]] | None = None,
    *,
    memory: int | None = None,
) -> Sandwich:
    """Compute what can be computed: the exact distance if memory allows it, and the bound of each critic that has one.

    Parameters
    ----------
    x, y, metric, a, b, memory
        As in `wasserstein1`.
    critics : mapping, optional
        Folded networks and their parameters, by name.

    Returns
    -------
    Sandwich

    Raises
    ------
    TypeError, ValueError
        For samples, weights and metrics that are wrong, as in `wasserstein1`. What is wrong with a critic is a text in
        `missing`, and so is a problem that is too large or that HiGHS gives up.

    Examples
    --------
    >>> import numpy as np
    >>> from refsort.nets import Layer
    >>> half = Network((Layer(1, 1),)), [(np.array([[-0.5]]), np.zeros(1))]
    >>> found = sandwich([0.0, 1.0], [4.0, 5.0], critics={"half": half})
    >>> found.exact.distance, 1 - 1e-14 < found.critics["half"].lower / 4 <= 1, found.holds
    (4.0, True, True)
    """
    critics = critics or {}
    p, q = measures("wasserstein1", x, y, a, b)
    exact, bounds, missing = None, dict[str, CriticBound](), dict[str, str]()
    with Progress("bounding", 1 + len(critics)) as progress:
        progress.update(0, f"{len(p.points)} x {len(q.points)} points")
        try:
            exact = wasserstein1(x, y, metric, a, b, memory=memory)
        except (MemoryError, RuntimeError) as error:
            missing["exact"] = str(error) or "out of memory"
        for k, (name, (network, params)) in enumerate(critics.items()):
            progress.update(1 + k, name)
            try:
                bounds[name] = critic_lower_bound(network, params, x, y, metric, a, b)
            except (TypeError, ValueError) as error:
                missing[name] = str(error)
    return Sandwich(len(p.points), len(q.points), p.points.shape[1], metric, exact, bounds, missing)


def as_json(found: Sandwich) -> dict[str, Any]:
    """The report in plain dicts, strings and numbers; plan and potentials are not in it."""
    exact = found.exact and {
        name: getattr(found.exact, name) for name in ("method", "distance", "dual", "lower", "upper", "gap")
    }
    return {
        "points": [found.n, found.m],
        "dimension": found.d,
        "metric": found.metric,
        "exact": exact,
        "critics": {
            name: {
                "lower": bound.lower,
                "difference": bound.difference,
                "error": bound.error,
                "lipschitz": bound.lipschitz,
                "norm": _NORMS[bound.norm],
                "share of W1": _share(found, bound),
                "steep": bound.steep,
            }
            for name, bound in found.critics.items()
        },
        "missing": found.missing,
        "holds": found.holds,
    }


def table(found: Sandwich) -> str:
    """The report for people."""
    upper = "?" if found.exact is None else f"{found.exact.upper!r}"
    rows = []
    if found.exact is not None:
        rows.append(["potentials", f"{found.exact.lower!r}", upper, f"{found.exact.relative_gap:.1e}", "", ""])
    for name, bound in found.critics.items():
        share = _share(found, bound)
        gap = "?" if share is None else f"{1 - share:.1e}"
        rows.append([name, f"{bound.lower!r}", upper, gap, f"{bound.lipschitz:.6g}", f"{100 * bound.steep:.1f}"])
    head = ["proved by", "lower bound <=", "W1 <= primal value", "relative gap", "Lipschitz bound", "steep %"]
    lines = [f"{found.n} and {found.m} points in {found.d} dimensions, metric {found.metric}", ""]
    if rows:
        lines += [format_table(head, rows), ""]
    if found.exact is not None:
        lines.append(
            f"by {found.exact.method}: {len(found.exact.mass)} pairs between which mass is moved, for "
            f"{found.exact.distance!r} in all"
        )
    if found.critics:
        lines.append(
            f"steep: gradients above {STEEP} of the Lipschitz bound; an optimal critic has them along its rays"
        )
    if not found.holds:
        lines.append("VIOLATED: a lower bound exceeds the primal value; one of the two is wrong, which is a bug")
    lines.append("The bounds hold for the numbers in the files, rounding included, and for these finite samples.")
    return "\n".join(lines)


def _share(found: Sandwich, bound: CriticBound) -> float | None:
    """The critic's lower bound over W_1, where that is known and not 0."""
    return bound.lower / found.exact.upper if found.exact is not None and found.exact.upper else None
