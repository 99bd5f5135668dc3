"""Questions in one file, answers in another: the same verdicts as on the spot, and no damage goes unseen."""

import json
import subprocess
import sys

import numpy as np
import pytest

from refsort.oracle import check, load
from refsort.oracle.adapters import numpy_adapter
from refsort.oracle.offline import export, judge_outputs, read_inputs
from refsort.oracle.report import as_json

OPS = ["group_sort", "affine"]


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    path = tmp_path_factory.mktemp("offline") / "inputs.npz"
    return path, export(path, OPS, ["float32", "float64"], max_examples=8, random_seed=1)


def run(asked, adapter, path):
    """Answer with the script that was written beside the questions, in a process of its own."""
    subprocess.run([sys.executable, asked[1], asked[0], adapter, path], check=True, cwd=path.parent)
    return path


@pytest.fixture(scope="module")
def answers(asked, tmp_path_factory):
    return run(asked, numpy_adapter.__file__, tmp_path_factory.mktemp("answers") / "outputs.npz")


@pytest.fixture
def answered(asked, answers, tmp_path):
    def answer(adapter=None):
        path = tmp_path / "outputs.npz"
        if adapter is None:
            path.write_bytes(answers.read_bytes())
            return path
        return run(asked, adapter, path)

    return answer


@pytest.fixture
def adapter(tmp_path):
    def write(text):
        path = tmp_path / "adapter.py"
        path.write_text(f"import numpy as np\nfrom refsort.oracle.adapters import numpy_adapter\n{text}")
        return path

    return write


def changed(path, **entries):
    """The archive with some entries replaced, or removed where they are None."""
    with np.load(path) as archive:
        old = {name: archive[name] for name in archive.files}
    about = json.loads(old.pop("manifest").tobytes()) | entries.pop("about", {})
    new = {name: array for name, array in (old | entries).items() if array is not None}
    np.savez(path, manifest=np.frombuffer(json.dumps(about).encode(), np.uint8), **new)
    return path


def places(path, op):
    return [k for k, case in enumerate(read_inputs(path).cases) if case.op == op]


def test_the_verdicts_are_those_of_judging_on_the_spot(asked, answered):
    report = judge_outputs(asked[0], answered())
    assert [(row.op, row.dtype) for row in report.rows] == [(op, d) for op in OPS for d in ("float32", "float64")]
    assert {row.verdict for row in report.rows} == {"PASS"}
    assert report.adapter == load("numpy").name
    assert (report.max_examples, report.seed) == (8, 1)
    there = [row.checks["value"] for row in check(load("numpy"), OPS, ["float32", "float64"], 8, 1, beyond=False).rows]
    assert [row.checks["value"] for row in report.rows] == there


def test_the_same_questions_have_the_same_hash(asked, tmp_path):
    export(tmp_path / "again.npz", OPS, ["float32", "float64"], max_examples=8, random_seed=1)
    export(tmp_path / "other.npz", OPS, ["float32", "float64"], max_examples=8, random_seed=2)
    hashes = [read_inputs(path).id for path in (asked[0], tmp_path / "again.npz", tmp_path / "other.npz")]
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_bug_is_found_and_its_smallest_case_shown(asked, answered, adapter):
    wrong = adapter(
        "def call(op, arrays, params, cotangent=None, dtype=''):\n"
        "    out, gradients = numpy_adapter.call(op, arrays, params, cotangent, dtype)\n"
        "    return out, gradients and [2 * g for g in gradients]\n"
    )
    report = judge_outputs(asked[0], answered(wrong))
    assert {row.verdict for row in report.rows} == {"FAIL"}
    row = report.rows[0]
    assert "of 8 cases fail" in row.note
    assert "gradient" in row.failure.claim
    assert not report.passed
    assert {row.diagnosis.name for row in report.rows} == {"constant factor in the gradient"}


def test_a_failure_is_shown_by_a_script_where_the_answers_were_given(asked, answered, adapter):
    """The script knows no path of that place: it is told the adapter's file, and imports nothing else but NumPy."""
    path = adapter(
        "def call(op, arrays, params, cotangent=None, dtype=''):\n"
        "    if op != 'affine': raise NotImplementedError\n"
        "    x, w, b = arrays\n"
        "    return x @ w.T - b, cotangent is not None and [cotangent @ w, cotangent.T @ x, cotangent.sum(0)]\n"
    )
    path.write_text(path.read_text().replace("from refsort.oracle.adapters import numpy_adapter\n", ""))
    report = judge_outputs(asked[0], answered(path))
    row = next(row for row in report.rows if row.verdict == "FAIL")
    script = path.with_name("script.py")
    script.write_text(as_json(report)["rows"][report.rows.index(row)]["failure"]["script"])
    blocked = (
        "import runpy, sys; sys.modules['refsort'] = sys.modules['hypothesis'] = None; runpy.run_path(sys.argv[0])"
    )
    run_it = [sys.executable, "-c", f"import sys; del sys.argv[0]; {blocked}", str(script)]
    done = subprocess.run([*run_it, str(path)], capture_output=True, text=True, check=True)
    printed = [line.split(" ", 1)[1].strip() for line in done.stdout.splitlines()]
    assert printed == [row.failure.claim, row.failure.expected, row.failure.found, row.failure.found]
    told = subprocess.run(run_it, capture_output=True, text=True, check=False)
    assert told.stderr == "usage: python SCRIPT adapter.py, where the answers were given\n"


def test_the_command_asks_answers_and_judges_again(asked, answered, adapter, monkeypatch):
    path = adapter("def call(op, arrays, *_):\n    return arrays[0] + 1, None\n")
    report = judge_outputs(asked[0], answered(path))
    monkeypatch.chdir(path.parent)
    command = as_json(report)["rows"][0]["failure"]["command"]
    command = command.replace("refsort check", f"{sys.executable} -m refsort check").replace("python again", "{}")
    command = command.replace("{}", f"{sys.executable} again")
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert f"FAIL group_sort float32: {report.rows[0].failure.claim}" in done.stdout


def test_conventions_and_lower_precision_are_those_that_the_adapter_declares(asked, answered, adapter):
    descending = adapter(
        "NAME = 'descending'\nCONVENTIONS = {'group_sort': {'order': 'descending', 'layout': 'halves'}}\n"
        "UNIT_ROUNDOFF = {'float32': 2**-11}\nDTYPES = ['float32']\n"
        "def call(op, arrays, params, cotangent=None, dtype=''):\n"
        "    if op == 'affine':\n"
        "        arrays = [(a.astype(np.float16) if (abs(a) < 6e4).all() else a).astype(a.dtype) for a in arrays]\n"
        "        return numpy_adapter.call(op, arrays, params, cotangent, dtype)\n"
        "    axis, size = params['axis'], params['group_size']\n"
        "    def split(a): return np.moveaxis(a, axis, -1).reshape(-1, size, a.shape[axis] // size)\n"
        "    def back(s, a):\n"
        "        s = s.reshape(np.moveaxis(a, axis, -1).shape)\n"
        "        return np.ascontiguousarray(np.moveaxis(s, -1, axis))\n"
        "    x = split(arrays[0])\n"
        "    order = np.argsort(-x, axis=1, kind='stable')\n"
        "    out = back(np.take_along_axis(x, order, 1), arrays[0])\n"
        "    if cotangent is None: return out, None\n"
        "    bar = np.empty_like(x)\n"
        "    np.put_along_axis(bar, order, split(cotangent), 1)\n"
        "    return out, [back(bar, arrays[0])]\n"
    )
    report = judge_outputs(asked[0], answered(descending))
    verdicts = {(row.op, row.dtype): row.verdict for row in report.rows}
    assert verdicts["group_sort", "float32"] == "PASS"
    assert verdicts["group_sort", "float64"] == verdicts["affine", "float64"] == "NOT IMPLEMENTED"
    undeclared = changed(answered(descending), about={"conventions": {}})
    assert judge_outputs(asked[0], undeclared).rows[0].verdict == "FAIL"


def test_what_is_missing_is_not_implemented(asked, answered):
    path = answered()
    k = places(asked[0], "group_sort")
    gone = {f"{i}.{name}": None for i in k for name in ("value", "out", "gradient0")}
    row = judge_outputs(asked[0], changed(path, **gone)).rows[0]
    assert (row.verdict, row.checks) == ("NOT IMPLEMENTED", {})
    assert judge_outputs(asked[0], path).rows[2].verdict == "PASS"


def test_a_case_or_a_gradient_that_is_missing_is_noted(asked, answered):
    k = places(asked[0], "affine")
    gone = {f"{k[0]}.{name}": None for name in ("value", "out", "gradient0", "gradient1", "gradient2")}
    gone[f"{k[1]}.out"] = None
    row = next(r for r in judge_outputs(asked[0], changed(answered(), **gone)).rows[2:])
    assert row.verdict == "PASS"
    assert row.note.startswith("1 of 8 cases not implemented; 1 of 8 cases without gradients")


@pytest.mark.parametrize("name", ["value", "out", "gradient0"])
@pytest.mark.parametrize(
    "wrong",
    [
        lambda x: x.reshape(-1, 1, 1),
        lambda x: x.astype(complex),
        lambda x: x.astype(object),
        lambda x: np.full_like(x, np.nan),
    ],
    ids=["shape", "dtype", "objects", "nan"],
)
def test_answers_of_another_form_fail(asked, answered, name, wrong):
    path, (k, *_) = answered(), places(asked[0], "affine")
    with np.load(path) as archive:
        array = archive[f"{k}.{name}"]
    report = judge_outputs(asked[0], changed(path, **{f"{k}.{name}": wrong(array)}))
    assert [row.verdict for row in report.rows] == ["PASS", "PASS", "FAIL", "PASS"]


def test_a_missing_gradient_among_others_fails(asked, answered):
    k = places(asked[0], "affine")[0]
    report = judge_outputs(asked[0], changed(answered(), **{f"{k}.gradient1": None}))
    assert report.rows[2].verdict == "FAIL"


def test_what_the_adapter_raised_is_told(asked, answered, adapter):
    raising = adapter(
        "def call(op, *_):\n    raise ValueError('no GPU') if op == 'affine' else NotImplementedError('later')\n"
    )
    rows = judge_outputs(asked[0], answered(raising)).rows
    assert [row.verdict for row in rows] == ["NOT IMPLEMENTED", "NOT IMPLEMENTED", "FAIL", "FAIL"]
    assert rows[0].note == "later"
    assert rows[2].failure.found == "RuntimeError: ValueError: no GPU"


def test_the_questions_beside_the_answers_are_found(asked, answered):
    path = answered()
    with pytest.raises(FileNotFoundError, match=r"inputs\.npz"):
        judge_outputs(None, path)
    (path.parent / "inputs.npz").write_bytes(asked[0].read_bytes())
    assert judge_outputs(None, path).passed


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({"inputs": "0"}, "answers other questions"),
        ({"format": "refsort-outputs/2"}, "expected the format refsort-outputs/1, found refsort-outputs/2"),
        ({"conventions": {"affine": 1}}, "unsupported convention for affine"),
        ({"unit_roundoff": {"float32": "0x1p+1"}}, "must be a float in"),
        ({"unit_roundoff": ["float32"]}, "outputs.npz: "),
        ({"told": {"0.value": "broken"}}, '"told" must name entries'),
        ({"told": {"99999.value": ["error", ""]}}, "99999.value answers no question"),
    ],
)
def test_a_wrong_manifest_is_said_in_one_line(asked, answered, about, message):
    with pytest.raises(ValueError, match=message) as caught:
        judge_outputs(asked[0], changed(answered(), about=about))
    assert "\n" not in str(caught.value)


def test_entries_that_answer_nothing_are_refused(asked, answered):
    with pytest.raises(ValueError, match=r"0\.grad answers no question"):
        judge_outputs(asked[0], changed(answered(), **{"0.grad": np.zeros(1)}))


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.999])
def test_files_that_were_cut_off_are_one_clear_error(asked, answered, tmp_path, share):
    outputs = answered()
    for path, judged in ((asked[0], lambda cut: (cut, outputs)), (outputs, lambda cut: (asked[0], cut))):
        content, cut = path.read_bytes(), tmp_path / "cut.npz"
        cut.write_bytes(content[: int(share * len(content))])
        with pytest.raises(ValueError, match=r"cut\.npz is no complete archive of this kind") as caught:
            judge_outputs(*judged(cut))
        assert "\n" not in str(caught.value)


def test_flipped_bytes_never_pass_unseen(asked, tmp_path):
    """Wherever a byte of the questions changes: a clear error, or a file that still says the same."""
    content, broken, unbroken = asked[0].read_bytes(), tmp_path / "broken.npz", read_inputs(asked[0])
    for place in range(0, len(content), len(content) // 200):
        broken.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        try:
            seen = str(read_inputs(broken)) == str(unbroken)
        except ValueError as error:
            seen = "broken.npz" in str(error)
        assert seen


def test_questions_that_were_changed_are_noticed(asked, tmp_path):
    path = tmp_path / "inputs.npz"
    path.write_bytes(asked[0].read_bytes())
    x = read_inputs(path).cases[0].arrays[0]
    with pytest.raises(ValueError, match="does not have the hash"):
        read_inputs(changed(path, **{"0.array0": x + 1}))
    with pytest.raises(ValueError, match="do not belong together"):
        read_inputs(changed(path, **{"0.array0": None}))
