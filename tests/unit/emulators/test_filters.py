"""Pub/Sub's filter language, as Google documents it."""

import pytest

from shared.adapters.memory.filters import compile_filter
from shared.eventsourcing.errors import TopologyError

GERMAN = {"lang": "de", "ce-type": "commerce.cart.CartCheckedOut.v1", "iana.org/tag": "x"}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("attributes:lang", True),
        ("attributes:other", False),
        ('attributes:"iana.org/tag"', True),
        ('attributes.lang = "de"', True),
        ('attributes.lang="en"', False),
        ('attributes.ce-type = "commerce.cart.CartCheckedOut.v1"', True),
        ('attributes."ce-type" = "commerce.cart.CartCheckedOut.v1"', True),
        ('attributes.lang != "en"', True),
        ('attributes.lang != "de"', False),
        ('hasPrefix(attributes.ce-type, "commerce.cart.")', True),
        ('hasPrefix(attributes."ce-type", "commerce.order.")', False),
        ('hasPrefix(attributes.other, "")', False),
        ("NOT attributes:other", True),
        ("-attributes:lang", False),
        ('NOT hasPrefix(attributes.lang, "d")', False),
        ('attributes:lang AND attributes.lang = "de" AND attributes:ce-type', True),
        ("attributes:lang AND attributes:other", False),
        ('attributes.lang = "en" OR attributes.lang = "de"', True),
        ("attributes:lang AND (attributes:other OR attributes:ce-type)", True),
        ("NOT (attributes:lang AND attributes:other)", True),
        ("NOT attributes:lang OR attributes:ce-type", True),
        ('  attributes.lang\n=\t"de"  ', True),
    ],
)
def test_filter_decides(text: str, matches: bool) -> None:
    """A filter sees the attributes, and nothing else."""
    assert compile_filter(text)(GERMAN) is matches


def test_other_than_includes_missing() -> None:
    """`!=` also matches a message without the attribute."""
    assert compile_filter('attributes.lang != "de"')({})


def test_string_may_hold_escaped_quotes() -> None:
    """A backslash takes the next character as it is."""
    assert compile_filter(r'attributes.a = "say \"hi\" \\"')({"a": 'say "hi" \\'})


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("bogus ((", "expected at character 1, found 'bogus'"),
        ("attributes.lang", "= or != expected at character 16, found its end"),
        ("attributes.lang = de", "a string in double quotes expected at character 19"),
        ('attributes.lang = "de', "cannot read it from character 18 on"),
        ('attributes.lang > "de"', "cannot read it from character 16 on"),
        ('"de" = attributes.lang', "attributes, hasPrefix, NOT or ( expected at character 1"),
        ("attributes:a AND", "found its end"),
        ("attributes:a attributes:b", "the end, AND or OR expected at character 14"),
        ("attributes:a AND attributes:b OR attributes:c", "AND and OR are mixed"),
        ("(attributes:a", ") expected"),
        ("attributes:a and attributes:b", "found 'and'"),
        ('hasSuffix(attributes.a, "b")', "found 'hasSuffix'"),
    ],
)
def test_bad_filter_is_named(text: str, complaint: str) -> None:
    """What is not in the language is refused, with the place and what was expected there."""
    with pytest.raises(TopologyError) as refused:
        compile_filter(text)
    assert complaint in str(refused.value)


def test_filter_of_257_bytes_is_refused() -> None:
    """Pub/Sub takes 256 bytes of filter at most."""
    text = 'attributes.a = "{}"'
    longest = text.format("x" * (256 - len(text) + 2))

    assert compile_filter(longest)({"a": "b"}) is False
    with pytest.raises(TopologyError, match="256 bytes, this one 257"):
        compile_filter(longest.replace("x", "xx", 1))
