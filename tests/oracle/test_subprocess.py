"""Processes that answer, and processes that do everything else: each gives a result, one sentence, and a way on."""

import json
import sys
import time

import numpy as np
import pytest

from refsort.oracle import AdapterError, check, judge, load
from refsort.oracle.cases import Case
from refsort.oracle.process import CrashedError, GarbledError, HungError, Process
from refsort.oracle.session import RefusedError
from refsort.oracle.subprocess_adapter import open_command
from refsort.oracle.wire import decoded, encoded

HEAD = """
import json, os, signal, sys, time

def read():
    line = sys.stdin.readline()
    if not line:
        sys.exit(0)
    request = json.loads(line)
    if request["cmd"] == "stop":
        sys.exit(0)
    return request

def say(request, **answer):
    print(json.dumps({"seq": request["seq"], **answer}), flush=True)

def echo(request):
    say(request, out=request["arrays"][0], gradients=request["cotangent"] and [request["cotangent"]])

def start(**declarations):
    say(read(), **declarations)

"""
X = np.array([3.0, 1.0])


@pytest.fixture
def opened(tmp_path):
    """Start a script whose head is above; every process ends with the test."""
    adapters = []

    def start(body, declarations="name='mine'", **options):
        path = tmp_path / "script.py"
        path.write_text(f"{HEAD}start({declarations})\n{body}")
        adapters.append(open_command(f"{sys.executable} {path}", **options))
        return adapters[-1]

    yield start
    for adapter in adapters:
        adapter.call.close()


GOOD = "while True:\n    echo(read())\n"


def ask(adapter, x=X, cotangent=None):
    return adapter.call("max_min", [x], {"axis": -1}, cotangent, "float64")


def test_a_python_adapter_in_its_own_process_gives_the_report_that_it_gives_here():
    adapter = open_command(f"{sys.executable} -m refsort.oracle.serve numpy")
    try:
        there, here = (check(a, ["max_min", "bjorck"], ["float32"], 4, beyond=False) for a in (adapter, load("numpy")))
        assert [row._replace(seconds=0) for row in there.rows] == [row._replace(seconds=0) for row in here.rows]
        assert there.passed
        assert adapter.name == load("numpy").name
    finally:
        adapter.call.close()


def test_declarations_are_those_of_a_python_adapter(opened):
    declarations = (
        "name='mine', dtypes=['bfloat16'], ops=['max_min'], unit_roundoff={'bfloat16': '0x1p-7'}, "
        "conventions={'max_min': {'order': 'descending'}}"
    )
    adapter = opened(GOOD, declarations)
    assert (adapter.name, adapter.dtypes, adapter.ops) == ("mine", ("bfloat16",), {"max_min"})
    assert adapter.unit_roundoff["bfloat16"] == 2**-7
    assert adapter.conventions["max_min"].order == "descending"


def test_nothing_need_be_declared(opened):
    adapter = opened(GOOD, "")
    assert adapter.dtypes == ("float32", "float64")
    assert adapter.ops is None


def test_answers_come_back_bit_for_bit(opened):
    adapter = opened(GOOD)
    x = np.array([[0.1, -0.0, 5e-324], [np.nextafter(1, 2), -1.7e308, 0.0]])
    out, gradients = ask(adapter, x, x)
    assert out.tobytes() == x.tobytes() == gradients[0].tobytes()
    assert out.shape == (2, 3)


@pytest.mark.parametrize("x", [np.zeros((0, 3), np.float32), np.float32(2.5).reshape(()), np.arange(3)])
def test_every_shape_and_integers_travel(opened, x):
    out, _ = ask(opened(GOOD), x)
    assert (out.shape, out.dtype, out.tobytes()) == (x.shape, x.dtype, x.tobytes())


def test_large_arrays_fill_no_pipe(opened):
    x = np.arange(50000.0)
    assert ask(opened(GOOD), x)[0].tobytes() == x.tobytes()


def test_a_flood_on_standard_error_blocks_nobody(opened):
    adapter = opened("while True:\n    r = read()\n    print('x' * 10**6, file=sys.stderr, flush=True)\n    echo(r)\n")
    for _ in range(2):
        assert ask(adapter)[0].tolist() == [3, 1]


def test_writing_before_reading_is_told_apart_from_an_answer(opened):
    adapter = opened("print('ready', flush=True)\ntime.sleep(60)\n", timeout=10)
    with pytest.raises(GarbledError, match=r"before it had read the request: 'ready'|something else than answers"):
        ask(adapter, np.arange(50000.0))


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", CrashedError, r"was killed by signal 11 \(SIGSEGV\)"),
        ("sys.exit('no GPU\\nhere')", CrashedError, "exit status 1; its standard error ends: no GPU here"),
        ("os.close(1); time.sleep(60)", CrashedError, "closed its standard output"),
        ("time.sleep(60)", HungError, "no answer within 1 s .is standard output flushed"),
        ("print('DEBUG', flush=True)", GarbledError, "something else than answers: 'DEBUG'"),
        ("print('[1]', flush=True)", GarbledError, r"an answer is a JSON object, and it wrote '\[1\]'"),
        ("sys.stdout.buffer.write(b'\\xff\\xfe\\n'); sys.stdout.flush()", GarbledError, "something else than answers"),
        ("print('[' * 10**5, flush=True)", GarbledError, "something else than answers"),
        ("r['seq'] -= 1; echo(r)", GarbledError, "it answered seq 0 where seq 1 was asked"),
        ("r['seq'] = '1'; echo(r)", GarbledError, "it answered seq '1' where seq 1 was asked"),
        ("say(r, error='singular')", RefusedError, "it answered with an error: 'singular'"),
        ("say(r)", RefusedError, "it has the fields"),
        ("say(r, out=r['arrays'][0], gradient=[])", RefusedError, "it has the fields gradient, out"),
        ("say(r, out=r['arrays'][0], gradients=3)", RefusedError, "expected a list of arrays or null, got 3"),
        ("say(r, out=[1, 2])", RefusedError, r"out: expected an object of shape, dtype and data, got \[1, 2\]"),
        ("say(r, not_implemented=False)", RefusedError, "it has the fields not_implemented"),
    ],
)
def test_whatever_happens_is_one_sentence_and_the_next_call_is_answered(opened, tmp_path, body, error, message):
    """The file `once` makes the misbehaviour happen a single time, over all processes."""
    once, saved = tmp_path / "once", tmp_path / "request.json"
    code = (
        f"while True:\n    r = read()\n    if os.path.exists({str(once)!r}):\n        echo(r)\n        continue\n"
        f"    open({str(once)!r}, 'w').close()\n    {body}\n"
    )
    adapter = opened(code, timeout=1.0, last_request=saved)
    with pytest.raises(error, match=message) as caught:
        ask(adapter)
    assert "\n" not in str(caught.value)
    assert str(saved) in str(caught.value)
    assert json.loads(saved.read_text())["op"] == "max_min"
    assert json.loads(caught.value.request)["arrays"] == [encoded(X)]
    if error is not HungError:
        assert ask(adapter)[0].tolist() == [3, 1]
    assert ask(adapter, -X)[0].tolist() == [-3, -1]


def test_what_hung_once_is_not_waited_for_again(opened):
    adapter = opened("read()\ntime.sleep(60)\n", timeout=0.5)
    start = time.monotonic()
    for _ in range(20):
        with pytest.raises(HungError):
            ask(adapter)
    assert time.monotonic() - start < 5


def test_a_line_without_end_is_cut_off(monkeypatch):
    process = Process([sys.executable, "-c", "import sys\nwhile True: sys.stdout.write('x' * 4096)"])
    with pytest.raises(GarbledError, match="an answer of more than 100000 bytes without a newline"):
        process.exchange(b"{}\n", 20, longest=100000)
    process.kill()


def test_a_crash_is_a_failure_of_the_case_and_judging_goes_on(opened):
    body = (
        "while True:\n    r = read()\n    if r['op'] == 'affine':\n        os.abort()\n"
        "    say(r, not_implemented=True, why='no such thing')\n"
    )
    adapter = opened(body)
    rows = check(adapter, ["affine", "max_min"], ["float32"], max_examples=3, shrink=False).rows
    assert [row.verdict for row in rows] == ["FAIL", "NOT IMPLEMENTED"]
    assert "SIGABRT" in rows[0].failure.found
    assert "no such thing" in rows[1].note


@pytest.mark.parametrize(
    ("misbehaviour", "words"),
    [
        ("time.sleep(60)", "HungError: no answer within 2 s"),
        ("os.abort()", "SIGABRT"),
        ("print('x')", "something else"),
    ],
)
def test_what_fails_whenever_it_is_asked_is_not_said_to_change(opened, misbehaviour, words):
    body = (
        f"while True:\n    r = read()\n    if len(r['arrays'][0]['data']) > 3:\n        {misbehaviour}\n"
        "    say(r, not_implemented=True)\n"
    )
    failure = check(opened(body, timeout=2.0), ["kr"], ["float32"]).rows[0].failure
    assert failure.claim == "the call raised"
    assert words in failure.found


def test_an_answer_that_changes_between_calls_is_found(opened):
    body = "n = 0\nwhile True:\n    r = read()\n    n += 1\n    r['arrays'][0]['data'][0] = str(n)\n    echo(r)\n"
    row = check(opened(body), ["max_min"], ["float64"], max_examples=3).rows[0]
    assert row.verdict == "FAIL"
    assert row.failure.claim.startswith("the same")


def test_no_gradient_is_not_implemented(opened):
    body = "while True:\n    r = read()\n    say(r, not_implemented=True) if r['cotangent'] else echo(r)\n"
    case = Case("max_min", "float64", (np.sort(X),), {"axis": 0}, X)
    assert judge(opened(body), case).gradients is False


@pytest.mark.parametrize(
    ("declarations", "message"),
    [
        ("dtypes=['float8']", "DTYPES must be a list of names among float16"),
        ("ops='max_min'", "ops must be a list of operations"),
        ("conventions={'affine': {}}", "unsupported convention for affine"),
        ("unit_roundoff={'float32': 0.5}", "unit_roundoff of float32: 0.5 is no number of this protocol"),
        ("unit_roundoff={'float32': '2'}", "must be a float in .0, 1. for a dtype"),
        ("unit_roundoff=[]", "unit_roundoff must be an object"),
        ("colour='red'", "its answer to start has the unknown fields colour"),
        ("unavailable='no GPU here'", "cannot run here: no GPU here"),
    ],
)
def test_what_is_declared_wrongly_is_said_in_one_line(opened, declarations, message):
    with pytest.raises(AdapterError, match=message) as caught:
        opened(GOOD, declarations)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("/nowhere/adapter --flag", "it does not start: No such file or directory"),
        ("/tmp", "it does not start: Permission denied"),
        ("", "expected a program and its arguments"),
        ("a 'b", "No closing quotation"),
        ("true", "exit status 0"),
        (f"{sys.executable} -c 'raise SystemExit(3)'", "exit status 3"),
        (f"{sys.executable} -m refsort.oracle.serve /nowhere/mine.py", "there is no file /nowhere/mine.py"),
    ],
)
def test_what_does_not_start_is_said_in_one_line(command, message):
    with pytest.raises(AdapterError, match=message):
        open_command(command)


def test_a_process_that_says_nothing_at_the_start_is_not_waited_for_forever():
    with pytest.raises(AdapterError, match=r"no answer within 0\.5 s"):
        open_command("sleep 60", start_timeout=0.5)


def test_the_process_ends_with_the_adapter(opened):
    adapter = opened(GOOD + "")
    process = adapter.call._process._process
    adapter.call.close()
    assert process.returncode == 0  # it was asked, not killed


def test_what_an_adapter_prints_does_not_get_between_the_answers(tmp_path):
    path = tmp_path / "chatty.py"
    path.write_text(
        "import os\nprint('loaded')\ndef call(op, arrays, *_):\n    os.write(1, b'hm\\n')\n    return 3, None\n"
    )
    adapter = open_command(f"{sys.executable} -m refsort.oracle.serve {path}")
    with pytest.raises(RefusedError, match="TypeError: expected an ndarray of floats or integers, got 3"):
        ask(adapter)
    adapter.call.close()


@pytest.mark.parametrize(
    ("dtype", "text"),
    [
        ("float32", "0x1.0000000000001p+0"),
        ("float32", "0x1p+128"),
        ("float16", "65520"),
        ("float64", "0x1.00000000000001p+0"),
        ("float64", "0x1p-1075"),
        ("float64", "0x1p+1024"),
        ("float64", "0x3.0000000000001p+0"),
        ("float64", "9007199254740993"),
        ("float64", "1.5"),
        ("float64", "1e3"),
        ("float64", ""),
        ("float64", " 0x1p0"),
        ("int64", "9223372036854775808"),
        ("int64", "0x1p0"),
    ],
)
def test_numbers_that_would_be_rounded_or_misread_are_refused(dtype, text):
    with pytest.raises(ValueError, match="out: "):
        decoded("out", {"shape": [1], "dtype": dtype, "data": [text]})


@pytest.mark.parametrize(
    ("text", "value"),
    [("0x1p-1074", 5e-324), ("-0X1.8P1", -3.0), ("0x18p-3", 3.0), ("-inf", -np.inf), ("12", 12.0), ("-0", 0.0)],
)
def test_numbers_are_read_as_c_writes_them(text, value):
    assert decoded("out", {"shape": [1], "dtype": "float64", "data": [text]})[0] == value
