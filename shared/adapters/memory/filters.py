"""Pub/Sub's filter language for subscriptions.

The memory broker filters by it, and so does the local delivery: Google's emulator accepts every filter, applies none.

    filter     = comparison { "AND" comparison } | comparison { "OR" comparison }
    comparison = ["NOT" | "-"] ( "(" filter ")" | "attributes" ":" key | "attributes" "." key ("=" | "!=") string
                                 | "hasPrefix" "(" "attributes" "." key "," string ")" )

As in the cloud, AND and OR are not mixed without parentheses, `!=` also matches where the attribute is missing, and a
key with more than letters, digits, hyphens and underscores stands in quotes.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from shared.eventsourcing.errors import TopologyError

Filter = Callable[[Mapping[str, str]], bool]
"""Whether a message with these attributes is for the subscription."""

MAX_FILTER_BYTES = 256

_TOKEN = re.compile(r'\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<word>\w[\w-]*)|(?P<sign>!=|[=:.,()-]))', re.ASCII)
_ESCAPE = re.compile(r"\\(.)")


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


def compile_filter(text: str) -> Filter:
    """The empty filter takes everything. Raises TopologyError, with the place, if it is not in the language."""
    if len(text.encode()) > MAX_FILTER_BYTES:
        raise TopologyError(f"a filter has at most {MAX_FILTER_BYTES} bytes, this one {len(text.encode())}: {text}")
    if not text.strip():
        return lambda _: True
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._scan()
        self._next = 0

    def parse(self) -> Filter:
        result = self._filter()
        if self._peek().kind != "end":
            raise self._wrong("the end, AND or OR")
        return result

    def _scan(self) -> list[_Token]:
        tokens, at = [], 0
        end = len(self._text.rstrip())
        while at < end:
            match = _TOKEN.match(self._text, at)
            if match is None or match.lastgroup is None:
                raise TopologyError(f"filter {self._text!r}: cannot read it from character {at + 1} on")
            tokens.append(_Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
            at = match.end()
        return [*tokens, _Token("end", "", end)]

    def _filter(self) -> Filter:
        terms, joint = [self._comparison()], ""
        while (operator := self._peek().text) in ("AND", "OR"):
            if joint and operator != joint:
                raise self._wrong("parentheses, since AND and OR are mixed,")
            joint = self._take().text
            terms.append(self._comparison())
        every = tuple(terms)
        if joint == "OR":
            return lambda attributes: any(term(attributes) for term in every)
        return lambda attributes: all(term(attributes) for term in every)

    def _comparison(self) -> Filter:
        if self._skip("NOT") or self._skip("-"):
            negated = self._comparison()
            return lambda attributes: not negated(attributes)
        if self._skip("("):
            inner = self._filter()
            self._expect(")")
            return inner
        if self._skip("hasPrefix"):
            return self._prefix()
        self._expect("attributes", "attributes, hasPrefix, NOT or (")
        return self._attribute()

    def _prefix(self) -> Filter:
        self._expect("(")
        self._expect("attributes")
        self._expect(".")
        key = self._key()
        self._expect(",")
        prefix = self._string()
        self._expect(")")
        return lambda attributes: key in attributes and attributes[key].startswith(prefix)

    def _attribute(self) -> Filter:
        if self._skip(":"):
            present = self._key()
            return lambda attributes: present in attributes
        self._expect(".", ". or :")
        key = self._key()
        if self._skip("="):
            wanted = self._string()
            return lambda attributes: attributes.get(key) == wanted
        self._expect("!=", "= or !=")
        unwanted = self._string()
        return lambda attributes: attributes.get(key) != unwanted

    def _key(self) -> str:
        if self._peek().kind == "word":
            return self._take().text
        return self._string("the key of an attribute")

    def _string(self, wanted: str = "a string in double quotes") -> str:
        if self._peek().kind != "string":
            raise self._wrong(wanted)
        return _ESCAPE.sub(r"\1", self._take().text[1:-1])

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        self._next += 1
        return self._tokens[self._next - 1]

    def _skip(self, text: str) -> bool:
        if self._peek().text != text:
            return False
        self._next += 1
        return True

    def _expect(self, text: str, wanted: str = "") -> None:
        if not self._skip(text):
            raise self._wrong(wanted or text)

    def _wrong(self, wanted: str) -> TopologyError:
        token = self._peek()
        found = repr(token.text) if token.text else "its end"
        return TopologyError(f"filter {self._text!r}: {wanted} expected at character {token.at + 1}, found {found}")
