"""Names the shape of what is stored, so that what another release stored in another shape is told apart."""

from hashlib import sha256
from typing import Any, Final

from pydantic_core import to_json

_WORDS: Final = {"title", "description", "examples"}
"""They say what a field is for, and decide nothing. A field of such a name has a schema of its own, no words."""


def mark_of(schema: Any, version: int = 1) -> str:
    """The same for JSON Schemas that differ in words alone; `version` tells meanings of the same shape apart."""
    return sha256(to_json([version, _without_words(schema)])).hexdigest()[:12]


def _without_words(schema: Any) -> Any:
    match schema:
        case dict():
            kept = {name: each for name, each in schema.items() if name not in _WORDS or isinstance(each, dict)}
            return {name: _without_words(each) for name, each in kept.items()}
        case list():
            return [_without_words(each) for each in schema]
        case _:
            return schema
