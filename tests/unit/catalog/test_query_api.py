"""Searching over HTTP."""

from urllib.parse import quote

import pytest

from shared.eventsourcing.errors import UnavailableError
from shared.testing.api_spec import ApiSpec
from tests.unit.catalog.conftest import Store

HOSTILE = [
    '"',
    "'; DROP TABLE products; --",
    '"milk" OR "tea"',
    "milk*",
    "{product_type} : milk",
    "NEAR(a b, 3)",
    "NOT milk",
    "AND",
    "^milk",
    "-milk",
    "a\x00b",
    "\x00",
    "🍕🍕🍕",
    "%_%",
    "((((((((",
    "\u202emilk",
    "é́́́́",
    "ﷺ" * 20,
]


async def pages(store: Store, query: str) -> list[list[str]]:
    """All pages of a query, by following its cursors."""
    found, cursor = [], ""
    while True:
        reply = await store.reader().get(f"/catalog/v1/products?{query}{cursor}")
        found.append([item["sku"] for item in reply.json["items"]])
        if reply.json["next"] is None:
            return found
        cursor = f"&cursor={reply.json['next']}"


async def test_a_listed_product_is_found(store: Store) -> None:
    """By the beginnings of its words, wherever they stand, and shown as it was described."""
    await store.listed("1", product_type="CHOCOLATE MILK", brand="Private", size="1 PT")

    reply = await store.reader().get("/catalog/v1/products?q=choc%20priv%20gro")

    (item,) = reply.json["items"]
    assert (item["sku"], item["product_type"], item["brand"], item["size"]) == (
        "1",
        "CHOCOLATE MILK",
        "Private",
        "1 PT",
    )


async def test_a_delisted_product_is_not_found(store: Store, operator: ApiSpec) -> None:
    """Half a second later at most."""
    await store.listed("1", "2", product_type="MILK")
    before = await store.found("q=milk")

    await operator.send("DELETE", "/catalog/v1/products/1")
    store.clock.advance(seconds=0.5)

    assert (before, await store.found("q=milk")) == (["1", "2"], ["2"])


async def test_a_product_described_anew_is_found_by_its_new_words(store: Store) -> None:
    """And no longer by those of before."""
    await store.listed("1", product_type="MILK")
    await store.found("q=milk")

    await store.listed("1", product_type="TEA")
    store.clock.advance(seconds=0.5)

    assert (await store.found("q=milk"), await store.found("q=tea")) == ([], ["1"])


async def test_filters_narrow_a_search(store: Store) -> None:
    """Department and brand are equal but for case and accents."""
    await store.listed("1", product_type="MILK", brand="Private")
    await store.listed("2", product_type="MILK", brand="National")
    await store.listed("3", product_type="MILK", brand="Private", department="DELI")

    assert await store.found("q=milk&brand=private&department=Grocery") == ["1"]
    assert await store.found("brand=PRIVATE") == ["1", "3"]
    assert await store.found("q=milk&brand=priv") == []


async def test_without_words_all_products_are_browsed(store: Store) -> None:
    """In the order of their skus, page by page."""
    await store.listed("1", "10", "2", "30", "4", product_type="MILK")
    await store.listed("3", product_type="TEA")

    assert await pages(store, "q=%20&limit=4") == [["1", "10", "2", "3"], ["30", "4"]]


async def test_pages_hold_every_find_once(store: Store) -> None:
    """Through all ranks and headings."""
    for number in range(40):
        kind = ["MILK", "MILK WHITE", "MILKSHAKE", "TEA"][number % 4]
        await store.listed(f"p{number}", product_type=kind, category="MILK" if number % 3 else "", size=f"{number % 5}")

    found = await pages(store, "q=milk&limit=3")

    whole = await store.found("q=milk&limit=200")
    assert [sku for page in found for sku in page] == whole
    assert len(set(whole)) == len(whole) == 36  # all but the teas of no category


async def test_a_cursor_stays_right_while_the_index_moves(store: Store) -> None:
    """What comes and goes elsewhere neither skips nor repeats a product, on another instance neither."""
    await store.listed(*(f"m{n}" for n in range(6)), product_type="MILK")
    first = (await store.reader().get("/catalog/v1/products?q=milk&limit=3")).json

    await store.listed("m00", product_type="MILK")
    await store.listed("m1", product_type="TEA")
    await store.listed("m45", product_type="MILK")
    second = await store.found(f"q=milk&limit=9&cursor={first['next']}", function=store.new_queries())

    assert [item["sku"] for item in first["items"]] == ["m0", "m1", "m2"]
    assert second == ["m3", "m4", "m45", "m5"]


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_a_hostile_query_is_answered(store: Store, hostile: str) -> None:
    """No sign has a meaning: what is left of it are words, or nothing."""
    await store.listed("1", product_type="MILK")

    reply = await store.reader().get(f"/catalog/v1/products?q={quote(hostile)}")

    assert reply.status == 200


@pytest.mark.parametrize(
    "query",
    [
        "q=" + "x" * 10_000,
        "q=" + "%20".join(f"w{n}" for n in range(13)),
        "limit=0",
        "limit=201",
        "cursor=x",
        "q=a&q=b",
        "sort=price",
    ],
)
async def test_an_impossible_query_is_refused(store: Store, query: str) -> None:
    """As the caller's mistake, and before anything is searched."""
    reply = await store.reader().get(f"/catalog/v1/products?{query}")

    assert reply.status == 400


async def test_a_cold_instance_says_when_the_store_is_down(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has nothing to answer from: 503, and another try helps."""
    await store.listed("1", product_type="MILK")
    with monkeypatch.context() as broken:
        broken.setattr(store.events, "changed", _down)
        refused = await store.reader().get("/catalog/v1/products?q=milk")

    assert (refused.status, await store.found("q=milk")) == (503, ["1"])


async def _down(*_: object, **__: object) -> None:
    raise UnavailableError("the store is down")


class TestAvailability:
    URL = "/catalog/v1/availability"

    async def test_names_what_is_not_sold(self, store: Store, operator: ApiSpec) -> None:
        """What was delisted by its description, what was never listed by its sku; what is listed is not mentioned."""
        await store.listed("1", "2", brand="Acme", product_type="MILK", size="1 GA")
        await operator.send("DELETE", "/catalog/v1/products/2")

        reply = await store.reader().query(self.URL, {"skus": ["1", "2", "3"]})

        assert reply.json["unavailable"] == [
            {"sku": "2", "name": "Acme MILK 1 GA", "listing": "delisted"},
            {"sku": "3", "name": "3", "listing": "absent"},
        ]

    async def test_is_that_of_now(self, store: Store, operator: ApiSpec) -> None:
        """Nothing has to catch up first: a product that was listed again is sold at once."""
        await store.listed("1")
        await operator.send("DELETE", "/catalog/v1/products/1")
        await store.listed("1", brand="New")

        assert (await store.reader().query(self.URL, {"skus": ["1"]})).json["unavailable"] == []

    @pytest.mark.parametrize("skus", [[], ["a b"], [f"{n}" for n in range(501)]])
    async def test_is_asked_of_one_cart(self, store: Store, skus: list[str]) -> None:
        """Of one product at least, and of as many as a cart holds."""
        assert (await store.reader().query(self.URL, {"skus": skus})).status == 400
