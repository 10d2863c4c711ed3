"""Bugs in functions that run, and what an operator does about them at the command line, where the code has none."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio

from emulators.processes import supervision
from emulators.processes.guard import Guarded
from functions.cart.manifest import CARTS
from functions.cart.projections import CARTS_PROJECTION
from shared.eventsourcing.message import entity_of
from tests.e2e import rig as rigs
from tests.e2e.rig import CARTS_PATH, Rig, eventually, held, line, running, with_spares

pytestmark = [pytest.mark.emulators, pytest.mark.asyncio(loop_scope="module")]

BUGS = Path(__file__).parent / "planted_bugs"
STREAMS, COMMITS, AT_FAULT = 50, 20, 7


@dataclass(frozen=True, slots=True)
class Shop:
    """A platform, the file that plants bugs in its functions, and operators beside it."""

    rig: Rig
    bugs: Path

    async def commerce(self, *command: str) -> tuple[int, str]:
        """Exit code and output of `commerce dead-letters ...`, as a person runs it."""
        folder = str(self.rig.platform.options.folder)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "emulators", "dead-letters", *command, "--folder", folder),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        return process.returncode or 0, output.decode().strip()

    async def shown(self, stream: str) -> tuple[int, object]:
        """Version and document of a cart."""
        row = await self.rig.rows.get(CARTS, entity_of(stream))
        return (row.version, json.loads(row.body or b"null")) if row else (0, None)

    async def folded(self, stream: str) -> tuple[int, object]:
        """What a projection without a bug makes of the log."""
        document, version = None, 0
        async for commit in self.rig.log.read(stream):
            document, version = CARTS_PROJECTION.apply(document, commit), commit.version
        return version, document and document.model_dump(mode="json")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    """Attempts are spent within seconds here."""
    bugs = tmp_path_factory.mktemp("bugs") / "planted"
    bugs.touch()

    def guarded(command: Sequence[str], *, log_file: Path, env: Mapping[str, str]) -> Guarded:
        path = f"{env['PYTHONPATH']}:{BUGS}"
        return Guarded(command, log_file=log_file, env={**env, "PYTHONPATH": path, "BUGS": str(bugs)})

    service = with_spares()
    hasty = [replace(each, max_attempts=5, min_backoff=0.1, max_backoff=0.2) for each in service.subscriptions]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(supervision, "Guarded", guarded)
        patch.setattr(rigs, "with_spares", lambda: replace(service, subscriptions=tuple(hasty)))
        async with held(running(tmp_path_factory.mktemp("platform"))) as rig:
            yield Shop(rig, bugs)


async def test_a_bug_parks_one_of_fifty_streams_until_it_is_mended(shop: Shop) -> None:
    """1,000 commits: 49 carts stay current; after a dry run and a re-drive all 50 are as if there had been no bug."""
    carts = [await shop.rig.open_cart() for _ in range(STREAMS)]
    streams = [f"cart-{cart}" for cart in carts]
    poisoned = streams[17]
    shop.bugs.write_text(f"park {poisoned}@{AT_FAULT}\n")

    await asyncio.gather(*(_fill(shop.rig, cart) for cart in carts))
    await shop.rig.settled()

    assert await shop.rig.behind(dict.fromkeys(streams, COMMITS)) == {poisoned: (AT_FAULT - 1, COMMITS)}
    before, identity = await shop.shown(poisoned), f"{poisoned}@{AT_FAULT}"
    code, listed = await shop.commerce("list", "cart")
    assert (code, listed.splitlines()[0]) == (0, "cart: 1 stream, 0 messages")
    assert f"cart.carts  {identity}  ZeroDivisionError: a planted bug" in listed
    assert f"{COMMITS - AT_FAULT} followers held" in listed

    code, dry = await shop.commerce("redrive", "cart", identity, "--dry-run")
    assert (code, f"lines[{AT_FAULT - 2}].quantity: null → 1" in dry) == (0, True), dry
    assert await shop.shown(poisoned) == before

    code, done = await shop.commerce("redrive", "cart", "--stream", poisoned)
    assert (code, done.splitlines()[-1]) == (0, "re-driven: 1 dead letter, 0 failed"), done
    assert await shop.commerce("list") == (0, "no dead letters")
    assert {each: await shop.shown(each) for each in streams} == {each: await shop.folded(each) for each in streams}


async def test_a_message_whose_attempts_are_spent_is_done_once_after_the_fix(shop: Shop) -> None:
    """From Pub/Sub's dead-letter topic into the store, to an operator, and to its handler."""
    cart = await shop.rig.open_cart()
    stream = f"cart-{cart}"
    await eventually(lambda: _is_at(shop, stream, 1))
    shop.bugs.write_text(f"refuse {stream}\n")
    added = await shop.rig.send("POST", f"{CARTS_PATH}/{cart}/items", line("milk"))
    assert added.status == 202

    async def listed() -> bool:
        assert await shop.rig.fire("relay", "/drain") == 200
        return f"{stream}@2" in {each.message_id async for each in shop.rig.dead_letters.messages("cart")}

    await eventually(listed)
    code, shown = await shop.commerce("show", "cart", f"{stream}@2")
    assert code == 0
    assert "given up by the dead-letter topic after 5 attempts" in shown
    assert "CloudPubSubDeadLetterSourceSubscription: cart-projector" in shown
    assert await _is_at(shop, stream, 1)

    assert "would go to cart.carts" in (await shop.commerce("redrive", "cart", "--all", "--dry-run"))[1]
    code, done = await shop.commerce("redrive", "cart", "--all")
    assert (code, "  done: applied" in done.splitlines()) == (0, True), done
    assert await shop.shown(stream) == await shop.folded(stream)
    assert await shop.rig.fire("relay", "/drain") == 200
    assert await shop.commerce("list") == (0, "no dead letters")


async def _fill(rig: Rig, cart: str) -> None:
    """One commit after the other, up to the last one."""
    for number in range(1, COMMITS):
        added = await rig.send("POST", f"{CARTS_PATH}/{cart}/items", line(f"sku-{number}"))
        assert added.status == 202, added


async def _is_at(shop: Shop, stream: str, version: int) -> bool:
    return (await shop.shown(stream))[0] == version
