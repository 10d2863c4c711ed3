"""What an id may be, and ids that are made of other ids and of the subjects of tokens."""

import re
from hashlib import sha256
from typing import Final

MAX_ID_CHARS: Final = 128
ID: Final = rf"[A-Za-z0-9][A-Za-z0-9_.~|@:+-]{{0,{MAX_ID_CHARS - 1}}}"
"""What an id may be made of, in a path, a stream name and a document name alike."""
MAX_SUBJECT_CHARS: Final = 255
"""OpenID Connect's own limit."""
_DIGEST_CHARS: Final = 32
_ESCAPED: Final = re.compile(r"^[^A-Za-z0-9]|[^A-Za-z0-9_.|@:+-]")


def derived_id(text: str) -> str:
    """An id that is made of others, such as an order's id and a number: `text` as it is where it is no longer than an
    id may be; else its beginning and a hash of all of it. The same text gives the same id, always.
    """
    if len(text) <= MAX_ID_CHARS:
        return text
    digest = sha256(text.encode()).hexdigest()[:_DIGEST_CHARS]
    return f"{text[: MAX_ID_CHARS - _DIGEST_CHARS - 1]}~{digest}"


def subject_id(subject: str) -> str:
    """The id of who has this subject in their token, which may be anything that can be printed, such as an address. No
    two subjects have one id. A subject that is an id without a `~` is its own; of any other each character that an id
    cannot have there is a `~` and two hexadecimal digits for each of its bytes, with `0~~` before it where it begins
    so. One that would be too long ends in `~~` and a hash.
    """
    escaped = _ESCAPED.sub(lambda found: "".join(f"~{byte:02X}" for byte in found[0].encode()), subject)
    text = f"0~~{escaped}" if escaped.startswith("~") else escaped
    if len(text) <= MAX_ID_CHARS:
        return text
    digest = sha256(subject.encode()).hexdigest()[:_DIGEST_CHARS]
    return f"{text[: MAX_ID_CHARS - _DIGEST_CHARS - 2]}~~{digest}"
