"""The whole platform in a test: both runtimes answer alike, and heal."""

import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from emulators.feed.client import PlatformClient, connect
from emulators.platform import LocalPlatform, PlatformError
from emulators.processes.ports import free_ports
from emulators.settings import Options, RuntimeChoice
from functions.cart.manifest import MANIFEST

CART = (MANIFEST,)
EMULATED = pytest.param("emulators", marks=pytest.mark.emulators)
STAFF = "operator"
OPENING = {"currency": "USD", "customer_id": "900", "opened_at": "2017-01-01T11:53:26Z"}


def options(folder: Path, runtime: str) -> Options:
    (port,) = free_ports(1)
    return Options(runtime=RuntimeChoice(runtime), port=port, folder=folder)


def on_cart(folder: Path, runtime: str) -> LocalPlatform:
    """A platform of one service."""
    return LocalPlatform(options(folder, runtime), services=CART)


@pytest.fixture(params=[EMULATED, "embedded"])
async def platform(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LocalPlatform]:
    async with LocalPlatform(options(tmp_path, request.param), services=CART) as platform:
        yield platform


@pytest.fixture
async def client(platform: LocalPlatform) -> AsyncIterator[PlatformClient]:
    async with connect(platform.origin, role=STAFF) as client:
        yield client


async def open_cart(client: PlatformClient, key: str) -> str:
    reply = await client.post("/cart/v1/carts", OPENING, key=key)
    assert reply.status == 202, reply.body
    return str(reply.body["id"])


async def listed(client: PlatformClient) -> set[str]:
    reply = await client.get("/cart/v1/carts?customer_id=900")
    return {cart["id"] for cart in reply.body["items"]}


async def test_what_was_accepted_is_shown_once_the_platform_has_caught_up(
    platform: LocalPlatform, client: PlatformClient
) -> None:
    """From command to read model through the log, the broker and the projector."""
    cart = await open_cart(client, "k1")

    assert await platform.caught_up(within=30)

    assert await listed(client) == {cart}


async def test_the_platform_counts_what_its_functions_ask_for(platform: LocalPlatform, client: PlatformClient) -> None:
    """Status and operations are one request away."""
    await open_cart(client, "k1")

    status, operations = await client.get("/_local/status"), await client.get("/_local/operations")

    assert status.body["runtime"] == platform.runtime
    assert status.body["delivery"].keys() == {"cart-projector"}
    assert sum(counts["rpcs"]["Commit"] for counts in operations.body.values()) >= 1


async def test_an_embedded_platform_leaves_the_path_of_modules_alone(tmp_path: Path) -> None:
    """A process that is spawned from here begins with it, and must not find modules in an archive."""
    before = sys.path.copy()

    async with on_cart(tmp_path, "embedded"):
        meanwhile = sys.path.copy()

    assert meanwhile == before


async def test_two_platforms_in_turn_share_nothing(tmp_path: Path) -> None:
    """An embedded platform starts empty, whatever ran in this process before."""
    carts = []
    for name in ("first", "second"):
        async with on_cart(tmp_path / name, "embedded") as platform, connect(platform.origin, role=STAFF) as client:
            carts.append(await open_cart(client, "the same key"))
            await platform.caught_up(within=30)
            assert len(await listed(client)) == 1

    assert len(set(carts)) == 2


async def test_the_embedded_runtime_has_no_emulator_to_restart(tmp_path: Path) -> None:
    """What a runtime does not have is an error in words."""
    async with LocalPlatform(options(tmp_path, "embedded"), services=CART) as platform:
        with pytest.raises(PlatformError, match="embedded"):
            await platform.restart_pubsub()


@pytest.mark.emulators
async def test_a_broker_that_forgets_everything_loses_nothing(tmp_path: Path) -> None:
    """After a restart the topology is back, and relay and sweep bring the read models to the end of the log."""
    async with on_cart(tmp_path, "emulators") as platform, connect(platform.origin, role=STAFF) as client:
        before = await open_cart(client, "k1")

        await platform.restart_pubsub()

        after = await open_cart(client, "k2")
        assert await platform.caught_up(within=30)
        assert await listed(client) == {before, after}


@pytest.mark.emulators
async def test_a_function_process_that_is_killed_costs_nothing(tmp_path: Path) -> None:
    """The client's retry meets the new process; the first answer is the only commit."""
    said: list[str] = []
    async with (
        LocalPlatform(options(tmp_path, "emulators"), say=said.append, services=CART) as platform,
        connect(platform.origin, role=STAFF) as client,
    ):
        processes: Any = platform.parts.processes
        before = await open_cart(client, "k1")

        os.kill(processes.pid("cart"), signal.SIGKILL)

        assert await open_cart(client, "k1") == before
        assert await platform.caught_up(within=30)
        assert await listed(client) == {before}

    assert said == ["cart died (signal 9); starting it again", "cart is back"]


@pytest.mark.emulators
async def test_a_dead_pubsub_emulator_is_started_again(tmp_path: Path) -> None:
    """A crash of the broker is healed like a restart."""
    async with on_cart(tmp_path, "emulators") as platform, connect(platform.origin, role=STAFF) as client:
        emulators: Any = platform.parts.emulators

        emulators.pubsub.kill()

        cart = await open_cart(client, "k1")
        assert await platform.caught_up(within=60)
        assert await listed(client) == {cart}


@pytest.mark.emulators
async def test_a_dead_firestore_emulator_ends_the_platform(tmp_path: Path) -> None:
    """Nothing brings an empty log back, so nothing pretends to."""

    async def live_on_without_it() -> None:
        async with LocalPlatform(options(tmp_path, "emulators"), services=CART) as platform:
            emulators: Any = platform.parts.emulators
            emulators.firestore.kill()
            await platform.caught_up(within=60)

    with pytest.raises(ExceptionGroup) as error:
        await live_on_without_it()

    assert error.group_contains(PlatformError, match="Firestore emulator died")


async def test_tracebacks_of_the_platform_are_kept_with_the_logs(tmp_path: Path) -> None:
    """What fails in an operation, in the platform's own process, can be read afterwards."""
    chosen = options(tmp_path, "embedded")

    async with LocalPlatform(chosen, services=CART) as platform, aiohttp.ClientSession() as session:
        answer = await session.post(f"{platform.origin}/_local/operate", data=b'{"name": "no-such", "arguments": {}}')
        said = await answer.read()

    assert answer.status == 200
    assert b"platform.log has more" in said
    log = (chosen.logs / "platform.log").read_text()
    assert "Traceback" in log
    assert "KeyError: 'no-such'" in log
