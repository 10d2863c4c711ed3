"""Products and imports over HTTP."""

import asyncio

import pytest

from shared.testing.api_spec import ApiSpec
from tests.unit.catalog.conftest import Store

MILK = {"department": "GROCERY", "product_type": "FLUID MILK WHITE ONLY", "brand": "Private"}


def products(*skus: str) -> dict[str, object]:
    return {"products": [{"sku": sku, **MILK} for sku in skus]}


async def started(store: Store, expected: int) -> str:
    """The path of a new import."""
    reply = await store.caller("operator").post("/catalog/v1/imports", "start", {"products_expected": expected})
    assert reply.status == 202
    return reply.headers["location"]


async def test_a_listed_product_can_be_read(store: Store, operator: ApiSpec) -> None:
    """By anybody, as it was described; what is not known is empty."""
    await operator.send("PUT", "/catalog/v1/products/milk", json=MILK)

    reply = await store.reader("customer").get("/catalog/v1/products/milk")

    assert (reply.status, reply.headers["etag"]) == (200, '"1"')
    assert reply.json == {"sku": "milk", "category": "", "size": "", "manufacturer": "", **MILK}


async def test_a_delisted_product_is_not_found(store: Store, operator: ApiSpec) -> None:
    """What was taken out is not shown any more."""
    await operator.send("PUT", "/catalog/v1/products/milk", json=MILK)

    reply = await operator.send("DELETE", "/catalog/v1/products/milk")

    assert reply.status == 202
    assert (await store.reader().get("/catalog/v1/products/milk")).status == 404


async def test_each_change_is_published(store: Store, operator: ApiSpec) -> None:
    """A listing and a delisting are one public event each; a repetition is none."""
    for _ in range(2):
        await operator.send("PUT", "/catalog/v1/products/milk", json=MILK)
        await operator.send("PUT", "/catalog/v1/products/milk", json=MILK)
        await operator.send("DELETE", "/catalog/v1/products/milk")

    types = [message.attributes["ce-type"] for message in store.topics.on("catalog-events")]
    listed, delisted = "commerce.catalog.ProductListed.v1", "commerce.catalog.ProductDelisted.v1"
    assert types == [listed, delisted] * 2


@pytest.mark.parametrize("role", ["customer", "pos"])
async def test_the_catalog_belongs_to_the_shop(store: Store, role: str) -> None:
    """Customers and tills change nothing in it."""
    caller = store.caller(role)

    replies = [
        await caller.send("PUT", "/catalog/v1/products/milk", json=MILK),
        await caller.send("DELETE", "/catalog/v1/products/milk"),
        await caller.post("/catalog/v1/imports", "k", {"products_expected": 1}),
        await caller.send("PUT", "/catalog/v1/imports/i/chunks/1", json=products("milk")),
        await caller.post("/catalog/v1/imports/i/finish", "f"),
        await caller.post("/catalog/v1/imports/i/cancel", "c"),
    ]

    assert [reply.status for reply in replies] == [403] * 6


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"department": ""}, "department"),
        ({"brand": "a\u0000b"}, "brand"),
        ({"size": "x" * 101}, "size"),
        ({"size": None}, "size"),
        ({"price": 1}, "price"),
    ],
)
async def test_a_description_is_checked(operator: ApiSpec, changed: dict[str, object], field: str) -> None:
    """Texts have a length, and no control characters; what is unknown is left out or empty."""
    reply = await operator.send("PUT", "/catalog/v1/products/milk", json={**MILK, **changed})

    assert (reply.status, reply.fields_at_fault) == (400, [field])


async def test_a_chunk_is_one_commit(store: Store, operator: ApiSpec) -> None:
    """Its products and the import's progress are written together."""
    path = await started(store, 3)

    reply = await operator.send("PUT", f"{path}/chunks/1", json=products("milk", "tea"))

    assert (reply.status, reply.headers["etag"]) == (202, '"2"')
    found = await store.events.get_many(["product-milk", "product-tea"])
    recorded = {state.recorded_at for state in found.values()}
    commits = [commit async for commit in store.events.read("import-id1")]
    assert (len(found), recorded) == (2, {commits[-1].recorded_at})


async def test_progress_can_be_followed(store: Store, operator: ApiSpec) -> None:
    """Staff see how far an import has come."""
    path = await started(store, 3)
    await operator.send("PUT", f"{path}/chunks/1", json=products("milk", "tea"))
    await operator.send("PUT", f"{path}/chunks/2", json=products("jam"))
    await store.project("id1")

    progress = (await store.reader("operator").get(path)).json

    assert (progress["status"], progress["products_expected"], progress["products_received"]) == ("completed", 3, 3)
    assert progress["chunks"] == 2


async def test_the_same_chunk_again_changes_nothing(store: Store, operator: ApiSpec) -> None:
    """Not even a product that was described otherwise since."""
    path = await started(store, 3)
    await operator.send("PUT", f"{path}/chunks/1", json=products("milk"))
    await operator.send("PUT", "/catalog/v1/products/milk", json={**MILK, "brand": "National"})

    reply = await operator.send("PUT", f"{path}/chunks/1", json=products("milk"))

    assert reply.status == 202
    assert (await store.reader().get("/catalog/v1/products/milk")).json["brand"] == "National"


async def test_a_refused_chunk_lists_nothing(store: Store, operator: ApiSpec) -> None:
    """All of its products, or none."""
    path = await started(store, 1)

    reply = await operator.send("PUT", f"{path}/chunks/1", json=products("milk", "tea"))

    assert (reply.status, reply.json["code"]) == (409, "too-many-products")
    assert await store.events.get_many(["product-milk", "product-tea"]) == {}


async def test_chunks_may_come_at_the_same_time(store: Store, operator: ApiSpec) -> None:
    """All of them are counted, each once."""
    path = await started(store, 8)
    sending = [operator.send("PUT", f"{path}/chunks/{n}", json=products(f"p{n}")) for n in range(8)]

    replies = await asyncio.gather(*sending)

    await store.project("id1")
    progress = (await store.reader("operator").get(path)).json
    assert {reply.status for reply in replies} == {202}
    assert (progress["status"], progress["products_received"]) == ("completed", 8)


async def test_a_product_is_in_an_import_once(store: Store, operator: ApiSpec) -> None:
    """Whichever chunk it was in: the second one is refused as a whole and can be sent again without it."""
    path = await started(store, 3)
    await operator.send("PUT", f"{path}/chunks/1", json=products("milk"))

    twice = await operator.send("PUT", f"{path}/chunks/2", json=products("tea", "milk"))

    assert (twice.status, twice.json["code"], twice.fields_at_fault) == (409, "sku-twice", ["milk"])
    assert await store.events.get_many(["product-tea"]) == {}
    assert (await operator.send("PUT", f"{path}/chunks/2", json=products("tea"))).status == 202


async def test_of_two_chunks_at_a_time_one_has_it(store: Store, operator: ApiSpec) -> None:
    """Though both found it in none before."""
    path = await started(store, 8)

    replies = await asyncio.gather(
        *(operator.send("PUT", f"{path}/chunks/{n}", json=products("tea")) for n in range(8))
    )

    assert sorted(reply.status for reply in replies) == [202, *[409] * 7]


async def test_a_known_product_is_imported_silently(store: Store, operator: ApiSpec) -> None:
    """Others hear nothing of a description that is the same."""
    await operator.send("PUT", f"{await started(store, 1)}/chunks/1", json=products("milk"))
    published = len(store.topics.on("catalog-events"))
    second = await operator.post("/catalog/v1/imports", "again", {"products_expected": 1})

    await operator.send("PUT", f"{second.headers['location']}/chunks/1", json=products("milk"))

    assert len(store.topics.on("catalog-events")) == published


@pytest.mark.parametrize(
    ("way", "shown"), [("finish", ("completed", 1, 2)), ("cancel", ("cancelled", 1, 0))], ids=["finish", "cancel"]
)
async def test_an_import_ends_without_the_rest(
    store: Store, operator: ApiSpec, way: str, shown: tuple[object, ...]
) -> None:
    """Staff see how, and how many were given up; products that come later are refused, those that came stay."""
    path = await started(store, 3)
    await operator.send("PUT", f"{path}/chunks/1", json=products("milk"))

    assert (await operator.post(f"{path}/{way}", "end")).status == 202

    await store.project("id1")
    view = (await store.reader("operator").get(path)).json
    assert (view["status"], view["products_received"], view["products_given_up"]) == shown
    late = await operator.send("PUT", f"{path}/chunks/2", json=products("tea"))
    assert (late.status, late.json["code"]) == (409, "import-ended")
    assert (await store.reader().get("/catalog/v1/products/milk")).status == 200


@pytest.mark.parametrize("number", ["x", "-1", "1.5", "12345678"])
async def test_chunks_have_numbers(store: Store, operator: ApiSpec, number: str) -> None:
    """Anything else in the path is refused."""
    path = await started(store, 1)

    reply = await operator.send("PUT", f"{path}/chunks/{number}", json=products("milk"))

    assert reply.status in {400, 404}


@pytest.mark.parametrize("skus", [(), ("milk", "milk"), tuple(f"p{n}" for n in range(101))])
async def test_a_chunk_has_1_to_100_different_products(store: Store, operator: ApiSpec, skus: tuple[str, ...]) -> None:
    """What cannot be one commit is refused before anything is read."""
    path = await started(store, 1000)

    reply = await operator.send("PUT", f"{path}/chunks/1", json=products(*skus))

    assert reply.status == 400
