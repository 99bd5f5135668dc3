"""Expected failures: what is listed and fails is expected, and no line outlives what it is about."""

import numpy as np
import pytest

from refsort.oracle import Case, Mismatch, Report, Row, check, load, xfails

CASE = Case("max_min", "float32", (np.zeros(2, np.float32),), {"axis": 0}, np.zeros(2, np.float32))


def row(op, dtype, verdict="PASS", kind=None):
    failure = None
    if verdict == "FAIL":
        failure = Mismatch(CASE, "the result", "1", "2")
        failure.kind = kind
    return Row(op, dtype, verdict, {"value": 1}, {"value": 0.0}, failure, "", 0.0)


def report(*rows):
    return Report("mine", list(rows), 1, 0)


def applied(text, *rows):
    return xfails.apply(report(*rows), xfails.parse(text))


def test_a_row_that_fails_as_expected_is_xfail_and_the_run_passes():
    result, warnings = applied(
        "bjorck float32  # TF32 is on", row("bjorck", "float32", "FAIL"), row("affine", "float32")
    )
    assert [r.verdict for r in result.rows] == ["XFAIL", "PASS"]
    assert result.rows[0].note == "expected to fail: line 1, TF32 is on"
    assert result.rows[0].failure is not None
    assert warnings == []
    assert xfails.passed(result)


def test_a_row_that_is_not_listed_fails_the_run():
    result, _ = applied("bjorck float32", row("bjorck", "float32", "FAIL"), row("bjorck", "float64", "FAIL"))
    assert [r.verdict for r in result.rows] == ["XFAIL", "FAIL"]
    assert not xfails.passed(result)


def test_a_row_that_passes_unexpectedly_is_warned_about():
    result, warnings = applied("\naffine float32", row("affine", "float32"))
    assert result.rows[0].verdict == "PASS"
    assert warnings == ["line 2: affine float32 is expected to fail and passes (XPASS)"]
    assert xfails.passed(result)


@pytest.mark.parametrize("line", ["afine float32", "affine float16", "* float16", "affine * kink"])
def test_a_line_that_matches_nothing_is_named(line):
    judged = (row("max_min", "float32"),) if line == "affine * kink" else (row("affine", "float32"),)
    assert applied(f"# a comment\n{line}", *judged)[1] == [f"line 2: {line} matches nothing that was judged"]


def test_what_is_not_implemented_is_no_failure():
    _, warnings = applied("affine float32", row("affine", "float32", "NOT IMPLEMENTED"))
    assert warnings == ["line 1: affine float32 is expected to fail and is NOT IMPLEMENTED"]


def test_a_kind_expects_failures_of_that_kind_alone():
    rows = (row("max_min", "float32", "FAIL", "kink"), row("max_min", "float64", "FAIL", "value"))
    result, warnings = applied("max_min float32 kink\nmax_min float64 kink", *rows)
    assert [r.verdict for r in result.rows] == ["XFAIL", "FAIL"]
    assert warnings == ["line 2: max_min float64 fails as value, not as kink"]


def test_a_star_stands_for_every_operation_or_dtype():
    rows = (row("max_min", "float32", "FAIL"), row("max_min", "float64"), row("affine", "float64", "FAIL"))
    result, warnings = applied("max_min *\n* float64", *rows)
    assert [r.verdict for r in result.rows] == ["XFAIL", "PASS", "XFAIL"]
    assert warnings == []


def test_zero_checks_do_not_pass():
    assert not xfails.passed(report())
    assert not xfails.passed(report(row("affine", "float32", "NOT IMPLEMENTED")._replace(checks={})))


def test_a_wrong_adapter_that_is_listed():
    numpy = load("numpy")
    wrong = numpy._replace(call=lambda op, arrays, *rest: (-numpy.call(op, arrays, *rest)[0], None))
    judged = check(wrong, ["affine", "max_min"], ["float32"], max_examples=5)
    assert not judged.passed
    result, warnings = xfails.apply(judged, xfails.parse("* float32"))
    assert (xfails.passed(result), warnings) == (True, [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("affine", "line 1: expected an operation, a dtype and perhaps a kind, got 'affine'"),
        ("# fine\n\naffine float32 value too much", "line 3: expected an operation"),
        ("affine float32 wrong", "line 1: a kind is one of value, gradient, kink, property, size, call, got 'wrong'"),
        ("affine float32\nbjorck *\naffine  float32 # again", "line 3: affine float32 stands in line 1 already"),
    ],
)
def test_what_is_no_line_is_said_with_its_number(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        xfails.parse(text)
    path = tmp_path / "xfails.txt"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"xfails.txt, {message}"):
        xfails.load(path)


def test_files_are_read_and_what_is_no_text_is_refused(tmp_path):
    path = tmp_path / "xfails.txt"
    path.write_text("affine float32 value # why # really\n")
    assert xfails.load(path) == [xfails.Expected("affine", "float32", "value", "why # really", 1)]
    path.write_bytes(b"affine \xff")
    with pytest.raises(ValueError, match=r"xfails\.txt is no text: .* at byte 7"):
        xfails.load(path)
    with pytest.raises(FileNotFoundError):
        xfails.load(tmp_path / "nowhere")
