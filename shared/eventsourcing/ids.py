"""What an id may be, and ids that are made of other ids."""

from hashlib import sha256
from typing import Final

MAX_ID_CHARS: Final = 128
ID: Final = rf"[A-Za-z0-9][A-Za-z0-9_.~|@:+-]{{0,{MAX_ID_CHARS - 1}}}"
"""What an id may be made of, in a path, a stream name and a document name alike. Identity providers call people such as
`auth0|900`, so the subjects of tokens are ids too.
"""
_DIGEST_CHARS: Final = 32


def derived_id(text: str) -> str:
    """An id that is made of others, such as an order's id and a number: `text` as it is where it is no longer than an
    id may be; else its beginning and a hash of all of it. The same text gives the same id, always.
    """
    if len(text) <= MAX_ID_CHARS:
        return text
    digest = sha256(text.encode()).hexdigest()[:_DIGEST_CHARS]
    return f"{text[: MAX_ID_CHARS - _DIGEST_CHARS - 1]}~{digest}"
