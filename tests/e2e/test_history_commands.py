"""The operators' commands for history, as they are typed, on a platform that has it all in one process."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio
from typer.testing import CliRunner

import functions
from emulators.cli import app
from emulators.operating import OperationError, perform
from shared import bootstrap
from shared.adapters.system import new_id, utc_now
from shared.eventsourcing.generations import ALIASES
from shared.topology import discover
from tests.e2e.embedded_shop import SKU, STOCK, Shop, opened
from tests.e2e.rig import held

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True, slots=True)
class Done:
    """What a command came to; `lines` without its progress."""

    code: int | None
    lines: list[str]
    errors: str


@dataclass(frozen=True, slots=True)
class Desk:
    """A shop that has sold something, and the operator's terminal."""

    shop: Shop
    folder: Path

    async def types(self, command: str) -> Done:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "emulators", *command.split(), "--folder", str(self.folder)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, errors = await process.communicate()
        return Done(process.returncode, out.decode().splitlines(), " ".join(errors.decode().split()))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    folder = tmp_path_factory.mktemp("shop")
    async with held(opened(folder)) as shop:
        receipt = {"quantity": STOCK, "reference": new_id()}
        await shop.ask("POST", f"/inventory/v1/stock/{SKU}/receipts", receipt)
        await shop.platform.caught_up()
        for customer in ("900", "901"):
            await shop.buy(customer, 1)
        await shop.platform.caught_up()
        yield Desk(shop, folder)


async def test_a_replay_writes_every_document_to_a_file(desk: Desk, tmp_path: Path) -> None:
    """A line of JSON each, the same that the queries tell."""
    done = await desk.types(f"replay orders orders --out {tmp_path / 'orders.ndjson'}")

    orders = [json.loads(line) for line in (tmp_path / "orders.ndjson").read_text().splitlines()]
    assert done.code == 0, done
    assert len(orders) == 2
    for order in orders:
        assert order == await desk.shop.ask("GET", f"/orders/v1/orders/{order['id']}")


@pytest.mark.parametrize(("service", "read_model"), [("payments", "payments"), ("notifications", "mails")])
async def test_a_rebuild_reaches_nobody_outside(desk: Desk, service: str, read_model: str) -> None:
    """Services with a provider or a mail server behind them: no mail and no commit more, and nothing differs."""
    mails = len(await desk.shop.mails(""))
    length = await _length(service)

    done = await desk.types(f"rebuild {service} {read_model}")

    await desk.shop.platform.caught_up()
    assert done.code == 0, done
    assert any("0 differ" in line for line in done.lines)
    assert len(await desk.shop.mails("")) == mails
    assert await _length(service) == length


async def _length(service: str) -> int:
    """How many commits the log has of a service's categories."""
    log, until = bootstrap.embedded().events, utc_now()
    (manifest,) = [each for each in discover(functions) if each.name == service]
    return sum([1 for name in manifest.categories async for _ in log.feed(name, until=until)])


async def test_what_differs_is_told_and_not_made_live(desk: Desk, tmp_path: Path) -> None:
    """With the exit code 3, the rows in a file, and the events that set the field; unless it is left out."""
    rows = bootstrap.embedded().rows
    (cart, *_) = await rows.scan("carts", limit=1)
    spoilt = json.loads(cart.body or b"") | {"line_count": 99}
    await rows.put("carts", replace(cart, body=json.dumps(spoilt).encode()))

    told = await desk.types(f"rebuild cart carts --flip equal --report {tmp_path / 'report.ndjson'}")
    ignored = await desk.types("rebuild cart carts --flip equal --ignore line_count")

    (row,) = (tmp_path / "report.ndjson").read_text().splitlines()
    assert told.code == 3, told
    assert any("line_count: live 99, new 1" in line for line in told.lines)
    assert any("ItemAddedToCart.v1" in line for line in told.lines)
    assert told.lines[-1] == "generation 2 is kept up to date; it is not live"
    assert json.loads(row)["key"] == cart.key
    assert (ignored.code, ignored.lines[-1]) == (0, "generation 3 is live")


async def test_generations_are_listed_exchanged_and_dropped(desk: Desk) -> None:
    """The live one cannot be dropped, and there is no way back from the first."""
    assert (await desk.types("generations orders orders --back")).code == 1
    await desk.types("rebuild orders orders --flip always")

    live = await desk.types("generations orders orders --live 1")
    refused = await desk.types("generations orders orders --drop 1")
    dropped = await desk.types("generations orders orders --drop 2")

    assert live.lines == ["1  live", "2  before"]
    assert (refused.code, refused.errors) == (1, "error: generation 1 is live")
    assert dropped.lines == ["generation 2 is dropped: 2 documents", "1  live"]


async def test_one_as_of_a_time_is_listed_read_and_dropped(desk: Desk) -> None:
    """By the name that it was given."""
    moment = utc_now().isoformat()
    await asyncio.sleep(1.5)  # what was recorded is seen a second later
    made = await desk.types(f"rebuild orders orders --as-of {moment} --name before-the-sale")

    listed = await desk.types("generations orders orders")
    read = await desk.types("read orders orders --generation before-the-sale")
    dropped = await desk.types("generations orders orders --drop before-the-sale")

    assert made.code == 0, made
    assert "before-the-sale  as of a time" in listed.lines
    assert len(read.lines) == 2
    assert dropped.lines[0] == "generation before-the-sale is dropped: 2 documents"


ORDERS: dict[str, object] = {"service": "orders", "read_model": "orders"}
REBUILD: dict[str, object] = {**ORDERS, "ignore": [], "flip": "never", "report": None, "from_log": False}
GENERATIONS = {**ORDERS, "live": None, "back": False, "drop": None}
READ = {**ORDERS, "generation": None, "key": None, "limit": 5}
AS_OF = {**ORDERS, "as_of": "2017-01-01T00:00:00+00:00", "name": "then", "from_log": False}
REPLAY = {**ORDERS, "as_of": None, "out": None, "from_log": False}


@pytest.mark.parametrize(
    ("operation", "arguments", "said"),
    [
        ("rebuild", {**REBUILD, "read_model": "nothing"}, "orders has no read model nothing; there are orders"),
        ("rebuild", {**REBUILD, "service": "customers"}, "it has none that is made of events"),
        ("rebuild", {**REBUILD, "service": "nobody"}, "there is no service nobody"),
        ("read", {**READ, "generation": "77"}, "there is no generation '77'"),
        ("read", {**READ, "generation": ""}, "there is no generation ''"),
        ("read", {**READ, "key": "no-such-order"}, "there is no document no-such-order"),
        ("generations", {**GENERATIONS, "drop": "77"}, "there is no generation '77'"),
        ("rebuild_as_of", {**AS_OF, "name": "2"}, "lower-case letter"),
        ("rebuild_as_of", {**AS_OF, "as_of": "2999-01-01T00:00:00+00:00"}, "is not over yet"),
        ("replay", {**REPLAY, "out": "/no/such/folder/file"}, "No such file or directory"),
    ],
)
async def test_what_makes_no_sense_is_said_in_plain_words(
    desk: Desk, operation: str, arguments: dict[str, object], said: str
) -> None:
    """And changes nothing."""
    before = await bootstrap.embedded().rows.scan(ALIASES, limit=100)

    with pytest.raises(OperationError, match=re.escape(said)):
        await perform(operation, lambda _: None, arguments, folder=desk.folder)

    assert await bootstrap.embedded().rows.scan(ALIASES, limit=100) == before


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("generations orders orders --back --drop 2", "only one of --live, --back and --drop"),
        ("rebuild orders orders --name x", "--name is for --as-of"),
        ("rebuild orders orders --as-of 2017-01-01T00:00:00Z --flip always", "never live"),
        ("rebuild orders orders --as-of yesterday", "is no time with its zone"),
        ("rebuild orders orders --as-of 1496318400", "is no time with its zone"),
        ("rebuild orders orders --as-of 9999-12-31T23:59:59.999999Z", "is yet to come"),
    ],
)
async def test_options_that_make_no_sense_are_wrong_usage(command: str, said: str) -> None:
    """Exit code 2; nobody is asked."""
    done = CliRunner().invoke(app, command.split())

    assert done.exit_code == 2, done.output
    assert said in " ".join(done.output.replace("│", " ").split())
