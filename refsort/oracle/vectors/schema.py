"""A reader of the part of JSON Schema that `data/schema.json` uses, so that the schema itself is what is enforced."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_TYPES: dict[str, type] = {"object": dict, "array": list, "string": str, "integer": int}
_ANNOTATIONS = {"$schema", "$defs", "title", "description"}


class SchemaError(ValueError):
    """A document that does not fit: where in it, and what was expected there.

    `near` grows with how much of an alternative fitted: not its type, a field is missing, only a field is unknown.
    """

    def __init__(self, where: str, message: str, near: int = 0) -> None:
        super().__init__(f"{where}: {message}")
        self.where, self.near = where, near


def validate(document: Any, schema: Mapping[str, Any], root: Mapping[str, Any] | None = None, where: str = "$") -> None:
    """Nothing where `document` fits `schema`, else a SchemaError.

    Raises
    ------
    SchemaError
        With the path of what does not fit. Of several alternatives the one that went furthest speaks.
    NotImplementedError
        For a word of JSON Schema that this reader does not know: none is passed over.

    Examples
    --------
    >>> validate({"n": 1}, {"type": "object", "additionalProperties": False, "properties": {}})
    Traceback (most recent call last):
    ...
    refsort.oracle.vectors.schema.SchemaError: $: unknown field 'n'
    """
    root = schema if root is None else root
    unknown = set(schema) - set(_RULES) - _ANNOTATIONS
    if unknown:
        raise NotImplementedError(f"{where}: the schema uses {sorted(unknown)}")
    for word, rule in _RULES.items():
        if word in schema:
            rule(document, schema, root, where)


def _type(document: Any, schema: Mapping[str, Any], root: Mapping[str, Any], where: str) -> None:
    if type(document) is not _TYPES[schema["type"]]:  # so that true is no integer
        raise SchemaError(where, f"expected {schema['type']}, got {_short(document)}")


def _const(document: Any, schema: Mapping[str, Any], root: Mapping[str, Any], where: str) -> None:
    if document != schema["const"]:
        raise SchemaError(where, f"expected {schema['const']!r}, got {_short(document)}")


def _enum(document: Any, schema: Mapping[str, Any], root: Mapping[str, Any], where: str) -> None:
    if document not in schema["enum"]:
        raise SchemaError(where, f"expected one of {', '.join(map(repr, schema['enum']))}, got {_short(document)}")


def _pattern(document: Any, schema: Mapping[str, Any], root: Mapping[str, Any], where: str) -> None:
    if not re.search(schema["pattern"], document):
        raise SchemaError(where, f"{_short(document)} does not match {schema['pattern']}")


def _minimum(document: Any, schema: Mapping[str, Any], root: Mapping[str, Any], where: str) -> None:
    if document < schema["minimum"]:
        raise SchemaError(where, f"expected at least {schema['minimum']}, got {document}")


def _min_items(document: Any, schema: Mapping[str, Any], root: Mapping[str, Any], where: str) -> None:
    if len(document) < schema["minItems"]:
        raise SchemaError(where, f"expected at least {schema['minItems']} items, got {len(document)}")


def _min_properties(document: Any, schema: Mapping[str, Any], root: Mapping[str, Any], where: str) -> None:
    if len(document) < schema["minProperties"]:
        raise SchemaError(where, f"expected at least {schema['minProperties']} fields, got {len(document)}")


def _required(document: Any, schema: Mapping[str, Any], root: Mapping[str, Any], where: str) -> None:
    for name in schema["required"]:
        if name not in document:
            raise SchemaError(where, f"the field {name!r} is missing", near=1)


def _properties(document: Any, schema: Mapping[str, Any], root: Mapping[str, Any], where: str) -> None:
    known, others = schema.get("properties", {}), schema.get("additionalProperties", {})
    for name, value in document.items():
        if name not in known and others is False:
            raise SchemaError(where, f"unknown field {name!r}", near=2)
        validate(value, known.get(name, others), root, f"{where}.{name}")


def _property_names(document: Any, schema: Mapping[str, Any], root: Mapping[str, Any], where: str) -> None:
    for name in document:
        validate(name, schema["propertyNames"], root, where)


def _items(document: Any, schema: Mapping[str, Any], root: Mapping[str, Any], where: str) -> None:
    for i, item in enumerate(document):
        validate(item, schema["items"], root, f"{where}[{i}]")


def _ref(document: Any, schema: Mapping[str, Any], root: Mapping[str, Any], where: str) -> None:
    validate(document, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root, where)


def _any_of(document: Any, schema: Mapping[str, Any], root: Mapping[str, Any], where: str) -> None:
    errors = []
    for alternative in schema["anyOf"]:
        try:
            return validate(document, alternative, root, where)
        except SchemaError as error:
            errors.append(error)
    raise max(errors, key=lambda error: (len(error.where), error.near))


def _short(document: Any) -> str:
    text = repr(document)
    return text if len(text) <= 60 else f"{text[:57]}..."


_RULES: dict[str, Callable[[Any, Mapping[str, Any], Mapping[str, Any], str], None]] = {
    "$ref": _ref,
    "type": _type,
    "const": _const,
    "enum": _enum,
    "pattern": _pattern,
    "minimum": _minimum,
    "minItems": _min_items,
    "minProperties": _min_properties,
    "required": _required,
    "propertyNames": _property_names,
    "properties": _properties,
    "additionalProperties": lambda document, schema, root, where: (
        None if "properties" in schema else _properties(document, schema, root, where)
    ),
    "items": _items,
    "anyOf": _any_of,
}
"""In this order: the type is settled before anything is asked of a document of that type."""
