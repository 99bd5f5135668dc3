"""Vector files: everything that is damaged, unknown or inconsistent is one clear error."""

import hashlib
import json
import re

import pytest

from refsort.oracle.vectors import VectorError, read, shipped, verify
from refsort.oracle.vectors.format import OPERATIONS, parse, schema, shipped_bytes
from refsort.oracle.vectors.schema import SchemaError, validate

BYTES = shipped_bytes()


def document(op="max_min"):
    return json.loads(BYTES[f"{op}.json"])


def error(changed, message):
    """The one error of a changed document, which is one line."""
    with pytest.raises(VectorError, match=message) as caught:
        verify(parse(json.dumps(changed), "changed.json"), "changed.json")
    assert str(caught.value).startswith("changed.json: ")
    assert "\n" not in str(caught.value)


def test_the_shipped_files_are_read_and_hold_what_they_declare():
    files = shipped()
    assert [file.op for file in files] == list(OPERATIONS)
    for file in files:
        assert file.declared == len(file.vectors) == len(document(file.op)["vectors"])
    assert 2000 < sum(file.declared for file in files) < 2500


def test_ids_are_the_hash_of_question_and_answer_by_the_rule_that_the_schema_states():
    for op in OPERATIONS:
        for vector in document(op)["vectors"]:
            content = {name: vector[name] for name in ("arrays", "cotangent", "expected", "params")} | {"op": op}
            text = json.dumps(content, sort_keys=True, separators=(",", ":"))
            assert hashlib.sha256(text.encode("utf-8")).hexdigest()[:16] == vector["id"]


def test_ids_are_unique_over_all_files():
    ids = [vector["id"] for op in OPERATIONS for vector in document(op)["vectors"]]
    assert len(set(ids)) == len(ids)


def test_keys_are_sorted_and_the_text_is_ascii():
    for name, content in BYTES.items():
        content.decode("ascii")
        if name != "schema.json":
            again = json.dumps(json.loads(content), sort_keys=True)
            assert json.dumps(json.loads(content)) == again


def test_the_files_are_small():
    assert all(len(content) < 300_000 for content in BYTES.values())
    assert sum(map(len, BYTES.values())) < 5_000_000


def test_jsonschema_agrees_where_it_is_installed():
    jsonschema = pytest.importorskip("jsonschema")
    checker = jsonschema.Draft202012Validator(schema())
    for op in OPERATIONS:
        checker.validate(document(op))
    assert not checker.is_valid(document() | {"colour": "blue"})


def test_every_object_of_the_schema_is_closed():
    def objects(part):
        if isinstance(part, dict):
            if part.get("type") == "object":
                yield part
            for value in part.values():
                yield from objects(value)
        elif isinstance(part, list):
            for value in part:
                yield from objects(value)

    assert len(list(objects(schema()))) > 10
    for part in objects(schema()):
        assert "additionalProperties" in part
        assert part["additionalProperties"] is False or "properties" not in part


@pytest.mark.parametrize("keep", [0, 1, 500, 20_000, -2])
def test_a_truncated_file(tmp_path, keep):
    path = tmp_path / "max_min.json"
    path.write_bytes(BYTES["max_min.json"][:keep])
    with pytest.raises(VectorError, match=rf"^{re.escape(str(path))}: damaged or cut off"):
        read(path)


def test_a_missing_file_and_one_that_is_no_text(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file"):
        read(tmp_path / "nowhere.json")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(VectorError, match="not UTF-8"):
        read(tmp_path / "binary.json")


def test_unknown_and_missing_fields_wherever_they_stand():
    def at_top(d):
        d["colour"] = "blue"

    def in_a_vector(d):
        d["vectors"][7]["comment"] = "new"

    def in_an_array(d):
        d["vectors"][7]["arrays"][0]["dtype"] = "float32"

    def in_a_flag(d):
        d["flags"]["tie"]["cve"] = []

    def in_a_bound(d):
        next(v for v in d["vectors"] if "tie" in v["flags"])["tolerance"]["float32"]["gradients"][0]["relative"] = "1"

    def a_parameter(d):
        d["vectors"][7]["params"]["descending"] = "1"

    for change in (at_top, in_a_vector, in_an_array, in_a_flag, in_a_bound, a_parameter):
        changed = document()
        change(changed)
        error(changed, "unknown field '(colour|comment|dtype|cve|relative|descending)'")
    for name in ("count", "flags", "op", "vectors"):
        changed = document()
        del changed[name]
        error(changed, f"the field '{name}' is missing")


def test_another_format_and_another_operation():
    error(document() | {"format": "refsort-vectors/2"}, "the format is 'refsort-vectors/2'; this program reads")
    error(document() | {"op": "softmax"}, "expected one of 'group_sort'")
    error({"op": "max_min"}, "the field 'count' is missing")
    error([], "expected object")


def test_counts():
    error(document() | {"count": 1}, "count is 1, and there are 111 vectors")
    changed = document()
    del changed["vectors"][-1]
    error(changed, "count is 111, and there are 110 vectors")
    error(document() | {"count": True}, "expected integer")
    error(document() | {"count": 111.0}, "expected integer")


def test_altered_content_has_another_id():
    for change in (
        lambda v: v["arrays"][0]["values"].__setitem__(0, "17"),
        lambda v: v["expected"]["out"]["values"].__setitem__(0, "17"),
        lambda v: v["cotangent"]["values"].__setitem__(0, "17"),
        lambda v: v["params"].__setitem__("axis", "1"),
        lambda v: v.__setitem__("id", "0123456789abcdef"),
    ):
        changed = document()
        change(changed["vectors"][1])
        error(changed, r"vector [0-9a-f]{16}: the id does not match the content, whose id is [0-9a-f]{16}")


def test_an_untrue_expectation_with_a_matching_id_is_found_by_the_definition():
    changed = document()
    vector = changed["vectors"][1]
    vector["expected"]["gradients"][0]["values"][0] = "17"
    content = {name: vector[name] for name in ("arrays", "cotangent", "expected", "params")} | {"op": "max_min"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    vector["id"] = hashlib.sha256(text.encode()).hexdigest()[:16]
    error(changed, r"expected.gradients\[0\].values\[0\] is 17, and by the definition 1")


def test_a_widened_bound_or_a_dtype_too_many_is_found():
    changed = document()
    tied = next(v for v in changed["vectors"] if "tie" in v["flags"])
    tied["tolerance"]["float32"]["gradients"][0]["excess"][0] = "1"
    error(changed, r"tolerance.float32.gradients\[0\].excess\[0\] is 1, and by the definition 0x1\.22p-21")
    changed = document()
    next(v for v in changed["vectors"] if "float16" not in v["tolerance"])["tolerance"]["float16"] = "exact"
    error(changed, "it cannot be asked in float16")


def test_flags_are_explained_used_and_as_known():
    changed = document()
    changed["vectors"][1]["flags"] = ["haunted"]
    error(changed, r"the flags \['haunted'\] are used and not explained, or not used")
    changed = document()
    changed["flags"]["haunted"] = changed["flags"]["tie"]
    error(changed, r"the flags \['haunted'\]")
    changed = document()
    changed["flags"]["tie"]["class"] = "B4"
    error(changed, "flag tie: not explained as in refsort")


def test_shapes_spellings_and_repeated_names():
    changed = document()
    changed["vectors"][0]["arrays"][0]["shape"] = [3]
    error(changed, r"2 values do not make an array of shape \(3,\)")
    changed = document()
    changed["vectors"][0]["arrays"][0]["values"][0] = "2/4"
    error(changed, "2/4 must be spelled 1/2")
    changed = document()
    changed["vectors"][0]["arrays"][0]["values"][0] = 1.5
    error(changed, r"arrays\[0\].values\[0\]: expected string, got 1.5")
    changed = document()
    changed["vectors"].append(changed["vectors"][0])
    error(changed | {"count": 112}, "stands there twice")
    for text, message in (('{"op": 1, "op": 2}', "stands twice"), ('{"op": NaN}', "NaN is no number")):
        with pytest.raises(VectorError, match=message):
            parse(text)


def test_a_question_without_an_answer_is_one_error():
    changed = document("group_sort")
    vector = next(v for v in changed["vectors"] if v["arrays"][0]["shape"] == [1, 2])
    vector["params"]["group_size"] = "5"
    content = {name: vector[name] for name in ("arrays", "cotangent", "expected", "params")} | {"op": "group_sort"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    vector["id"] = hashlib.sha256(text.encode()).hexdigest()[:16]
    error(changed, "no such question: ValueError: .*group_size 5 does not divide")


@pytest.mark.parametrize(
    ("op", "change"),
    [
        ("kr", lambda v: v["arrays"][0].update(shape=[0], values=[])),
        ("hkr", lambda v: v["arrays"][1].update(shape=[0], values=[])),
        ("hinge", lambda v: v["arrays"][1].update(values=["7"])),
        ("cross_entropy", lambda v: v["arrays"][1].update(values=["1/2"])),
        ("cross_entropy", lambda v: v["params"].pop("temperature")),
        ("certified_radius", lambda v: v["params"].update(lipschitz="0")),
        ("operator_norm", lambda v: v["params"].update(p="inf", q="1")),
        ("project_l2_ball", lambda v: v["params"].update(radius="-1")),
        ("spectral_normalize", lambda v: v["arrays"][0].update(values=["0"])),
        ("spectral_norm", lambda v: v["cotangent"].update(shape=[2], values=["1", "2"])),
        ("network", lambda v: v["arrays"].pop()),
        ("network", lambda v: v["params"].update(group_size="7")),
    ],
)
def test_questions_without_an_answer_are_one_error_in_every_operation(op, change):
    changed = document(op)
    vector = next(v for v in changed["vectors"] if len(v["arrays"][0]["values"]) <= 3 and v["arrays"][0]["values"])
    if op == "network":
        vector = next(v for v in changed["vectors"] if len(v["arrays"]) > 3)
    change(vector)
    content = {name: vector[name] for name in ("arrays", "cotangent", "expected", "params")} | {"op": op}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    vector["id"] = hashlib.sha256(text.encode()).hexdigest()[:16]
    changed["vectors"].remove(vector)
    changed["vectors"].insert(0, vector)
    error(changed, "no such question: ")


def test_the_reader_of_the_schema_knows_every_word_it_meets():
    with pytest.raises(NotImplementedError, match="maxItems"):
        validate([], {"type": "array", "maxItems": 3})


@pytest.mark.parametrize(
    ("document", "part", "message"),
    [
        (True, {"type": "integer"}, r"^\$: expected integer, got True"),
        ([1, "x"], {"type": "array", "items": {"type": "integer"}}, r"^\$\[1\]: expected integer"),
        ("b", {"enum": ["a"]}, "expected one of 'a'"),
        ("b", {"const": "a"}, "expected 'a'"),
        (-1, {"type": "integer", "minimum": 0}, "at least 0"),
        ([], {"type": "array", "minItems": 1}, "at least 1 items"),
        ({}, {"type": "object", "minProperties": 1}, "at least 1 fields"),
        ({"x": 1}, {"type": "object", "propertyNames": {"enum": ["y"]}}, "expected one of 'y'"),
        ({"x": 1}, {"type": "object", "additionalProperties": {"type": "string"}}, r"^\$\.x: expected string"),
        ("x", {"type": "string", "pattern": "^y$"}, "does not match"),
        ({"a": {"b": 1}}, {"anyOf": [{"const": 1}, {"type": "object", "properties": {"a": {"const": 2}}}]}, r"\$\.a"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(document, part, message):
    with pytest.raises(SchemaError, match=message):
        validate(document, part)
