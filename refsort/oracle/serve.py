"""A Python adapter in a process of its own: ``python -m refsort.oracle.serve ADAPTER``.

So a crash or a hang of an adapter is a result, and the judge lives on:

    refsort check --command "python -m refsort.oracle.serve my_adapter.py"

It also is the protocol of `refsort.oracle.subprocess_adapter` seen from the other side.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, BinaryIO

import numpy as np

from refsort.oracle.adapter import Adapter, AdapterError, load, one_line
from refsort.oracle.wire import decoded, decoded_params, encoded, shown
from refsort.rounding import UNIT_ROUNDOFF


def serve(source: str, requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests for the adapter `source` until there are no more.

    Examples
    --------
    >>> import io
    >>> answers = io.BytesIO()
    >>> serve("numpy", io.BytesIO(b'{"seq": 0, "cmd": "start"}'), answers)
    >>> json.loads(answers.getvalue())["dtypes"]
    ['float16', 'float32', 'float64']
    """
    adapter = None
    for line in requests:
        request = json.loads(line)
        if request["cmd"] == "stop":
            return
        if request["cmd"] == "start":
            answer, adapter = _started(source)
        else:
            answer = _answered(adapter, request)
        answers.write(json.dumps({"seq": request["seq"], **answer}).encode() + b"\n")
        answers.flush()


def _started(source: str) -> tuple[dict[str, Any], Adapter | None]:
    try:
        adapter = load(source)
    except AdapterError as error:
        return {"unavailable": str(error)}, None
    lower = {name: float(u).hex() for name, u in adapter.unit_roundoff.items() if u != UNIT_ROUNDOFF[name]}
    answer = {
        "name": adapter.name,
        "dtypes": list(adapter.dtypes),
        "conventions": {op: convention._asdict() for op, convention in adapter.conventions.items()},
        "unit_roundoff": lower,
        "flushes_subnormals": adapter.flushes_subnormals,
    }
    return answer if adapter.ops is None else answer | {"ops": sorted(adapter.ops)}, adapter


def _answered(adapter: Adapter | None, request: dict[str, Any]) -> dict[str, Any]:
    if adapter is None:
        return {"error": "call before start"}
    arrays = [decoded("an array", array) for array in request["arrays"]]
    cotangent = None if request["cotangent"] is None else decoded("the cotangent", request["cotangent"])
    given = [array for array in [*arrays, cotangent] if array is not None]
    before = [array.tobytes() for array in given]
    try:
        answer = adapter.call(request["op"], arrays, decoded_params(request["params"]), cotangent, request["dtype"])
        if [array.tobytes() for array in given] != before:
            return {"error": "an input was written to"}
        out, gradients = answer
        if gradients is not None:
            gradients = [None if gradient is None else _array(gradient) for gradient in gradients]
        return {"out": _array(out), "gradients": gradients}
    except NotImplementedError as error:
        return {"not_implemented": True, "why": str(error)}
    except (Exception, SystemExit) as error:  # whatever an adapter raises is its answer
        return {"error": one_line(error)}


def _array(found: Any) -> dict[str, Any]:
    found = np.asarray(found) if isinstance(found, np.generic) else found
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "fi" or found.dtype.itemsize > 8:
        raise TypeError(f"expected an ndarray of floats or integers, got {shown(found)}")
    return encoded(found)


def _main(argv: list[str]) -> int:
    if len(argv) != 1:
        print("usage: python -m refsort.oracle.serve ADAPTER", file=sys.stderr)
        return 2
    # what the adapter prints must not get between the answers
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)
        serve(argv[0], sys.stdin.buffer, answers)
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
