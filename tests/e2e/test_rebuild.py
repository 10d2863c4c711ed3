"""A read model is rebuilt while the shop sells: with kills and a broker that forgets, no query fails or goes back."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from emulators.settings import ALIAS_AGE, PROJECT
from functions.cart.manifest import CARTS
from functions.cart.projections import CARTS_PROJECTION
from shared.eventsourcing.generations import place
from tests.e2e.rig import CARTS_PATH, SPARE_EVENTS, Rig, held, line, running

pytestmark = [pytest.mark.emulators, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]
SELLERS = 3
CUSTOMER = "900"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rebuild")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(folder: Path) -> AsyncIterator[Rig]:
    async with held(running(folder, minute=2.0)) as rig:
        yield rig


@dataclass
class Load:
    """Customers who buy and look all the time, and what they saw that they should not have."""

    rig: Rig
    versions: dict[str, int] = field(default_factory=dict)
    queries: int = 0
    wrong: list[str] = field(default_factory=list)
    over: bool = False

    async def sell(self) -> None:
        while not self.over:
            cart = await self.rig.open_cart("milk", "tea")
            self.versions[cart] = 0
            await self.rig.send("POST", f"{CARTS_PATH}/{cart}/items", line("rye"))
            if len(self.versions) % 2:
                await self.rig.send("POST", f"{CARTS_PATH}/{cart}/checkout", {})

    async def look(self) -> None:
        while not self.over:
            for cart in list(self.versions)[-5:]:
                await self._look_at(cart)
            answer = await self.rig.send("GET", f"{CARTS_PATH}?customer_id={CUSTOMER}&limit=5", role="operator")
            self._expect(answer.status == 200, f"list: {answer.status} {answer.content!r}")

    async def _look_at(self, cart: str) -> None:
        """A cart that was seen in a version is never seen in an older one, nor missing."""
        seen = self.versions[cart]
        answer = await self.rig.send("GET", f"{CARTS_PATH}/{cart}")
        version = int(answer.headers["ETag"].strip('"')) if answer.status == 200 else 0
        self._expect(answer.status == 200 or (answer.status == 404 and not seen), f"{cart}: {answer.status}")
        self._expect(version >= seen, f"{cart}: version {version} after {seen}")
        self.versions[cart] = max(version, seen)

    def _expect(self, fact: bool, otherwise: str) -> None:
        self.queries += 1
        if not fact:
            self.wrong.append(otherwise)


@asynccontextmanager
async def load_on(rig: Rig) -> AsyncIterator[Load]:
    load = Load(rig)
    async with asyncio.TaskGroup() as group:
        for _ in range(SELLERS):
            group.create_task(load.sell())
        group.create_task(load.look())
        try:
            yield load
        finally:
            load.over = True


async def commerce(folder: Path, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "emulators", *arguments, "--folder", str(folder), stdout=asyncio.subprocess.PIPE
    )


async def said(process: asyncio.subprocess.Process) -> str:
    out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
    return out.decode()


async def until_it_folds(folder: Path) -> str:
    """Some buckets are folded and written, and not all of them; of this generation."""
    state = folder / "operations" / f"{PROJECT}.cart.carts"
    while True:
        with suppress(OSError, ValueError):
            progress = json.loads((state / "replay" / "progress.json").read_text())
            if progress["done"]:
                assert len(progress["done"]) < progress["buckets"]
                return str(json.loads((state / "state.json").read_text())["generation"])
        await asyncio.sleep(0.01)


async def documents(rig: Rig, generation: str) -> dict[str, tuple[int, bytes | None]]:
    """By key: the version, and the document."""
    found: dict[str, tuple[int, bytes | None]] = {}
    after = None
    while page := await rig.rows.scan(place(CARTS, generation), after=after, limit=300):
        found |= {row.key: (row.version, row.body) for row in page}
        after = page[-1].key
    return found


async def told_by_the_log(rig: Rig) -> dict[str, tuple[int, bytes | None]]:
    found: dict[str, tuple[int, bytes | None]] = {}
    for stream, version in (await rig.ends()).items():
        document = None
        async for commit in rig.log.read(stream):
            document = CARTS_PROJECTION.apply(document, commit)
        assert document is not None
        found[stream.partition("-")[2]] = (version, document.model_dump_json().encode())
    return found


async def test_a_rebuild_under_load_fails_no_query_and_loses_nothing(rig: Rig, folder: Path) -> None:
    """Killed while it folds, started again, Pub/Sub restarted empty meanwhile; then flipped, and flipped back."""
    async with load_on(rig) as load:
        await asyncio.sleep(3)
        first = await commerce(folder, "rebuild", "cart", "carts")
        generation = await until_it_folds(folder)
        first.kill()
        await first.communicate()
        again = await commerce(folder, "rebuild", "cart", "carts", "--flip", "equal")
        await rig.platform.restart_pubsub()
        told = await said(again)
        looked = load.queries
        await asyncio.sleep(2 * ALIAS_AGE)
        back = await said(await commerce(folder, "generations", "cart", "carts", "--back"))
        await asyncio.sleep(2 * ALIAS_AGE)

    await rig.settled()
    wanted = await told_by_the_log(rig)
    assert f"generation {generation} is live" in told
    assert "0 differ" in told
    assert {"1  live", f"{generation}  before"} <= {*back.splitlines()}
    assert (load.wrong, load.queries > looked > 0) == ([], True)
    assert await documents(rig, "") == wanted
    assert await documents(rig, generation) == wanted


async def test_a_rebuild_sends_nothing(rig: Rig, folder: Path) -> None:
    """No message is owed or published, and the log is as long as before."""
    await rig.settled()
    await rig.seen(SPARE_EVENTS)
    before = await rig.ends()

    await said(await commerce(folder, "rebuild", "cart", "carts"))

    assert await rig.ends() == before
    assert await rig.owed() == set()
    assert await rig.seen(SPARE_EVENTS) == set()


async def test_a_read_model_as_of_a_time_can_be_read(rig: Rig, folder: Path) -> None:
    """Its documents are those of that moment; the live ones go on."""
    cart = await rig.open_cart("milk")
    moment = (await rig.commits(cart))[-1].recorded_at
    await rig.send("POST", f"{CARTS_PATH}/{cart}/items", line("tea"))
    await rig.settled()

    await said(await commerce(folder, "rebuild", "cart", "carts", "--as-of", moment.isoformat(), "--name", "yesterday"))

    told = await said(await commerce(folder, "read", "cart", "carts", cart, "--generation", "yesterday"))
    assert [each["sku"] for each in json.loads(told)["lines"]] == ["milk"]
    now = await said(await commerce(folder, "read", "cart", "carts", cart))
    assert [each["sku"] for each in json.loads(now)["lines"]] == ["milk", "tea"]
