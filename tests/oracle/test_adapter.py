"""Loading adapters: what is accepted, and one clear sentence for everything that is not."""

import sys
from fractions import Fraction

import pytest

from refsort.oracle import AdapterError, load
from refsort.oracle.conventions import Convention

CALL = "def call(op, arrays, params, cotangent=None, dtype='float32'):\n    return arrays[0], [cotangent]\n"


@pytest.fixture
def written(tmp_path):
    def write(text, name="mine.py"):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


def test_the_smallest_adapter_is_a_call(written):
    adapter = load(written(CALL))
    assert adapter.name == "mine"
    assert adapter.dtypes == ("float32", "float64")
    assert adapter.ops is None
    assert adapter.conventions == {}


def test_declarations_are_taken_over(written):
    declarations = (
        "NAME = 'mylib 1.2'\nDTYPES = ['bfloat16', 'float64']\n"
        "OPS = {'max_min': None}\nUNIT_ROUNDOFF = {'float32': 2**-11}\n"
        "CONVENTIONS = {'max_min': {'order': 'descending', 'layout': 'halves'}}\n"
    )
    adapter = load(written(declarations + CALL))
    assert adapter.name == "mylib 1.2"
    assert adapter.dtypes == ("bfloat16", "float64")
    assert adapter.ops == {"max_min"}
    assert adapter.unit_roundoff["float32"] == Fraction(1, 2**11)
    assert adapter.unit_roundoff["float64"] == Fraction(1, 2**53)
    assert adapter.conventions == {"max_min": Convention("descending", "halves")}


def test_an_adapter_may_import_what_lies_beside_it(written):
    written("VALUE = 'from beside'", "beside_the_adapter.py")
    assert load(written("from beside_the_adapter import VALUE as NAME\n" + CALL)).name == "from beside"


def test_a_dotted_module_is_an_adapter_too():
    module = "refsort.oracle.adapters.numpy_adapter"
    assert load(module) == load("numpy")._replace(source=module)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("NAME = 'no call'", "has no function `call"),
        ("call = 3", "has no function `call"),
        ("def call(:", "does not import: SyntaxError"),
        ("import nothing_of_that_name", "does not import: ModuleNotFoundError: No module named 'nothing_of_that_name'"),
        ("raise SystemExit(0)", "does not import: SystemExit"),
        ("raise ValueError('two\\nlines')", "does not import: ValueError: two lines"),
        ("UNAVAILABLE = 'no GPU here'\n" + CALL, "cannot run here: no GPU here"),
        ("OPS = ['max_min']\n" + CALL, "OPS must be a dict of operations, got list"),
        ("DTYPES = ['float8']\n" + CALL, "DTYPES must be a list of names among float16"),
        ("DTYPES = 'float32'\n" + CALL, "DTYPES must be a list"),
        ("DTYPES = []\n" + CALL, "DTYPES must be a list"),
        ("UNIT_ROUNDOFF = {'float32': 2}\n" + CALL, "UNIT_ROUNDOFF.'float32'. must be a float in"),
        ("UNIT_ROUNDOFF = [2**-24]\n" + CALL, "UNIT_ROUNDOFF must be a dict"),
        ("CONVENTIONS = {'max_min': {'order': 'random'}}\n" + CALL, "unsupported convention for max_min"),
        ("CONVENTIONS = {'max_min': {'ordering': 'ascending'}}\n" + CALL, "unsupported convention for max_min"),
        ("CONVENTIONS = {'affine': {'order': 'ascending'}}\n" + CALL, "unsupported convention for affine"),
        ("CONVENTIONS = {'max_min': {'order': ['descending']}}\n" + CALL, "unsupported convention for max_min"),
        ("CONVENTIONS = ['descending']\n" + CALL, "CONVENTIONS must be a dict"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_one_line(written, text, message):
    with pytest.raises(AdapterError, match=message) as caught:
        load(written(text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("/nowhere/mine.py", "there is no file /nowhere/mine.py"),
        ("mine.py", "there is no file mine.py"),
        ("/tmp", "/tmp is a directory"),
        ("no_such_package.adapter", "there is no module no_such_package.adapter"),
        ("refsort.no_such_module", "there is no module refsort.no_such_module"),
        ("", "does not import|there is no|is a directory"),
    ],
)
def test_what_is_no_adapter_at_all_is_said_in_one_line(source, message):
    with pytest.raises(AdapterError, match=message):
        load(source)


def test_a_file_of_another_kind_is_refused(written):
    with pytest.raises(AdapterError, match=r"its name must end in \.py"):
        load(written("{}", "adapter.json"))


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "mine.py").write_bytes(b"\xff\xfe\x00call")
    with pytest.raises(AdapterError, match="does not import: "):
        load(str(tmp_path / "mine.py"))


def test_without_torch_its_adapter_says_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "refsort.oracle.adapters.torch_adapter", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(AdapterError, match=r"PyTorch is not installed: pip install 'refsort\[torch\]'"):
        load("torch")
    sys.modules.pop("refsort.oracle.adapters.torch_adapter")
