"""A failure of a large call as a script: the data are drawn again, and the worst entries printed."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

from refsort.oracle.conventions import Convention
from refsort.oracle.operations import OPERATIONS
from refsort.oracle.realistic.data import DRAWN, rounded
from refsort.oracle.realistic.failure import LargeMismatch
from refsort.oracle.script import literal, load_text
from refsort.oracle.sources import Answers

_TEMPLATE = '''\
"""{title}"""

from __future__ import annotations

import importlib.util
{os}import sys

import numpy as np

{load}

{functions}

rng = np.random.default_rng({seed})
calls = [call for draw in ({draws},) for call in draw({op!r}, rng, {dtype!r}, {width})]
arrays, params, cotangent = calls[{call}]
places = {places}
{layout}
print("claim    {claim}")
print("expected {expected}")
print("entries ", places, "of", {name!r})
print("expected", {numbers})
for given in [{given}]:
    try:
        out, gradients = adapter.call({op!r}, [a.copy() for a in arrays], dict(params), given, {dtype!r})
    except NotImplementedError:
        continue
    found = np.asarray({found})
    print("found   ", {shown})
'''

_LAYOUT = """
ours = np.arange(arrays[0].shape[-1]).reshape(-1, {size})
enter, leave = ours{enter}.ravel(), ours{leave}.ravel()  # where the adapter's entries stand in this script's layout
arrays, cotangent = [a[:, enter] for a in arrays], cotangent[:, leave]
"""


def large_script(mismatch: LargeMismatch, source: str | Answers, conventions: Mapping[str, Convention]) -> str:
    """The script of a large call, as `refsort.oracle.script.script` gives it.

    It draws with the functions of `refsort.oracle.realistic.data`, whose source it carries, and so needs NumPy alone.
    """
    case, large = mismatch.case, mismatch.large
    draws = DRAWN[case.op]
    convention, layout, back = conventions.get(case.op), "", ""
    if convention is not None:
        size = {"max_min": "2", "full_sort": "arrays[0].shape[-1]"}.get(case.op, str(case.params.get("group_size")))
        enter, leave = convention.source()
        layout = _LAYOUT.format(size=size, enter=enter, leave=leave)
        back = f"[..., np.argsort({'leave' if large.array < 0 else 'enter'})]"
    operation = OPERATIONS[case.op]
    given = ["cotangent"] if large.array >= 0 else ["None", "cotangent"]
    return _TEMPLATE.format(
        title=literal(f"{case.op} {case.dtype}: {mismatch.claim}"),
        os="import os\n" if isinstance(source, Answers) else "",
        load=load_text(source),
        functions="\n\n".join(inspect.getsource(function) for function in (rounded, *draws)).rstrip(),
        draws=", ".join(draw.__name__ for draw in draws),
        seed=large.seed,
        op=case.op,
        dtype=case.dtype,
        width=large.width,
        call=large.call,
        places=large.places,
        layout=layout,
        claim=literal(mismatch.claim),
        expected=literal(mismatch.expected),
        name="the result" if large.array < 0 else f"gradient {large.array}",
        numbers=large.expected,
        given=", ".join(["None"] if operation.gradients is None else given),
        found=("out" if large.array < 0 else f"gradients[{large.array}]") + back,
        shown="[float(found[place]) for place in places]" if large.places else "found.min(), 'to', found.max()",
    )
