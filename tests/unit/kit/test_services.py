"""Services made of their parts: entry points, webhooks, jobs, consumers; and the adapters that they run on."""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from shared import bootstrap
from shared.adapters.memory.dead_letters import MemoryDeadLetters
from shared.adapters.system import utc_now
from shared.bootstrap import EventSourcedService, IdleJob, Wiring
from shared.bootstrap.consumer import ConsumerService
from shared.bootstrap.service import Edge
from shared.config import Settings
from shared.eventsourcing.dead_letters import Place
from shared.eventsourcing.errors import CorruptDataError, DomainError, TopologyError, UnavailableError
from shared.eventsourcing.feed_walk import Visit
from shared.eventsourcing.message import MAX_COMMIT_BYTES
from shared.eventsourcing.publishing import Message
from shared.http.problems import ProblemError
from shared.testing.doubles import NOON, RecordingPublisher
from shared.testing.memory_platform import memory_dependencies
from shared.topology import ReactsTo, consumer, event_sourced
from tests.unit.http.store_front import AGGREGATES, MANIFEST, Basket, Fill, RecordingEffect, apis
from tests.unit.kit.service_world import PUSHER, environment, push, user

BOOKS = consumer("books", description="", reacts_to=(ReactsTo("orders"),), permissions=())


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The environment of an embedded platform."""
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    bootstrap.forget()
    bootstrap.embedded().broker.declare((MANIFEST,))
    yield
    bootstrap.forget()


@dataclass
class Report:
    done: int


def a_service(**parts: Any) -> EventSourcedService:
    return EventSourcedService(
        manifest=MANIFEST, aggregates=AGGREGATES, command_apis=apis(settles=True), query_apis=(), **parts
    )


class TestEntryPoints:
    def test_are_called_like_their_functions(self) -> None:
        """The Functions Framework finds them by name."""
        made = a_service().entry_points("commands", "relay")

        assert [each.__name__ for each in made] == ["commands", "relay"]
        assert all(iscoroutinefunction(each) for each in made)

    @pytest.mark.usefixtures("platform")
    async def test_serve_their_function(self) -> None:
        """What the platform calls is what was composed."""
        (commands,) = a_service().entry_points("commands")

        reply = await user(commands, "pos").post("/store/v1/shelves/milk/moves", "k1", {"by": 1})

        assert (reply.status, reply.json) == (202, {"id": "milk", "version": 1})

    @pytest.mark.usefixtures("platform")
    async def test_say_how_long_it_took_to_make_them(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The first caller waits for that, too; the next one does not."""
        seconds = [0.0]
        monkeypatch.setattr("shared.http.edge.perf_counter", lambda: seconds[0])
        monkeypatch.setattr("shared.observability.timing.perf_counter", lambda: seconds[0])

        class Slow(EventSourcedService):
            def _commands(self) -> Edge:
                seconds[0] += 0.3
                return super()._commands()

        slow = Slow(manifest=MANIFEST, aggregates=AGGREGATES, command_apis=apis(settles=True), query_apis=())
        (commands,) = slow.entry_points("commands")

        for key in ("k1", "k2"):
            await user(commands, "pos").post("/store/v1/shelves/milk/moves", key, {"by": 1})

        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [line["milliseconds"] for line in lines] == [300.0, 0.0]

    @pytest.mark.usefixtures("platform")
    def test_are_made_once(self) -> None:
        """An instance keeps what it knows between requests."""
        service = a_service()

        assert service.function("commands") is service.function("commands")

    @pytest.mark.usefixtures("platform")
    def test_of_unknown_functions_are_a_mistake(self) -> None:
        """The service says that it has none of that name."""
        with pytest.raises(TopologyError, match="store has no function orchestrator"):
            a_service().function("orchestrator")


def make_webhook(wiring: Wiring) -> Callable[[Request], Awaitable[Response]]:
    """Takes what proves itself by its body."""

    async def take(request: Request) -> Response:
        if await request.body() != b"signed":
            raise ProblemError(400, "signature-invalid", "who are you?")
        return Response(wiring.manifest.name)

    return take


@pytest.mark.usefixtures("platform")
class TestAWebhook:
    url = "/store/v1/hooks/bank"

    def commands(self) -> Any:
        return a_service(webhooks={"/hooks/bank": make_webhook}).function("commands")

    async def test_needs_no_token(self) -> None:
        """Whoever calls has a proof of their own."""
        reply = await push(self.commands(), self.url, b"signed", authorization="")

        assert (reply.status, reply.body) == (200, b"store")

    async def test_may_refuse_as_any_function(self) -> None:
        """By a problem."""
        reply = await push(self.commands(), self.url, b"forged")

        assert (reply.status, reply.json["code"]) == (400, "signature-invalid")

    async def test_is_one_path_and_one_method(self) -> None:
        """Another method is not allowed there, and beside it there is nothing."""
        replies = [
            await user(self.commands(), "pos").send(method, url, headers={"Idempotency-Key": "k1"})
            for method, url in (("PUT", self.url), ("POST", f"{self.url}/more"))
        ]

        assert [(reply.status, reply.headers.get("allow")) for reply in replies] == [(405, "POST"), (404, None)]

    async def test_leaves_the_commands_as_they_are(self) -> None:
        """They ask for a token."""
        reply = await push(self.commands(), "/store/v1/shelves/milk/moves", b"signed", authorization="")

        assert reply.status == 401


@pytest.mark.usefixtures("platform")
class TestAReactor:
    async def test_runs_its_jobs(self) -> None:
        """By path, with the service's wiring."""

        def count(wiring: Wiring) -> Callable[[], Awaitable[Report]]:
            async def job() -> Report:
                return Report(len(wiring.aggregates))

            return job

        reactor = a_service(jobs={"/count": count}).function("reactor")

        assert (await push(reactor, "/count")).json == {"done": 2}

    async def test_walks_over_what_lies_idle(self) -> None:
        """The visit sees the streams of the job's category, with their versions."""
        seen: list[tuple[str, int]] = []

        def visiting(_: Wiring) -> Visit:
            async def visit(stream: str, version: int) -> bool:
                seen.append((stream, version))
                return True

            return visit

        service = a_service(idle_jobs={"/tidy": IdleJob("basket", timedelta(seconds=-60), visiting)})
        await service.wiring.handle(
            "basket", "b1", Fill(skus=("milk",), at=NOON), service.wiring.system_context("somebody")
        )

        reply = await push(service.function("reactor"), "/tidy")

        assert (reply.status, seen) == (200, [("basket-b1", 1)])

    async def test_is_for_the_platform_alone(self) -> None:
        """Nobody else has jobs run."""
        reactor = a_service().function("reactor")

        assert (await push(reactor, "/tidy", email="stranger@shop.test")).status == 403


@pytest.mark.usefixtures("platform")
class TestTheDrain:
    async def test_of_a_service_drops_what_its_relay_left(self) -> None:
        """That was to prove what the outbox still says; everything else is kept for the function that takes it."""
        broker = bootstrap.embedded().broker
        heard = event_sourced("mail", description="", publishes="", reacts_to=(ReactsTo("orders"),))
        broker.declare((heard,))
        for keeper in ("mail-commits-relay-dead", "mail-events-relay-dead", "mail-on-orders-dead"):
            await broker.publish(keeper, [Message("1", b"{}", {"ce-id": "order-o1@5.0"})])

        reply = await push(replace(a_service(), manifest=heard).function("relay"), "/drain")

        letters = [each async for each in bootstrap.dependencies().dead_letters.messages("mail")]
        assert reply.json == {"buried": 1, "dropped": 2}
        assert [(each.subscription, each.function) for each in letters] == [("mail-on-orders", "reactor")]


@pytest.mark.usefixtures("platform")
class TestWiring:
    async def test_carries_out_what_another_command_caused(self) -> None:
        """In the same flow, by the same actor, with the causing command as its cause."""
        wiring = a_service().wiring
        cause = wiring.system_context("platform:test")

        await wiring.handle("basket", "b1", Fill(skus=("milk",), at=NOON), cause)

        (commit,) = [each async for each in wiring.deps.events.read("basket-b1")]
        context = commit.context
        assert (context.command, context.causation_id) == ("Fill", cause.command_id)
        assert (context.actor, context.correlation_id) == ("platform:test", cause.correlation_id)

    async def test_a_command_happened_when_it_says(self) -> None:
        """Whatever the time of what caused it."""
        wiring = a_service().wiring

        await wiring.handle("basket", "b1", Fill(skus=(), at=NOON), wiring.system_context("platform:test"))

        (commit,) = [each async for each in wiring.deps.events.read("basket-b1")]
        assert commit.context.occurred_at == NOON

    async def test_knows_the_state_of_an_entity(self) -> None:
        """As the log has it; the initial state of what does not exist."""
        wiring = a_service().wiring
        await wiring.handle("basket", "b1", Fill(skus=("milk",), at=NOON), wiring.system_context("platform:test"))

        assert await wiring.state("basket", "b1") == Basket(skus=("milk",))
        assert await wiring.state("basket", "b2") == Basket()

    def test_makes_the_effect_once(self) -> None:
        """What it learned serves all requests of the instance."""
        wiring = a_service(effect=lambda _: RecordingEffect()).wiring

        assert wiring.effect is wiring.effect

    def test_may_have_no_effect(self) -> None:
        """Most services have none."""
        assert a_service().wiring.effect is None

    async def test_what_was_not_published_is_left_to_the_relay(self, capsys: pytest.CaptureFixture[str]) -> None:
        """The command stands, and a line says so."""
        deps = memory_dependencies(utc_now, publisher=RecordingPublisher(down=True))
        wiring = Wiring(MANIFEST, AGGREGATES, deps=deps)

        await wiring.handle("basket", "b1", Fill(skus=("milk",), at=NOON), wiring.system_context("platform:test"))

        assert await wiring.state("basket", "b1") == Basket(skus=("milk",))
        assert "not published to store-commits" in capsys.readouterr().out


@dataclass
class Consumed:
    """What a consumer took; `error` is raised instead."""

    facts: list[tuple[str, bytes]] = field(default_factory=list)
    error: Exception | None = None

    def of(self, _: Settings) -> Callable[[Mapping[str, str], bytes], Awaitable[None]]:
        async def consume(headers: Mapping[str, str], body: bytes) -> None:
            if self.error is not None:
                raise self.error
            self.facts.append((headers["ce-id"], body))

        return consume


@pytest.mark.usefixtures("platform")
class TestAConsumer:
    @pytest.fixture
    def consumed(self) -> Consumed:
        return Consumed()

    @pytest.fixture
    def function(self, consumed: Consumed) -> Any:
        return ConsumerService(manifest=BOOKS, consume=consumed.of).function("consumer")

    async def test_takes_what_is_pushed(self, consumed: Consumed, function: Any) -> None:
        """And acknowledges it."""
        reply = await push(function, body=b"{}", ce_id="order-o1@5.0")

        assert (reply.status, reply.headers["outcome"]) == (204, "done")
        assert consumed.facts == [("order-o1@5.0", b"{}")]

    @pytest.mark.parametrize(
        "error", [CorruptDataError("what?"), DomainError("no", "no"), ValueError("x"), KeyError("x")]
    )
    async def test_keeps_what_it_can_never_take(self, consumed: Consumed, function: Any, error: Exception) -> None:
        """Among the dead letters, with the reason and as it came."""
        consumed.error = error

        reply = await push(function, body=b"garbage", ce_id="order-o1@5.0")

        letters = bootstrap.dependencies().dead_letters
        assert isinstance(letters, MemoryDeadLetters)
        kept = letters.buried[Place("books", "books-consumer", "order-o1@5.0")]
        assert (reply.status, reply.headers["outcome"], kept.body) == (204, "buried", b"garbage")
        assert kept.error.startswith(type(error).__name__)

    async def test_takes_it_again_when_an_operator_says_so(self, consumed: Consumed, function: Any) -> None:
        """First dry, which takes nothing; what is taken is kept no more."""
        consumed.error = CorruptDataError("what?")
        await push(function, body=b"{}", ce_id="order-o1@5.0", ce_type="commerce.orders.OrderPlaced.v1")
        consumed.error = None
        wanted = b'{"subscription": "books-consumer", "message_id": "order-o1@5.0"%s}'

        dry = await push(function, "/redrive", wanted % b"")
        taken = list(consumed.facts)
        done = await push(function, "/redrive", wanted % b', "dry_run": false')

        assert (dry.json["outcome"], taken) == ("books: commerce.orders.OrderPlaced.v1 order-o1@5.0", [])
        assert (done.json["outcome"], consumed.facts) == ("done", [("order-o1@5.0", b"{}")])
        assert (await push(function, "/dead-letters")).json == {"messages": []}

    async def test_knows_no_json_in_garbage(self, consumed: Consumed, function: Any) -> None:
        """A dry run says so."""
        consumed.error = CorruptDataError("what?")
        await push(function, body=b"garbage", ce_id="order-o1@5.0")

        reply = await push(function, "/redrive", b'{"subscription": "books-consumer", "message_id": "order-o1@5.0"}')

        assert (reply.json["failed"], reply.json["outcome"][:32]) == (True, "UnreadableError: its body is no ")

    async def test_drains_what_pubsub_gave_up(self, function: Any) -> None:
        """All its subscriptions, into the same letters."""
        broker = bootstrap.embedded().broker
        broker.declare((BOOKS,))
        await broker.publish("books-on-orders-dead", [Message("1", b"{}", {"ce-id": "order-o1@5.0"})])

        reply = await push(function, "/drain")

        (message,) = (await push(function, "/dead-letters")).json["messages"]
        assert (reply.json, message["subscription"]) == ({"buried": 1, "dropped": 0}, "books-on-orders")

    async def test_is_asked_again_if_its_store_is_down(self, consumed: Consumed, function: Any) -> None:
        """Nothing is acknowledged that was not kept."""
        consumed.error = UnavailableError("down")

        assert (await push(function, body=b"{}", ce_id="order-o1@5.0")).status == 503

    async def test_is_asked_again_if_it_fails_otherwise(self, consumed: Consumed, function: Any) -> None:
        """A bug is mended, and the message is still there then."""
        consumed.error = ZeroDivisionError()

        assert (await push(function, body=b"{}", ce_id="order-o1@5.0")).status == 500

    async def test_is_for_the_platform_alone(self, consumed: Consumed, function: Any) -> None:
        """Nobody else tells it anything."""
        reply = await push(function, body=b"{}", email="stranger@shop.test", ce_id="order-o1@5.0")

        assert (reply.status, consumed.facts) == (403, [])

    async def test_takes_no_more_than_a_commit(self, function: Any) -> None:
        """No event is larger."""
        assert (await push(function, body=b" " * (MAX_COMMIT_BYTES + 1))).status == 413


@pytest.mark.usefixtures("platform")
class TestTheRuntime:
    def test_is_made_once(self) -> None:
        """All functions of a process share their adapters."""
        assert bootstrap.dependencies() is bootstrap.dependencies()

    def test_can_be_forgotten(self) -> None:
        """Then everything is made anew, on what the environment says now."""
        before = bootstrap.dependencies()

        bootstrap.forget()

        assert bootstrap.dependencies() is not before

    def test_has_one_broker_if_it_is_embedded(self) -> None:
        """What is published can be received."""
        embedded = bootstrap.embedded()

        assert len({id(each) for each in (embedded.publisher, embedded.subscriber, embedded.broker)}) == 1

    def test_has_one_log_for_everything_that_is_in_it(self) -> None:
        """Events, states and outbox are written together."""
        embedded = bootstrap.embedded()

        assert len({id(each) for each in (embedded.events, embedded.states, embedded.outbox)}) == 1

    def test_knows_the_services_of_the_platform(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """By the environment."""
        monkeypatch.setenv("COMMERCE_SERVICE_CALLERS", "checkout@shop.test,returns@shop.test")
        bootstrap.forget()

        assert bootstrap.users().services == {"checkout@shop.test", "returns@shop.test"}

    def test_knows_its_callers(self) -> None:
        """Those that push, schedule and ring."""
        assert bootstrap.callers().emails == {PUSHER}

    def test_names_what_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An environment that is not complete says so at the first use."""
        monkeypatch.delenv("COMMERCE_USER_ISSUER")
        bootstrap.forget()

        with pytest.raises(KeyError, match="COMMERCE_USER_ISSUER"):
            bootstrap.environment()


async def test_what_holds_connections_is_closed_once_when_the_platform_ends(platform: None) -> None:
    """Whoever comes after it in this process finds nothing left open."""
    closed: list[str] = []

    async def close() -> None:
        closed.append("the client")

    bootstrap.at_end(close)

    await bootstrap.close()
    await bootstrap.close()

    assert closed == ["the client"]
