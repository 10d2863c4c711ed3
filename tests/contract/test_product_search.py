"""What every engine behind the port of the product search promises, kept by SQLite's."""

import asyncio
import gc
import sqlite3
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.catalog.adapters import sqlite
from functions.catalog.adapters.sqlite import SqliteSearchIndex
from functions.catalog.search import (
    FIELD_SETS,
    Description,
    Entry,
    Find,
    Place,
    Search,
    SearchIndex,
    heading_of,
    words_of,
)

MILK = Description("GROCERY", "FLUID MILK PRODUCTS", "FLUID MILK WHITE ONLY", "Private", "1 GA")
TEXTS = [
    "",
    "MILK",
    "MILKSHAKE",
    "CHOC MILK",
    "TEA/MILK",
    "tea",
    "Thé",
    "T 1",
    "12 OZ",
    "漢字",
    "a b c",
    '"',
    "🍕 milk",
]
WORDS = ["m", "milk", "milks", "t", "te", "tea", "the", "1", "12", "oz", "choc", "漢", "a", "b", "zzz"]
SOME = [None, "MILK", "tea", "THE", "nowhere", ""]


@pytest.fixture
def index() -> SearchIndex:
    return SqliteSearchIndex()


def entry(sku: str, version: int = 1, description: Description | None = MILK) -> Entry:
    return Entry(sku, version, "69", description)


def listing(rows: Sequence[tuple[str, ...]]) -> list[Entry]:
    return [entry(f"p{number}", 1, Description(*row)) for number, row in enumerate(rows)]


def by_definition(entries: Sequence[Entry], search: Search) -> list[Find]:
    """The answer, from nothing but the definition."""
    found = []
    for each in entries:
        tier = _tier(each, search.words)
        if tier is not None and _passes(each, search):
            assert each.description is not None
            heading = heading_of(each.description) if search.words else 0
            found.append(Find(each, Place(tier, heading, each.sku)))
    found.sort(key=lambda find: find.place)
    return [find for find in found if search.after is None or find.place > search.after][: search.limit]


def _tier(each: Entry, words: Sequence[str] | None) -> int | None:
    if each.description is None:
        return None
    if words is None:
        return 0
    if not words:
        return None
    text = each.description
    fields = [text.product_type, text.category, text.department, f"{text.brand} {text.size}"]
    for tier in range(2 * FIELD_SETS):
        there = [word for field in fields[: tier % FIELD_SETS + 1] for word in words_of(field)]
        whole = tier < FIELD_SETS
        if all(any(word == each if whole else each.startswith(word) for each in there) for word in words):
            return tier
    return None


def _passes(each: Entry, search: Search) -> bool:
    assert each.description is not None
    pairs = ((search.department, each.description.department), (search.brand, each.description.brand))
    return all(wanted is None or words_of(wanted) == words_of(text) for wanted, text in pairs)


async def answers(index: SearchIndex, **search: object) -> list[str]:
    finds = await index.search(Search(**{"words": None, "limit": 1000, **search}))  # type: ignore[arg-type] # as stated
    return [find.entry.sku for find in finds]


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Smørrebrød", "smorrebrod"),
        ("Łosoś", "losos"),
        ("Đuveč", "duvec"),
        ("Kaday\u0131f", "kadayif"),
        ("Æbleskiver", "aebleskiver"),
        ("Weißwurst", "weisswurst"),
    ],
)
async def test_a_letter_is_found_with_and_without_its_accent(index: SearchIndex, written: str, plain: str) -> None:
    """Both ways, as a whole word and by its beginning; and as the department that is asked for."""
    there = [Description(each, "", each, "", "") for each in (written, plain.upper())]
    await index.put([entry("p1", 1, there[0]), entry("p2", 1, there[1])])

    for asked in (written, plain, written.upper()):
        for word in (words_of(asked)[0], words_of(asked[:4])[0]):
            assert sorted(await answers(index, words=(word,))) == ["p1", "p2"]
        assert sorted(await answers(index, department=asked)) == ["p1", "p2"]


descriptions = st.tuples(*[st.sampled_from(TEXTS)] * 5)
searches = st.builds(
    Search,
    words=st.none() | st.lists(st.sampled_from(WORDS), max_size=3, unique=True).map(tuple),
    department=st.sampled_from(SOME),
    brand=st.sampled_from(SOME),
    limit=st.integers(1, 8),
)


@settings(max_examples=150)
@given(st.lists(descriptions, max_size=25), st.lists(searches, min_size=1, max_size=5))
def test_an_answer_is_what_the_definition_says(rows: list[tuple[str, ...]], asked: list[Search]) -> None:
    """Whatever the products and the query: the same finds, in the same order, through all pages."""
    entries = listing(rows)

    async def check() -> None:
        index = SqliteSearchIndex()
        await index.put(entries)
        for search in asked:
            following: Search | None = search
            while following is not None:
                page = await index.search(following)
                assert list(page) == by_definition(entries, following)
                last = page[-1].place if len(page) == search.limit else None
                following = _behind(search, last) if last else None

    asyncio.run(check())


def _behind(search: Search, last: Place) -> Search:
    return Search(words=search.words, department=search.department, brand=search.brand, limit=search.limit, after=last)


@settings(max_examples=50)
@given(st.lists(st.lists(st.tuples(st.integers(0, 5), descriptions | st.none()), max_size=8), max_size=8), searches)
def test_an_index_that_was_changed_is_like_a_new_one(
    changes: list[list[tuple[int, tuple[str, ...] | None]]], search: Search
) -> None:
    """However products came, changed and went: nothing of before is left."""

    async def check() -> None:
        index, held = SqliteSearchIndex(), {}
        for version, batch in enumerate(changes, 1):
            entries = {f"p{n}": entry(f"p{n}", version, Description(*row) if row else None) for n, row in batch}
            await index.put([*entries.values()])
            held.update(entries)
        assert list(await index.search(search)) == by_definition([*held.values()], search)
        assert sorted(await index.entries()) == sorted(each for each in held.values() if each.description)

    asyncio.run(check())


async def test_an_older_version_is_passed_over(index: SearchIndex) -> None:
    """What arrives late does not undo what came first, a removal neither."""
    tea = MILK._replace(product_type="TEA")
    await index.put([entry("1", 3, tea), entry("2", 3, None)])

    await index.put([entry("1", 2), entry("2", 2)])

    assert (await answers(index), await answers(index, words=("tea",))) == (["1"], ["1"])


async def test_the_newest_of_a_batch_counts(index: SearchIndex) -> None:
    """Also when it is not the last."""
    await index.put([entry("1", 2, None), entry("1", 1)])

    assert await answers(index) == []


async def test_putting_the_same_again_changes_nothing(index: SearchIndex) -> None:
    """A feed may be read twice."""
    for _ in range(2):
        await index.put([entry("1"), entry("2")])

    assert await answers(index, words=("milk",)) == ["1", "2"]


async def test_a_put_that_fails_leaves_nothing_behind(index: SearchIndex) -> None:
    """All or nothing, and the index stays usable."""
    broken = entry("2", description=MILK._replace(size=None))  # type: ignore[arg-type] # that is what is broken
    with pytest.raises(TypeError):
        await index.put([entry("1"), broken])

    await index.put([entry("3")])

    assert await answers(index) == ["3"]


async def test_descriptions_with_one_hash_are_kept_apart(index: SearchIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rare as it is, no product is shown as another one."""
    monkeypatch.setattr(sqlite, "heading_of", lambda _: 7)
    entries = [entry(str(n), description=MILK._replace(size=f"{n} OZ")) for n in range(3)]

    await index.put(entries)
    await index.put(entries[:1])

    assert sorted(await index.entries()) == entries
    assert await answers(index, words=("1", "oz")) == ["1"]


async def test_searches_and_puts_may_overlap(index: SearchIndex) -> None:
    """A search sees each put whole or not at all."""
    pairs = [[entry(f"{n}a"), entry(f"{n}b")] for n in range(50)]

    async def look() -> int:
        return len(await answers(index, words=("milk",)))

    seen = await asyncio.gather(*(look() if turn % 2 else index.put(pairs[turn // 2]) for turn in range(100)))

    assert all(count % 2 == 0 for count in seen if count is not None)
    assert await look() == 100


@pytest.mark.parametrize(
    "words", [("or",), ("and",), ("not",), ("near",), ("product_type",), ("a" * 5000,), ("漢" * 50,)]
)
async def test_no_word_has_a_meaning_of_its_own(index: SearchIndex, words: tuple[str, ...]) -> None:
    """Words of the engine's language are words."""
    await index.put([entry("1", description=MILK._replace(category=" ".join(words)))])

    assert await answers(index, words=words_of(" ".join(words))) == ["1"]


async def test_many_products_fit(index: SearchIndex) -> None:
    """And a page of them is found among all, in the order of the definition."""
    noise = Random(7)  # noqa: S311 - nothing secret
    kinds = [MILK._replace(product_type=f"KIND {n}", size=f"{noise.randrange(50)} OZ") for n in range(3000)]
    entries = [entry(f"p{n}", 1, kinds[n % 3000]) for n in range(30_000)]
    await index.put(entries)
    search = Search(words=("kind", "1"), limit=50)

    assert list(await index.search(search)) == by_definition(entries, search)


def test_an_index_that_nobody_holds_is_closed() -> None:
    """Its memory is given back, and no database is left open."""
    index = SqliteSearchIndex()
    database = index._db

    del index
    gc.collect()

    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        database.execute("SELECT 1")
