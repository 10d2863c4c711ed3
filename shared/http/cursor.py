"""Where a page of a list ended, opaque to the caller."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime

from pydantic import TypeAdapter
from pydantic_core import from_json, to_json

from shared.eventsourcing.ids import ID
from shared.eventsourcing.projection import Row, Scalar
from shared.http.problems import bad_field

_INT_BITS = 63


def cursor_after(row: Row, order_by: str) -> str:
    return cursor_of(row.fields[order_by], row.key)


def cursor_of(value: Scalar, key: str) -> str:
    return urlsafe_b64encode(to_json([value, key])).decode().rstrip("=")


def parse_cursor(cursor: str, order_by: TypeAdapter[Scalar]) -> tuple[Scalar, str]:
    """What `cursor_after` made; anybody may send anything."""
    try:
        stated, key = from_json(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        value = order_by.validate_python(stated)
        if isinstance(value, datetime):
            value = value.astimezone(UTC)  # fails at the ends of time, which no store holds
        sound = re.fullmatch(ID, key) and _is_sound(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise bad_field("cursor", "is not one that a list returned") from error
    if not sound:
        raise bad_field("cursor", "is not one that a list returned")
    return value, key


def _is_sound(value: Scalar) -> bool:
    """Whether a store can hold it; texts that lists are ordered by are ids."""
    if isinstance(value, str):
        return bool(re.fullmatch(ID, value))
    return not (isinstance(value, int) and value.bit_length() > _INT_BITS)
