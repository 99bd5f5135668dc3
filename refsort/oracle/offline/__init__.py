"""Judging across a gap: questions in one file, answers in another, for machines where nothing can be installed.

    refsort check --export inputs.npz                                       here: also writes inputs_runner.py
    python inputs_runner.py inputs.npz my_adapter.py outputs.npz            there: NumPy and the adapter are enough
    refsort check --judge outputs.npz                                       here again, inputs.npz beside it

Both files are NumPy archives without pickles. An entry "manifest" holds JSON in UTF-8 as an array of bytes.

Inputs: ``{"format": "refsort-inputs/1", "id": ..., "cases": [{"op", "dtype", "params", "arrays"}, ...]}``. Case k has
the entries "k.array0" to "k.array<arrays - 1>" and "k.cotangent". Real parameters are hex floats in strings, so that
they are not rounded. `id` is a hash of everything.

Outputs: ``{"format": "refsort-outputs/1", "inputs": id}``, the "file" of the inputs, the "adapter" (its file), and what
that declares: "name", "conventions", "unit_roundoff" (hex floats). Entries: "k.value", the result where no gradient is
wanted; "k.out", "k.gradient0" and so on, the result and the gradients for the cotangent. What is missing is not
implemented, unless "told" says otherwise: ``{"k.value": ["error", why], "k.out": ["not implemented", why]}``.

Each question is asked once: that the same call gives the same bits, and that inputs are left alone, is not seen here.
"""

from refsort.oracle.offline.answers import judge_outputs
from refsort.oracle.offline.questions import Questions, export, read_inputs

__all__ = ["Questions", "export", "judge_outputs", "read_inputs"]
