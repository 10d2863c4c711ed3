"""Stored and published shapes: once written below `schemas/`, never changed under the same version.

A shape is what decides whether a document fits: fields, types, limits. Names of classes and the words of descriptions
and examples are not part of it; those of a promise stay as they were when it was made.
"""

from collections.abc import Iterator, Mapping
from json import dumps
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json

STORED = "stored/"
EVENTS = "events/"
PROMISES = (STORED, EVENTS)
"""Folders whose documents are only added to."""

_WORDS = {"$schema", "$defs", "$ref", "$comment", "title", "description", "examples"}
_NAMED = {"properties", "patternProperties"}
"""Keywords whose own keys are names of fields, not keywords."""
_UNORDERED = {"required", "enum", "anyOf", "oneOf", "allOf"}
_DATA = {"const", "default"}


def is_promise(path: str) -> bool:
    return path.startswith(PROMISES)


def render(document: Mapping[str, Any]) -> bytes:
    return to_json(document, indent=2) + b"\n"


def drift(folder: Path, fresh: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What the documents in `folder` and those made from the code disagree about, a line each; empty if they agree."""
    found = []
    for path, document in sorted(fresh.items()):
        file = folder / path
        if not file.exists():
            found.append(f"{path} is missing")
        elif is_promise(path):
            found += broken(path, from_json(file.read_bytes()), document)
        elif file.read_bytes() != render(document):
            found.append(f"{path} differs from the code")
    return found + [f"{path} has no code behind it" for path in orphans(folder, fresh)]


def orphans(folder: Path, fresh: Mapping[str, Any]) -> list[str]:
    """Documents that nothing makes any more; promises outlive their code."""
    known = {path.relative_to(folder).as_posix() for path in folder.rglob("*.json")}
    return [path for path in sorted(known - fresh.keys()) if not is_promise(path)]


def broken(path: str, promised: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What a changed shape breaks, in one line that names the places; empty if the shape is the same."""
    places = list(dict.fromkeys(_differences(shape(promised), shape(now))))
    if not places:
        return []
    return [f"{path} was promised in another shape ({', '.join(places)}): give the event a new version"]


def shape(document: Mapping[str, Any]) -> Any:
    """The schema without words and without names of its own: references are replaced by what they refer to."""
    return _shape(document, document.get("$defs", {}), ())


def _shape(node: Any, definitions: Mapping[str, Any], inside: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [_shape(item, definitions, inside) for item in node]
    if not isinstance(node, dict):
        return node
    name = node.get("$ref", "").removeprefix("#/$defs/")
    if name in inside:  # it contains itself: said by how far up it starts again
        return {"recursion": len(inside) - inside.index(name)}
    found = {} if not name else _shape(definitions[name], definitions, (*inside, name))
    told = {keyword: value for keyword, value in node.items() if keyword not in _WORDS}
    return found | {keyword: _told(keyword, value, definitions, inside) for keyword, value in told.items()}


def _told(keyword: str, value: Any, definitions: Mapping[str, Any], inside: tuple[str, ...]) -> Any:
    """What a keyword of a schema says, in one form."""
    if keyword in _DATA:
        return value
    if keyword in _NAMED:
        return {field: _shape(inner, definitions, inside) for field, inner in value.items()}
    told = _shape(value, definitions, inside)
    return sorted(told, key=lambda each: dumps(each, sort_keys=True)) if keyword in _UNORDERED else told


def _differences(promised: Any, now: Any, place: str = "") -> Iterator[str]:
    """Where two shapes differ, by field: `lines.quantity`."""
    if isinstance(promised, dict) and isinstance(now, dict):
        for keyword in sorted(promised.keys() | now.keys()):
            inner = place if keyword in _NAMED or keyword == "items" else f"{place}.{keyword}".strip(".")
            yield from _differences(promised.get(keyword), now.get(keyword), inner)
    elif promised != now:
        yield place or "the document itself"
