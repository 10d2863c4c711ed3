"""Python's values to Firestore's and back, and the names of documents."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, unquote

from shared.eventsourcing.projection import Scalar

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9@:_.+ -]*")


def document_id(text: str) -> str:
    """Any text as the last part of a document's name: slashes and what Firestore keeps for itself are escaped."""
    if _PLAIN.fullmatch(text):
        return text
    return "%" if not text else _escaped_first(quote(text, safe="@:_.+ -"))


def text_of(identity: str) -> str:
    """The inverse of `document_id`."""
    return "" if identity == "%" else unquote(identity)


def _escaped_first(text: str) -> str:
    """`.`, `..` and `__…__` are no ids: escape the first character of all that begins like them."""
    return f"%{ord(text[0]):02X}{text[1:]}" if text[0] in "._" else text


def moment(timestamp: Any) -> datetime:
    """An aware UTC time; a timestamp's nanoseconds are cut to microseconds, the finest that Firestore keeps."""
    return _EPOCH + timedelta(0, timestamp.seconds, timestamp.nanos // 1000)


def set_moment(timestamp: Any, time: datetime) -> None:
    since = time - _EPOCH
    timestamp.seconds = since.days * 86_400 + since.seconds
    timestamp.nanos = since.microseconds * 1000


def token_of(update_time: Any) -> tuple[int, int]:
    """When a document was written last, to the nanosecond: what guards the next write of it."""
    return update_time.seconds, update_time.nanos


def set_token(update_time: Any, token: object) -> None:
    """The write's precondition; TypeError for what no `token_of` made."""
    match token:
        case (int(seconds), int(nanos)):
            update_time.seconds, update_time.nanos = seconds, nanos
        case _:
            raise TypeError(f"not a token of this store: {token!r}")


def set_scalar(value: Any, scalar: Scalar) -> None:
    """Into a `Value`."""
    match scalar:
        case None:
            value.null_value = 0
        case bool():  # before int, which it is as well
            value.boolean_value = scalar
        case int():
            value.integer_value = scalar
        case str():
            value.string_value = scalar
        case datetime():
            set_moment(value.timestamp_value, scalar)


def scalar(value: Any) -> Scalar:
    """Out of a `Value`."""
    kind = value.WhichOneof("kind")
    if kind == "timestamp_value":
        return moment(value.timestamp_value)
    found: Scalar = None if kind == "null_value" else getattr(value, kind)
    return found
