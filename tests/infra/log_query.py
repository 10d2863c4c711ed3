"""The part of Cloud Logging's query language that our filters are written in, carried out on one entry.

Comparisons joined by AND, each perhaps with a NOT before it. A path that leads nowhere compares with nothing.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

Entry = Mapping[str, Any]
_SEVERITIES = ("DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL")
_COMPARISON = re.compile(r"(?P<path>[A-Za-z_.]+)(?P<operator>=~|>=|<=|=|<|>|:)(?P<value>.+)", re.DOTALL)
_MISSING = object()


def matches(query: str, entry: Entry) -> bool:
    return all(_holds(each, entry) for each in query.split(" AND "))


def extracted(extractor: str, entry: Entry) -> Any:
    """What `EXTRACT(path)` finds; KeyError if the path leads nowhere, as where nobody writes the field."""
    path = re.fullmatch(r"EXTRACT\(([A-Za-z_.]+)\)", extractor)
    assert path is not None, extractor
    found = _at(path[1], entry)
    if found is _MISSING:
        raise KeyError(path[1])
    return found


def _holds(comparison: str, entry: Entry) -> bool:
    if comparison.startswith("NOT "):
        return not _holds(comparison.removeprefix("NOT "), entry)
    parts = _COMPARISON.fullmatch(comparison)
    assert parts is not None, f"not in this part of the language: {comparison}"
    found, operator, value = _at(parts["path"], entry), parts["operator"], parts["value"]
    if found is _MISSING:
        return False
    if operator == ":":
        return value == "*" or json.loads(value) in str(found)
    if operator == "=~":
        return re.search(json.loads(value), str(found)) is not None
    if parts["path"] == "severity":
        return _ordered(operator)(_SEVERITIES.index(found), _SEVERITIES.index(value))
    return _ordered(operator)(found, json.loads(value))


def _ordered(operator: str) -> Callable[[Any, Any], bool]:
    known: dict[str, Callable[[Any, Any], bool]] = {
        "=": lambda one, other: bool(one == other),
        "<": lambda one, other: bool(one < other),
        "<=": lambda one, other: bool(one <= other),
        ">": lambda one, other: bool(one > other),
        ">=": lambda one, other: bool(one >= other),
    }
    return known[operator]


def _at(path: str, entry: Entry) -> Any:
    found: Any = entry
    for name in path.split("."):
        if not isinstance(found, Mapping) or name not in found:
            return _MISSING
        found = found[name]
    return found
