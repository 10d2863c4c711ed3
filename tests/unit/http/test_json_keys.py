"""Keys that are there twice: found at any depth, in time, and in nothing else."""

import pytest

from shared.http.json_keys import key_given_twice


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b'{"a": 1, "a": 1}', "a"),
        (b'{"a": 1, "b": 2, "\\u0061": 3}', "a"),
        (b'{"": 1, "": 2}', ""),
        (b'{"a": [{"": 1, "": 2}]}', "a.0."),
        (b'{"a": {"b": {"c": 1, "c": 2}}}', "a.b.c"),
        (b'{"a": [1, [{}, {"b": 1, "b": 2}]]}', "a.1.1.b"),
        (b'[{"a": 1}, {"a": 1, "a": 2}]', "1.a"),
        (b'{"a": {"b": 1, "b": 2}, "a": 1}', "a.b"),
        (b'{"n": ' + b"9" * 5000 + b', "x": NaN, "a": 1, "a": 2}', "a"),
    ],
)
def test_a_key_that_is_there_twice_is_found(body: bytes, path: str) -> None:
    """By its path, however it is written."""
    assert key_given_twice(body) == path


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'"a"',
        b'{"a": {"a": 1}, "b": [{"a": 1}, {"a": 1}]}',
        b'{"a": 1, "A": 2}',
        b'{"a": 1, "a": 2',
        b"\xff",
        b"[" * 100_000,
        b"[" * 600 + b"]" * 600,
        b'{"a":' * 50_000,
    ],
)
def test_what_has_none_is_left_to_the_parser(body: bytes) -> None:
    """Also what is no JSON, or too deep to be read."""
    assert key_given_twice(body) is None
