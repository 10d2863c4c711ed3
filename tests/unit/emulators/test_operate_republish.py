"""Integration events that are published again, and what consumers do about them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from emulators import cli_republish
from emulators.cli import app
from emulators.operate import OPERATIONS
from emulators.operating import OperationError
from shared import bootstrap
from shared.adapters.memory.event_store import MemoryEventStore
from shared.bootstrap import Aggregate, EventSourcedService
from shared.bootstrap.consumer import ConsumerService
from shared.bootstrap.service import FunctionsOfService
from shared.config import Settings
from shared.eventsourcing.joint import Target
from shared.eventsourcing.message import Commit
from shared.eventsourcing.publishing import Announced, Announcer, announce
from shared.eventsourcing.reaction import Reaction, Reads
from shared.topology import ReactsTo, consumer, event_sourced
from tests.unit.http.store_front import AGGREGATES, Move
from tests.unit.kit.conftest import CODEC, PUBLICATION, TALLY, append, published
from tests.unit.kit.service_world import environment, push

PUBLIC, PRIVATE = 10, 1
"""What a tally publishes, and what not."""


class ReachedElsewhere(Reads):
    by: int


TALLIES = EventSourcedService(
    manifest=event_sourced("tally", description="", publishes=""),
    aggregates=(Aggregate(TALLY, published),),
    command_apis=(),
    query_apis=(),
)
STORE = EventSourcedService(
    manifest=event_sourced(
        "store",
        description="",
        publishes="",
        categories=("shelf", "basket"),
        reacts_to=(ReactsTo("tally", ("Reached.v1",)),),
    ),
    aggregates=AGGREGATES,
    command_apis=(),
    query_apis=(),
    reactions=(
        Reaction(
            service="tally",
            type="Reached.v1",
            reads=ReachedElsewhere,
            react=lambda event, delivery: [Target("shelf", "milk", Move(by=event.by, at=delivery.at))],
        ),
    ),
)
BOOKS = ConsumerService(
    manifest=consumer("books", description="", reacts_to=(ReactsTo("tally"),), permissions=()),
    consume=lambda _: nothing,
)


async def nothing(*_: object) -> None:
    """Takes all there is."""


@dataclass(frozen=True)
class World:
    """`Operators` of these services."""

    deps: bootstrap.Dependencies = field(default_factory=bootstrap.dependencies)
    settings: Settings = field(default_factory=bootstrap.environment)

    def service(self, name: str) -> FunctionsOfService:
        services: dict[str, FunctionsOfService] = {"tally": TALLIES, "books": BOOKS}
        return services[name]

    def progress(self, *_: object) -> None:
        """Nobody listens."""


@pytest.fixture(autouse=True)
def platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The environment of an embedded platform, where a commit is old at once."""
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COMMERCE_FEED_LAG", "-60")
    bootstrap.forget()
    bootstrap.embedded().broker.declare((TALLIES.manifest, STORE.manifest))
    for service in (TALLIES, STORE):
        for made in ("wiring", "_edges", "_made"):
            service.__dict__.pop(made, None)
    yield
    bootstrap.forget()


async def committed(stream: str, *amounts: int) -> list[Commit]:
    """In the log; what they owe was never published."""
    return [await append(bootstrap.dependencies().events, stream, by) for by in amounts]


async def publish(commits: list[Commit]) -> None:
    """As a command does right after its append."""
    announcer = Announcer(PUBLICATION, bootstrap.dependencies().publisher)
    await announce([Announced(announcer, each, [CODEC.decode(e) for e in each.events]) for each in commits])


async def republish(service: str = "tally", **span: str) -> tuple[int, list[str]]:
    said: list[str] = []
    code = await OPERATIONS["republish"](World(), said.append, service=service, **span)
    return code, said


async def delivered() -> list[str]:
    """Whatever waits for the store's reactor is pushed to it: what became of each."""
    broker, outcomes = bootstrap.embedded().broker, []
    async for batch in broker.pull("store-on-tally"):
        for message in batch:
            headers = {name.replace("-", "_"): text for name, text in message.attributes.items()}
            reply = await push(STORE.function("reactor"), "/", message.data, **headers)
            outcomes.append(reply.headers["outcome"])
        await broker.acknowledge("store-on-tally", [message.ack_id for message in batch])
    return outcomes


async def on_the_shelf() -> Any:
    return (await STORE.wiring.state("shelf", "milk")).left


async def test_what_was_done_is_not_done_again() -> None:
    """A consumer with an inbox knows each of the events by its id."""
    await publish(await committed("tally-1", PUBLIC, PRIVATE, PUBLIC))
    assert await delivered() == ["done", "done"]

    code, said = await republish()

    assert (code, said) == (0, ["published again: 2 events of 2 commits, to tally-events"])
    assert await delivered() == ["duplicate", "duplicate"]
    assert await on_the_shelf() == 2 * PUBLIC


async def test_what_was_missed_is_done() -> None:
    """Of a consumer whose message the broker lost, or that is new."""
    await publish((await committed("tally-1", PUBLIC, PUBLIC))[:1])
    assert (await delivered(), await on_the_shelf()) == (["done"], PUBLIC)

    await republish()

    assert (await delivered(), await on_the_shelf()) == (["duplicate", "done"], 2 * PUBLIC)


async def test_nothing_is_published_to_the_domain_topic() -> None:
    """Read models have their own ways to be filled."""
    await committed("tally-1", PUBLIC)

    await republish()

    broker = bootstrap.embedded().broker
    assert (broker.backlog("tally-commits-relay"), broker.backlog("tally-events-relay")) == (0, 1)


async def test_a_span_is_by_the_logs_time() -> None:
    """From `since` on, and before `until`."""
    _, second, third = await committed("tally-1", PUBLIC, PUBLIC, PUBLIC)

    await republish(since=second.recorded_at.isoformat(), until=third.recorded_at.isoformat())

    messages = [each async for batch in bootstrap.embedded().broker.pull("store-on-tally") for each in batch]
    assert [message.attributes["ce-id"] for message in messages] == ["tally-1@2.0"]


async def test_what_cannot_be_read_is_told() -> None:
    """And all others are published."""
    await committed("tally-1", PUBLIC)
    await committed("tally-2", PUBLIC)
    events = bootstrap.embedded().events
    assert isinstance(events, MemoryEventStore)
    streams = events._streams
    streams["tally-1"][0] = (streams["tally-1"][0][0], b"{")

    code, said = await republish()

    assert (code, said[1:]) == (1, ["published again: 1 event of 1 commit, to tally-events"])
    assert said[0].startswith("not published: tally-1@1: ")


async def test_a_service_without_events_has_nothing_to_publish() -> None:
    """It only takes what others publish."""
    with pytest.raises(OperationError, match="books publishes no events"):
        await republish("books")


def test_the_command_asks_for_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With times in UTC."""
    asked: list[object] = []
    monkeypatch.setattr(cli_republish, "operate", lambda name, **given: asked.append((name, given)))

    result = CliRunner().invoke(
        app, ["republish", "orders", "--since", "2017-06-01T12:00:00+02:00", "--folder", str(tmp_path)]
    )

    arguments = {"service": "orders", "since": "2017-06-01T10:00:00+00:00", "until": None}
    assert (result.exit_code, asked) == (0, [("republish", {"folder": tmp_path, "arguments": arguments})])
