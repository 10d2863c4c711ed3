"""A store or a broker that is down, hangs or forgets everything: answers stay bounded, and all of it heals."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from emulators.feed.dataset import Slice
from emulators.feed.run import FeedOptions, run_feed
from shared.eventsourcing.errors import UnavailableError
from tests.e2e.rig import CARTS_PATH, SPARE_COMMITS, SPARE_EVENTS, STREAMED_EVENTS, Rig, line

pytestmark = [pytest.mark.emulators, pytest.mark.asyncio(loop_scope="module")]
IN_TIME = 30.0
"""Seconds: a request is given up after 20, a client waits for 60. How long it takes depends on the machine."""


@contextmanager
def hanging(pid: int) -> Iterator[None]:
    """The process is there and takes connections, and nothing ever comes back.

    One thread of the process takes the signal and stops the others. On a busy machine they go on answering until then.
    """
    os.kill(pid, signal.SIGSTOP)
    try:
        while not has_stopped(pid):
            time.sleep(0.001)
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def has_stopped(pid: int) -> bool:
    """All of its threads, where the system tells of each (Linux); else the process."""
    threads = [*Path(f"/proc/{pid}/task").glob("*/stat")]
    if not threads:
        return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    return all(thread.read_text().rpartition(")")[2].split()[0] == "T" for thread in threads)


async def test_a_store_that_hangs_is_503_in_time(rig: Rig) -> None:
    """Command and query are told to come back, long before a client's own patience ends."""
    cart = await rig.open_cart()

    with hanging(rig.emulators.firestore.pid):
        answers = await asyncio.gather(
            rig.send("POST", f"{CARTS_PATH}/{cart}/items", line("milk")), rig.send("GET", f"{CARTS_PATH}/{cart}")
        )

    for answer in answers:
        assert (answer.status, answer.is_problem, answer.body["code"]) == (503, True, "unavailable")
        assert answer.headers["Retry-After"] == "1"
        assert answer.seconds < IN_TIME
    await rig.settled()


async def test_nothing_is_half_done_when_the_store_comes_back(rig: Rig) -> None:
    """Each request that got 503 happened whole or not at all: repeated, it is in the log once, with its messages."""
    cart = await rig.open_cart()
    requests = {f"{cart}-{n}": line(f"sku-{n}") for n in range(8)}
    path = f"{CARTS_PATH}/{cart}/items"

    with hanging(rig.emulators.firestore.pid):
        refused = await asyncio.gather(*(rig.send("POST", path, body, key=key) for key, body in requests.items()))
    answers = await asyncio.gather(*(rig.insist("POST", path, body, key=key) for key, body in requests.items()))
    await rig.settled()

    assert {answer.status for answer in refused} == {503}
    assert {answer.status for answer in answers} == {202}
    assert sorted(answer.body["version"] for answer in answers) == list(range(2, 10))
    commits = await rig.commits(cart)
    assert sorted(commit.events[0].data.get("sku", "") for commit in commits) == ["", *(f"sku-{n}" for n in range(8))]
    assert {commit.id for commit in commits} <= await rig.seen(SPARE_COMMITS)
    assert await rig.behind({f"cart-{cart}": 9}) == {}


async def test_a_broker_that_hangs_delays_and_refuses_nothing(rig: Rig) -> None:
    """Commands are accepted within seconds; what they owe is sent once the broker is back."""
    cart = await rig.open_cart("milk")

    with hanging(rig.emulators.pubsub.pid):
        answer = await rig.send("POST", f"{CARTS_PATH}/{cart}/checkout", {})
        owed = await rig.owed()
    await rig.settled()

    assert answer.status == 202
    assert answer.seconds < IN_TIME
    assert {f"cart-{cart}@3", f"cart-{cart}@3.0"} <= owed
    assert await rig.behind({f"cart-{cart}": 3}) == {}
    assert f"cart-{cart}@3.0" in await rig.seen(SPARE_EVENTS)


async def test_a_broker_that_restarts_empty_loses_no_sale(rig: Rig, spy: set[str]) -> None:
    """In mid-feed Pub/Sub forgets topics, subscriptions and messages: the books balance to the cent, the outbox empties
    and a subscriber of the integration topic sees every check-out.
    """
    half, first = asyncio.Event(), rig.emulators.pubsub.pid
    options = FeedOptions(chosen=Slice(limit=60), concurrency=8)

    def progress(phase: str, done: int, total: int) -> None:
        if phase == "baskets" and done * 2 >= total:
            half.set()

    async def forget() -> None:
        await half.wait()
        rig.emulators.pubsub.kill()  # the supervisor starts it again

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(forget())
        sweeping = tasks.create_task(sweep(rig))
        report = await run_feed(rig.platform.origin, options, log=rig.platform.parts.log, progress=progress)
        sweeping.cancel()
    await rig.settled()
    ends = await rig.ends()

    assert rig.emulators.pubsub.pid != first
    assert report.books.differences == ()
    assert await rig.behind(ends) == {}
    sold = {f"cart-{cart.id}@{cart.version}.0" for cart in report.fed.carts.values() if cart.checked_out}
    assert len(sold) > 50
    assert sold <= spy


async def sweep(rig: Rig) -> None:
    """As the schedule would."""
    while True:
        await rig.fire("projector", "/sweep")
        await asyncio.sleep(0.5)


@pytest_asyncio.fixture(loop_scope="module")
async def spy(rig: Rig) -> AsyncIterator[set[str]]:
    """The ids of all messages of the integration topic as they come, whatever happens to the broker."""
    seen: set[str] = set()
    source = rig.platform.parts.source

    async def read() -> None:
        while True:
            try:
                async for batch in source.stream(STREAMED_EVENTS, 60):
                    seen.update(message.attributes["ce-id"] for message in batch)
                    await source.acknowledge(STREAMED_EVENTS, [message.ack_id for message in batch])
            except UnavailableError:
                await asyncio.sleep(0.05)

    reading = asyncio.create_task(read())
    yield seen
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
