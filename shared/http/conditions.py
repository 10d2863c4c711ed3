"""Conditional requests (RFC 9110, section 13): `If-Match` and `If-None-Match`, for commands and queries alike.

Entity tags are versions. For a command an entity exists when it has one, also where no query shows it any more.
What the request would get without its conditions comes first (13.2.1): a caller who is not let in, and a thing that is
not there, get 401, 403 and 404 whatever they state. The conditions follow in the order of 13.2.2, and only then what
else may be wrong:

    1. `If-Match`       one of these versions, or any (`*`)      if not: 412
    2. `If-None-Match`  none of these versions, or none (`*`)    if not: 412, and 304 for a query

`If-Match` compares strongly, so a weak tag matches nothing; `If-None-Match` compares weakly, so `W/"3"` is `"3"`. A
command that would make a new entity meets one that does not exist. Dates are no conditions here, as nothing has a
`Last-Modified`.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.responses import Response

from shared.eventsourcing.errors import VersionMismatchError
from shared.http.problems import bad_field, etag_of

IF_MATCH, IF_NONE_MATCH = "If-Match", "If-None-Match"
NOT_MODIFIED = 304
TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
BARE_VERSION = "[0-9]{1,10}"
"""A version without its quotes is read, too."""
_ANY = frozenset(("*",))
_ITEM = re.compile(rf"[ \t,]*({TAG}|{BARE_VERSION})[ \t]*(?:,|$)")
_KEPT = ("etag", "cache-control", "content-location", "date", "expires", "vary")
"""Headers that a 304 has if the 200 would have them (15.4.5)."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a request states: entity tags as they were written, or `*`; None without the header."""

    if_match: frozenset[str] | None
    if_none_match: frozenset[str] | None

    def of_version(self, version: int) -> VersionMismatchError | None:
        """Why a command is not to be carried out on an entity at this version, 0 if it does not exist."""
        unmet = self.unmet(etag_of(version), exists=version > 0)
        return VersionMismatchError(unmet, version) if unmet else None

    def unmet(self, etag: str | None, *, exists: bool) -> str | None:
        """The header whose condition does not hold for what has this tag, or has none; None if all do."""
        wanted, unwanted = self.if_match, self.if_none_match
        if wanted is not None and not _names(wanted, etag, exists):
            return IF_MATCH
        if unwanted is not None and _names({tag.removeprefix("W/") for tag in unwanted}, etag, exists):
            return IF_NONE_MATCH
        return None


def _names(tags: Collection[str], etag: str | None, exists: bool) -> bool:
    return exists if tags == _ANY else etag in tags


def conditions_of(headers: Headers) -> Conditions | None:
    """None if the request states none; a 400 problem for what is no entity tag."""
    stated = [_tags(headers, IF_MATCH), _tags(headers, IF_NONE_MATCH)]
    return Conditions(*stated) if stated != [None, None] else None


def on_conditions(conditions: Conditions | None, answer: Response) -> Response:
    """The good answer to a query, or what comes in its place."""
    etag = answer.headers.get("etag")
    unmet = conditions.unmet(etag, exists=True) if conditions else None
    if unmet == IF_MATCH:
        raise VersionMismatchError(unmet, int(etag.strip('"')) if etag else None)
    if unmet is None:
        return answer
    kept = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
    return Response(status_code=NOT_MODIFIED, headers=kept)


def _tags(headers: Headers, name: str) -> frozenset[str] | None:
    value = headers.get(name)
    if value is None or value.strip() == "*":
        return None if value is None else _ANY
    text, place, found = value.strip(" \t,"), 0, set[str]()
    while (item := _ITEM.match(text, place)) is not None:
        tag = item[1]
        found.add(tag if tag.endswith('"') else f'"{tag}"')
        place = item.end()
    if not found or place < len(text):
        raise bad_field(name, 'must be * or versions in quotes, such as "3"')
    return frozenset(found)
