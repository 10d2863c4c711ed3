"""The emulator runs any query and tells which index it would need; the cloud runs those whose index is declared."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from emulators.settings import PROJECT
from functions.cart.decider import CART
from functions.cart.manifest import MANIFEST
from shared.topology import EVENTS_DATABASE, READ_MODELS_DATABASE, Index, IndexField, all_indexes
from tests.e2e.rig import CARTS_PATH, Rig, held, line, running

pytestmark = [pytest.mark.emulators, pytest.mark.asyncio(loop_scope="module")]

NAME = "__name__"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    """A platform that asks its queries as in the cloud."""
    async with held(running(tmp_path_factory.mktemp("platform"), quick_queries=False)) as rig:
        yield rig


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def used(rig: Rig) -> set[Index]:
    """All that the platform can be asked and does by itself, once; then the report."""
    cart = await long_cart(rig)
    await ask_everything(rig, cart)
    await run_everything(rig, cart)
    return {index for database in (EVENTS_DATABASE, READ_MODELS_DATABASE) for index in await report(rig, database)}


async def long_cart(rig: Rig) -> str:
    """A cart with a snapshot, and more than one page of its customer's list."""
    cart = await rig.open_cart()
    for number in range(CART.snapshot_every):
        await rig.send("POST", f"{CARTS_PATH}/{cart}/items", line(f"sku-{number}"))
    await rig.send("POST", f"{CARTS_PATH}/{cart}/checkout", {})
    await rig.open_cart()
    await rig.settled()
    return cart


async def ask_everything(rig: Rig, cart: str) -> None:
    """Every query with every combination of its parameters."""
    first = await rig.send("GET", f"{CARTS_PATH}?customer_id=900&limit=1", role="operator")
    cursor = first.body["next"]
    lists = [f"?customer_id=900{status}{page}" for status in ("", "&status=open") for page in ("", f"&cursor={cursor}")]
    one = ["", "?min_version=1", "?min_version=52", "?version=2", "?as_of=2100-01-01T00:00:00Z", "/history"]
    paths = [*lists, *(f"/{cart}{rest}" for rest in (*one, "/history?after=3&limit=2"))]
    for path in paths:
        for role, subject in (("operator", "ann"), ("customer", "900")):
            answer = await rig.send("GET", CARTS_PATH + path, role=role, subject=subject)
            assert answer.status == 200, path


async def run_everything(rig: Rig, cart: str) -> None:
    """Every job, the relay with messages to send again; a cold load; the lists of an operator."""
    for schedule in (schedule for service in rig.platform.services for schedule in service.schedules):
        assert await rig.fire(schedule.function, schedule.path) == 200
    assert [letter async for letter in rig.dead_letters.list("cart")] == []
    assert (await rig.log.load(f"cart-{cart}", schema=CART.state_schema)).snapshot is not None


async def report(rig: Rig, database: str) -> Iterator[Index]:
    url = f"http://{rig.emulators.firestore.host}/emulator/v1/projects/{PROJECT}:indexUsage"
    async with rig.session.get(url, params={"database": f"projects/{PROJECT}/databases/{database}"}) as response:
        reports = (await response.json()).get("reports", [])
    return (parsed(each["index"], database) for each in reports if int(each["numQueries"]))


def parsed(index: dict[str, Any], database: str) -> Index:
    """As a manifest would declare it: the name, which ends every index, is not said."""
    *fields, last = (
        IndexField(field["fieldPath"], descending=field["order"] == "DESCENDING") for field in index["fields"]
    )
    assert last.name == NAME
    assert last.descending == (bool(fields) and fields[-1].descending)
    return Index(
        collection=index["name"].split("/")[5],
        fields=tuple(fields),
        database=database,
        group=index["queryScope"] == "COLLECTION_GROUP",
    )


async def test_every_index_that_is_needed_is_declared(used: set[Index]) -> None:
    """Nothing that works here fails in the cloud for want of an index. Those of names alone come by themselves."""
    assert {index for index in used if index.fields} <= set(all_indexes([MANIFEST]))


async def test_every_index_that_is_declared_is_needed(used: set[Index]) -> None:
    """An index that nobody uses costs writes and storage for nothing."""
    assert set(all_indexes([MANIFEST])) <= used
