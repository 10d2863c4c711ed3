"""Any value that a JSON Schema allows, as far as our own schemas go; an unknown keyword is an error, not a guess."""

from datetime import UTC
from typing import Any

from hypothesis import Phase, find, settings
from hypothesis import strategies as st
from pydantic_core import to_jsonable_python

_UNDERSTOOD = {"$schema", "$defs", "$ref", "title", "description", "examples", "type", "properties", "required"}
_UNDERSTOOD |= {"additionalProperties", "items", "anyOf", "enum", "pattern", "format", "minimum", "maximum"}
_UNDERSTOOD |= {"oneOf", "discriminator", "const", "propertyNames"}
_MOMENTS = st.datetimes(timezones=st.just(UTC)).map(to_jsonable_python)


def values(schema: dict[str, Any], definitions: dict[str, Any] | None = None) -> st.SearchStrategy[Any]:
    """Everything from the smallest value on."""
    definitions = schema.get("$defs", {}) if definitions is None else definitions
    if unknown := schema.keys() - _UNDERSTOOD:
        raise NotImplementedError(f"schema_values does not know {sorted(unknown)}")
    if "$ref" in schema:
        return values(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions)
    if chosen := schema.get("anyOf") or schema.get("oneOf"):
        return st.one_of([values(each, definitions) for each in chosen])
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return _of_type(schema, definitions)


def smallest(schema: dict[str, Any]) -> Any:
    """A simple value that the schema allows: the first that is tried, for nothing is asked of it."""
    first = settings(database=None, derandomize=True, phases=[Phase.generate])
    return find(values(schema), lambda _: True, settings=first)


def _object(schema: dict[str, Any], definitions: dict[str, Any]) -> st.SearchStrategy[Any]:
    if isinstance(schema.get("additionalProperties"), dict):
        names = values({"type": "string", **schema.get("propertyNames", {})}, definitions)
        return st.dictionaries(names, values(schema["additionalProperties"], definitions), max_size=3)
    required, fields = set(schema.get("required", ())), schema.get("properties", {})
    strategies = {name: values(field, definitions) for name, field in fields.items()}
    optional = {name: each for name, each in strategies.items() if name not in required}
    return st.fixed_dictionaries({name: strategies[name] for name in fields if name in required}, optional=optional)


def _of_type(schema: dict[str, Any], definitions: dict[str, Any]) -> st.SearchStrategy[Any]:
    match schema["type"]:
        case "object":
            return _object(schema, definitions)
        case "array":
            return st.lists(values(schema["items"], definitions), max_size=3)
        case "string":
            return _text(schema)
        case "integer":
            return st.integers(schema.get("minimum", -(2**53)), schema.get("maximum", 2**53))
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case other:
            raise NotImplementedError(f"schema_values does not know the type {other}")


def _text(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    if "pattern" in schema:
        return st.from_regex(schema["pattern"].replace("$", r"\Z"), fullmatch=True)
    return _MOMENTS if schema.get("format") == "date-time" else st.text(max_size=20)
