"""How many of a set of certificates an attack refutes, for several ways to certify the same inputs side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.certify.attacks.ball import Box
from refsort.certify.attacks.rounding_attack import Counterexamples, rounding_attack
from refsort.nets import Network, Parameters


class Refuted(NamedTuple):
    """What became of the certificates of one kind.

    Attributes
    ----------
    inputs : int
        How many inputs there are.
    certified : int
        How many of them have a certificate: a radius that is not 0.
    counterexamples : Counterexamples
        Verified points that refute one each; their indices are those of the inputs.
    """

    inputs: int
    certified: int
    counterexamples: Counterexamples

    @property
    def refuted(self) -> int:
        """How many certificates are refuted."""
        return len(self.counterexamples.indices)


def refuted_certificates(
    network: Network,
    params: Parameters,
    x: ArrayLike,
    labels: ArrayLike,
    radii: Mapping[str, ArrayLike],
    p: float = 2,
    box: Box | None = None,
    *,
    rng: np.random.Generator,
    **search: Any,
) -> dict[str, Refuted]:
    """Attack the certificates of each kind with `rounding_attack`, which has projected gradient ascent in it.

    Parameters
    ----------
    network, params, x, labels, p, box, rng
        As in `rounding_attack`.
    radii : mapping from a name to array_like, (n,)
        The certified radius of each input, 0 where there is none.
    **search
        How long to search; passed to `rounding_attack`.

    Returns
    -------
    dict of Refuted
        One for each name.

    Raises
    ------
    TypeError, ValueError
        As `rounding_attack`; for radii that are negative, NaN or not one for each input.

    Examples
    --------
    The logits x and -x are 1-Lipschitz each, which supports margin / 2 = 1 and not margin / sqrt 2:

    >>> from refsort.nets import Layer, Network
    >>> network, params = Network((Layer(1, 2),)), [(np.array([[1.0], [-1.0]]), np.zeros(2))]
    >>> radii = {"joint": [2 / np.sqrt(2)], "per logit": [2 / 2]}
    >>> found = refuted_certificates(network, params, [[1.0]], [0], radii, rng=np.random.default_rng(0))
    >>> {name: (outcome.certified, outcome.refuted) for name, outcome in found.items()}
    {'joint': (1, 1), 'per logit': (1, 0)}
    """
    x, labels = np.asarray(x), np.asarray(labels)
    outcomes = {}
    for name, radius in radii.items():
        r = np.asarray(radius, dtype=np.float64)
        if r.shape != (len(x),) or not np.all(r >= 0):
            raise ValueError(
                f"refuted_certificates: {name!r} needs one radius for each of {len(x)} inputs, 0 where there is none; "
                f"got shape {r.shape} with {np.count_nonzero(~(r >= 0))} entries negative or NaN"
            )
        rows = np.flatnonzero(r)
        found = rounding_attack(network, params, x[rows], labels[rows], r[rows], p, box, rng=rng, **search)
        outcomes[name] = Refuted(len(x), len(rows), found._replace(indices=rows[found.indices]))
    return outcomes
