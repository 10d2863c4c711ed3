"""What searching products means, and the port to the engine that does it.

A product is found by words: each word asked for must begin a word of its type, category, department, brand or size.
How good a find is follows from the query and the product alone, never from the other products: that is why a cursor
stays right while the catalog changes, and on another instance. Best first means

1. tier: all words asked for are whole words, before some of them only begin one; within that, all found in the type,
   before in type or category, before in these or the department, before anywhere;
2. heading: products of the same description stand together, those whose type has fewer words first;
3. sku.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple, Protocol

FIELD_SETS = 4
TIERS = 2 * FIELD_SETS
_WORD = re.compile(r"[^\W_]+")
_WITHOUT_ACCENT = str.maketrans(
    dict(zip("ƀɓƃƈȼđɖɗƌɇƒǥɠħɨƙłƚɲƞŋøɵƥɍŧƭʋƴɏƶ", "bbbccddddefgghikllnnnooprttvyyz", strict=True))
    | {"ð": "d", "\u0131": "i", "ɉ": "j", "ȷ": "j", "ĸ": "q", "æ": "ae", "œ": "oe", "þ": "th"}
)
"""Letters of Latin alphabets that Unicode does not take apart into a letter and an accent; as CLDR writes them in its
transform Latin-ASCII.
"""
_HASH_BITS = 56
_MAX_TYPE_WORDS = 126
_DIFFERENT_TEXTS = 8192


class Description(NamedTuple):
    """What products have in common that are found by the same words."""

    department: str
    category: str
    product_type: str
    brand: str
    size: str


class Entry(NamedTuple):
    """A product as the index holds it, at a version of its stream; without a description it is not to be found."""

    sku: str
    version: int
    manufacturer: str
    description: Description | None


class Place(NamedTuple):
    """Where a product stands in the answer to a query: the order of all finds."""

    tier: int
    heading: int
    sku: str


class Find(NamedTuple):
    entry: Entry
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Products that match all `words`, or all there are, in the order of their skus, where `words` is None; of this
    department and brand, in any spelling of case and accents; at most `limit` of them, behind the place `after`.
    """

    words: tuple[str, ...] | None
    department: str | None = None
    brand: str | None = None
    limit: int = 50
    after: Place | None = None


class SearchIndex(Protocol):
    """The port to the engine. Calls may overlap; each sees a put whole or not at all."""

    async def put(self, entries: Sequence[Entry]) -> None:
        """Take in what is newer than what the index holds of the same sku."""
        ...

    async def search(self, search: Search) -> Sequence[Find]: ...

    async def entries(self) -> Sequence[Entry]:
        """All products that can be found."""
        ...


@lru_cache(maxsize=_DIFFERENT_TEXTS)
def words_of(text: str) -> tuple[str, ...]:
    """Letters and digits in a row make a word; case and accents do not count, whatever a letter's accent is made of:
    ø is o, and æ is ae.
    """
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    folded = "".join(each for each in decomposed if not unicodedata.combining(each))
    return tuple(_WORD.findall(folded.translate(_WITHOUT_ACCENT)))


def asked_words(text: str) -> tuple[str, ...] | None:
    """The words of a query, each once; None if it is blank. One of signs only has no words, and finds nothing."""
    if not text.strip():
        return None
    return tuple(dict.fromkeys(words_of(text)))


def heading_of(description: Description) -> int:
    """The place of a description among those of a tier: 63 bits, the number of words of its type before a hash."""
    type_words = min(len(words_of(description.product_type)), _MAX_TYPE_WORDS)
    digest = blake2b("\0".join(description).encode(), digest_size=_HASH_BITS // 8).digest()
    return type_words << _HASH_BITS | int.from_bytes(digest, "big")
