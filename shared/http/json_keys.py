"""A key that a JSON object has twice: parsers silently take one of the two, and differ in which."""

import json
from collections.abc import Sequence
from typing import Any


class _Twice(str):
    """The path to a key that is there twice."""

    __slots__ = ()


_NESTED = (list, _Twice)


def key_given_twice(body: bytes) -> str | None:
    """Such as `lines.0.sku`, of the first one that is found at any depth; None for what is no JSON, or is nested deeper
    than any body that a model takes. Numbers stay text: they may be too long for Python.
    """
    try:
        return _inside(json.loads(body, object_pairs_hook=_object, parse_int=str, parse_float=str))
    except (ValueError, RecursionError):
        return None


def _object(pairs: Sequence[tuple[str, Any]]) -> _Twice | None:
    names = set[str]()
    for name, value in pairs:
        if name in names:
            return _Twice(name)
        if isinstance(value, _NESTED) and (inner := _inside(value)) is not None:
            return _Twice(f"{name}.{inner}")
        names.add(name)
    return None


def _inside(value: object) -> _Twice | None:
    if isinstance(value, list):
        return next(
            (_Twice(f"{at}.{inner}") for at, each in enumerate(value) if (inner := _inside(each)) is not None), None
        )
    return value if isinstance(value, _Twice) else None
