"""Answer questions of refsort with an adapter, where only NumPy and the adapter's own library are installed.

python inputs_runner.py inputs.npz my_adapter.py outputs.npz
"""

import json
import os
import runpy
import sys

import numpy as np


def main(inputs: str, source: str, outputs: str) -> None:
    """Read the questions, ask the adapter in the file `source`, and write what it says."""
    sys.path.insert(0, os.path.dirname(os.path.abspath(source)))  # an adapter may import what lies beside it
    adapter = runpy.run_path(source)
    questions = np.load(inputs)
    answers, told = {}, {}
    manifest = json.loads(questions["manifest"].tobytes())
    for k, case in enumerate(manifest["cases"]):
        if case["op"] not in adapter.get("OPS", [case["op"]]):
            continue
        if case["dtype"] not in adapter.get("DTYPES", ["float32", "float64"]):
            continue
        params = {name: float.fromhex(p) if isinstance(p, str) else p for name, p in case["params"].items()}
        for kind in ("value", "out"):
            arrays = [questions[f"{k}.array{i}"] for i in range(case["arrays"])]
            cotangent = questions[f"{k}.cotangent"] if kind == "out" else None
            try:
                out, gradients = adapter["call"](case["op"], arrays, dict(params), cotangent, case["dtype"])
                answers[f"{k}.{kind}"] = np.asarray(out)
                for i, gradient in enumerate(gradients if kind == "out" else []):
                    if gradient is not None:
                        answers[f"{k}.gradient{i}"] = np.asarray(gradient)
            except NotImplementedError as error:
                told[f"{k}.{kind}"] = ["not implemented", str(error)]
            except Exception as error:
                told[f"{k}.{kind}"] = ["error", f"{type(error).__name__}: {error}"]
    about = {
        "format": "refsort-outputs/1",
        "inputs": manifest["id"],
        "file": os.path.basename(inputs),
        "adapter": os.path.basename(source),
        "name": adapter.get("NAME", os.path.basename(source)),
        "conventions": adapter.get("CONVENTIONS", {}),
        "unit_roundoff": {name: float(u).hex() for name, u in adapter.get("UNIT_ROUNDOFF", {}).items()},
        "told": told,
    }
    np.savez(outputs, manifest=np.frombuffer(json.dumps(about).encode(), np.uint8), **answers)  # type: ignore[arg-type]


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
