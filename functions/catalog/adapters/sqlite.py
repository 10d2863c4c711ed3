"""The search engine: SQLite's FTS5, in this process's memory."""

import asyncio
import sqlite3
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from functions.catalog.search import (
    FIELD_SETS,
    TIERS,
    Description,
    Entry,
    Find,
    Place,
    Search,
    heading_of,
    words_of,
)

T = TypeVar("T")
_SCHEMA = """
CREATE TABLE headings (
  place INTEGER PRIMARY KEY, department TEXT, category TEXT, product_type TEXT, brand TEXT, size TEXT,
  department_words TEXT, brand_words TEXT
);
CREATE TABLE products (sku TEXT PRIMARY KEY, version INTEGER, manufacturer TEXT, heading INTEGER) WITHOUT ROWID;
CREATE INDEX products_by_heading ON products (heading, sku) WHERE heading IS NOT NULL;
CREATE VIRTUAL TABLE words USING fts5 (
  product_type, category, department, rest,
  content='', detail=column, columnsize=0, tokenize='ascii', prefix='1 2'
);
"""
_FIELD_SETS = (
    "{product_type}",
    "{product_type category}",
    "{product_type category department}",
    "{product_type category department rest}",
)
_DESCRIPTION = "headings.department, headings.category, headings.product_type, headings.brand, headings.size"
_FILTERS = "(:department IS NULL OR department_words = :department) AND (:brand IS NULL OR brand_words = :brand)"
_TIER = f"""
SELECT place, {_DESCRIPTION} FROM words CROSS JOIN headings ON place = words.rowid
WHERE words MATCH :match AND words.rowid >= :heading AND {_FILTERS} ORDER BY words.rowid
"""  # noqa: S608 - made of constants
_OF_HEADING = """
SELECT sku, version, manufacturer FROM products WHERE heading = :heading AND sku > :sku ORDER BY sku LIMIT :limit
"""
_BROWSE = f"""
SELECT sku, version, manufacturer, {_DESCRIPTION} FROM products CROSS JOIN headings ON place = heading
WHERE sku > :sku {{}} ORDER BY sku LIMIT :limit
"""  # noqa: S608 - made of constants
_BROWSE_ALL = _BROWSE.format("")
_BROWSE_SOME = _BROWSE.format(f"AND heading IN (SELECT place FROM headings WHERE {_FILTERS})")  # noqa: S608 - as above
_ALL = f"SELECT sku, version, manufacturer, {_DESCRIPTION} FROM products JOIN headings ON place = heading"  # noqa: S608 - made of constants
_PUT_PRODUCT = """
INSERT INTO products (sku, version, manufacturer, heading) VALUES (?, ?, ?, ?)
ON CONFLICT (sku) DO UPDATE SET version = excluded.version, manufacturer = excluded.manufacturer,
  heading = excluded.heading
"""
_PUT_WORDS = "INSERT INTO words (rowid, product_type, category, department, rest) VALUES (?, ?, ?, ?, ?)"
_FORGET_WORDS = """
INSERT INTO words (words, rowid, product_type, category, department, rest) VALUES ('delete', ?, ?, ?, ?, ?)
"""


class SqliteSearchIndex:
    """`SearchIndex`. Texts are made into words before SQLite sees them: its tokenizer has nothing left to decide.

    Full text is indexed once for each description, not for each product: there are far fewer. Rows of the full text
    lie in the order of the answer, so a page is read from its cursor on, without sorting. All work is done by one
    thread of the index's own: the event loop is never held up, and SQLite is never used by two at once.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="search")
        self._db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self._db.close)  # an index has no end of its own: it goes with who holds it
        self._db.executescript(_SCHEMA)

    async def put(self, entries: Sequence[Entry]) -> None:
        await self._run(lambda: self._put(entries))

    async def search(self, search: Search) -> Sequence[Find]:
        return await self._run(lambda: list(self._search(search)))

    async def entries(self) -> Sequence[Entry]:
        return await self._run(lambda: [_entry(*row) for row in self._db.execute(_ALL)])

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    # --- searching

    def _search(self, search: Search) -> Iterable[Find]:
        if search.words is None:
            return self._browse(search)
        if not search.words:
            return ()
        return islice(self._ranked(search.words, search), search.limit)

    def _browse(self, search: Search) -> Iterator[Find]:
        filters, after = _filters(search), search.after.sku if search.after else ""
        select = _BROWSE_SOME if any(text is not None for text in filters.values()) else _BROWSE_ALL
        for row in self._db.execute(select, {**filters, "sku": after, "limit": search.limit}):
            entry = _entry(*row)
            yield Find(entry, Place(0, 0, entry.sku))

    def _ranked(self, words: Sequence[str], search: Search) -> Iterator[Find]:
        start = search.after or Place(0, 0, "")
        for tier in range(start.tier, TIERS):
            first = start.heading if tier == start.tier else 0
            asked = {**_filters(search), "match": _tier_only(words, tier), "heading": first}
            for heading, *description in self._db.execute(_TIER, asked):
                sku = start.sku if (tier, heading) == start[:2] else ""
                described = Description(*description)
                products = {"heading": heading, "sku": sku, "limit": search.limit}
                for found, version, manufacturer in self._db.execute(_OF_HEADING, products):
                    yield Find(Entry(found, version, manufacturer, described), Place(tier, heading, found))

    # --- keeping the index

    def _put(self, entries: Sequence[Entry]) -> None:
        """All or nothing: SQLite's own transaction."""
        with self._db:
            self._db.execute("BEGIN")
            known = self._known(entries)
            in_order = sorted(entries, key=lambda each: each.version)
            newer = {each.sku: each for each in in_order if each.version > known.get(each.sku, (0, None))[0]}
            places = self._places({each.description for each in newer.values() if each.description})
            rows = [
                (each.sku, each.version, each.manufacturer, places[each.description] if each.description else None)
                for each in newer.values()
            ]
            self._db.executemany(_PUT_PRODUCT, sorted(rows))
            self._clear({known[sku][1] for sku in newer if sku in known})

    def _known(self, entries: Sequence[Entry]) -> Mapping[str, tuple[int, int | None]]:
        """Version and heading of those that the index holds already."""
        if self._db.execute("SELECT 1 FROM products LIMIT 1").fetchone() is None:
            return {}
        select = "SELECT version, heading FROM products WHERE sku = ?"
        found = {each.sku: self._db.execute(select, (each.sku,)).fetchone() for each in entries}
        return {sku: row for sku, row in found.items() if row is not None}

    def _places(self, descriptions: Iterable[Description]) -> Mapping[Description, int]:
        """Where each description stands; those that are new are indexed."""
        places: dict[Description, int] = {}
        for place, description in sorted((heading_of(each), each) for each in descriptions):
            places[description] = self._place(place, description)
        return places

    def _place(self, place: int, description: Description) -> int:
        select = f"SELECT {_DESCRIPTION} FROM headings WHERE place = ?"  # noqa: S608 - made of constants
        while (held := self._db.execute(select, (place,)).fetchone()) is not None:
            if held == tuple(description):
                return place
            place += 1  # two descriptions with one hash: rare, and no reason to show one as the other
        keys = " ".join(words_of(description.department)), " ".join(words_of(description.brand))
        self._db.execute("INSERT INTO headings VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (place, *description, *keys))
        self._db.execute(_PUT_WORDS, (place, *_texts(description)))
        return place

    def _clear(self, headings: Iterable[int | None]) -> None:
        """Forget the descriptions that no product has any more."""
        for place in headings:
            if place is None or self._db.execute("SELECT 1 FROM products WHERE heading = ?", (place,)).fetchone():
                continue
            select = f"SELECT {_DESCRIPTION} FROM headings WHERE place = ?"  # noqa: S608 - made of constants
            description = Description(*self._db.execute(select, (place,)).fetchone())
            self._db.execute(_FORGET_WORDS, (place, *_texts(description)))
            self._db.execute("DELETE FROM headings WHERE place = ?", (place,))


def _entry(sku: str, version: int, manufacturer: str, *description: str) -> Entry:
    return Entry(sku, version, manufacturer, Description(*description))


def _texts(description: Description) -> tuple[str, str, str, str]:
    """What is indexed of a description, by column."""
    return (
        " ".join(words_of(description.product_type)),
        " ".join(words_of(description.category)),
        " ".join(words_of(description.department)),
        " ".join(words_of(description.brand) + words_of(description.size)),
    )


def _filters(search: Search) -> dict[str, str | int | None]:
    filters = {"department": search.department, "brand": search.brand}
    return {name: None if text is None else " ".join(words_of(text)) for name, text in filters.items()}


def _tier_only(words: Sequence[str], tier: int) -> str:
    """What belongs to this tier and to none before it, in FTS5's language."""
    expression = _expression(words, tier)
    for better in {tier - 1, FIELD_SETS - 1}:
        if 0 <= better < tier:
            expression = f"({expression} NOT {_expression(words, better)})"
    return expression


def _expression(words: Sequence[str], tier: int) -> str:
    """This tier and all before it of its kind; a word consists of letters and digits, so quotes suffice."""
    fields, suffix = _FIELD_SETS[tier % FIELD_SETS], " *" if tier >= FIELD_SETS else ""
    return "(" + " AND ".join(f'{fields} : "{word}"{suffix}' for word in words) + ")"
