"""Pushed events of other services: reacted to once, ignored, or kept among the dead letters."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest
from pydantic_core import to_json

from shared.adapters.memory.dead_letters import MemoryDeadLetters
from shared.eventsourcing.dead_letters import Buried
from shared.eventsourcing.errors import DomainError, TooLargeError, UnavailableError
from shared.eventsourcing.joint import Plan, Read, Target
from shared.eventsourcing.message import MAX_COMMIT_BYTES, Context
from shared.eventsourcing.reaction import Delivery, Reaction, Reads
from shared.http.auth import PlatformCallers
from shared.http.edge import guarded
from shared.http.platform_api import ScheduleEdge
from shared.http.reaction_edge import ReactionEdge
from shared.testing.api_spec import ApiSpec, Reply
from tests.unit.http.store_front import BelievesAnything, Fill, Move, RecordingEffect, Store

AT = "2026-02-28T08:00:00+00:00"
ARRIVED = {"sku": "milk", "quantity": 3, "supplier": "nobody here reads that"}


class GoodsArrived(Reads):
    sku: str
    quantity: int


def _put_on_shelf(event: GoodsArrived, delivery: Delivery) -> Sequence[Target]:
    """Nothing to do about no goods at all; less than none is against the rules of the shelf."""
    if event.quantity == 0:
        return ()
    return (Target("shelf", event.sku, Move(by=event.quantity, at=delivery.at)),)


def _fill_up(event: GoodsArrived, delivery: Delivery) -> Plan:
    """Up to the quantity, whatever is there."""

    async def plan(read: Read) -> Sequence[Target]:
        missing = event.quantity - (await read("shelf", event.sku)).left
        return [Target("shelf", event.sku, Move(by=missing, at=delivery.at))] if missing > 0 else []

    return plan


def _too_large(_: GoodsArrived, __: Delivery) -> Plan:
    async def plan(_: Read) -> Sequence[Target]:
        raise TooLargeError("a commit has its limits")

    return plan


def _two_and_a_basket(event: GoodsArrived, delivery: Delivery) -> Sequence[Target]:
    at = delivery.at
    return (
        Target("shelf", event.sku, Move(by=1, at=at)),
        Target("shelf", event.sku, Move(by=1, at=at)),
        Target("basket", "b1", Fill(skus=(event.sku,), at=at)),
    )


REACTIONS = (
    Reaction(service="harbour", type="GoodsArrived.v1", reads=GoodsArrived, react=_put_on_shelf),
    Reaction(service="harbour", type="GoodsPromised.v1", reads=GoodsArrived, react=_fill_up),
    Reaction(service="harbour", type="GoodsExploded.v1", reads=GoodsArrived, react=_too_large),
    Reaction(service="harbour", type="GoodsSorted.v1", reads=GoodsArrived, react=_two_and_a_basket),
)


@dataclass
class Report:
    done: int = 1


async def tidy_up() -> Report:
    return Report()


@dataclass
class Reactor:
    """The function, as Pub/Sub pushes to it."""

    store: Store
    dead_letters: MemoryDeadLetters = field(default_factory=MemoryDeadLetters)

    def caller(self, role: str = "service") -> ApiSpec:
        """An instance of its own. Tokens are what they say: `service` is Pub/Sub's."""
        callers = PlatformCallers(BelievesAnything(), frozenset({"service@store.test"}))
        edge = ReactionEdge(
            "store",
            REACTIONS,
            self.store.new_wiring(),
            callers=callers,
            dead_letters=self.dead_letters,
            clock=self.store.clock,
            schedule=ScheduleEdge(callers, {"/tidy-up": tidy_up}),
        )
        return ApiSpec(guarded("store-reactor", edge, lambda *_, **__: None), role)

    async def push(self, event: object = ARRIVED, **changed: str | None) -> Reply:
        """As the relay publishes it; `ce_id=None` leaves the header out."""
        headers = {"ce-id": "ship-1@4.0", "ce-type": "commerce.harbour.GoodsArrived.v1", "ce-time": AT}
        stated = {name.replace("_", "-"): value for name, value in changed.items()}
        sent = {name: value for name, value in {**headers, **stated}.items() if value is not None}
        body = event if isinstance(event, bytes) else to_json(event)
        return await self.caller().send("POST", "/", body=body, headers=sent)

    def letter(self) -> Buried:
        """The one that is buried."""
        (found,) = self.dead_letters.buried.values()
        return found

    async def context(self) -> Context:
        return (await self.store.commits("shelf-milk"))[-1].context


@pytest.fixture
def effect() -> RecordingEffect:
    return RecordingEffect()


@pytest.fixture
def reactor(effect: RecordingEffect) -> Reactor:
    return Reactor(Store(effect))


def outcome(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.headers["outcome"]


class TestReacting:
    async def test_an_event_becomes_commands(self, reactor: Reactor) -> None:
        """And is acknowledged; what the reader does not know is ignored."""
        reply = await reactor.push()

        assert (outcome(reply), await reactor.store.left()) == ((204, "done"), 3)

    async def test_all_its_commands_are_one_commit_each(self, reactor: Reactor) -> None:
        """Of several streams, and of several commands to one."""
        await reactor.push(ce_type="commerce.harbour.GoodsSorted.v1")

        assert [len(await reactor.store.commits(stream)) for stream in ("shelf-milk", "basket-b1")] == [1, 1]

    async def test_a_plan_goes_by_what_the_service_holds(self, reactor: Reactor) -> None:
        """It is asked what there is to do."""
        await reactor.store.stock(milk=1)

        await reactor.push(ce_type="commerce.harbour.GoodsPromised.v1")

        assert await reactor.store.left() == 3

    async def test_a_plan_that_finds_nothing_is_done(self, reactor: Reactor) -> None:
        """For good: the same message finds nothing later, either."""
        await reactor.store.stock(milk=3)
        first = await reactor.push(ce_type="commerce.harbour.GoodsPromised.v1")
        await reactor.store.caller().post("/store/v1/shelves/milk/moves", "k1", {"by": -3})

        again = await reactor.push(ce_type="commerce.harbour.GoodsPromised.v1")

        assert (outcome(first), outcome(again), await reactor.store.left()) == ((204, "done"), (204, "duplicate"), 0)

    async def test_an_event_without_consequence_is_acknowledged(self, reactor: Reactor) -> None:
        """Nothing is written, not even an inbox record."""
        reply = await reactor.push({**ARRIVED, "quantity": 0})

        assert outcome(reply) == (204, "nothing to do")

    async def test_another_type_is_ignored(self, reactor: Reactor) -> None:
        """A subscription may let through what nobody reacts to."""
        assert outcome(await reactor.push(ce_type="commerce.harbour.GoodsLost.v1")) == (204, "ignored")

    async def test_a_message_without_a_type_is_ignored(self, reactor: Reactor) -> None:
        """It is no event of this platform."""
        assert outcome(await reactor.push(ce_type=None)) == (204, "ignored")


class TestOnce:
    async def test_a_second_delivery_changes_nothing(self, reactor: Reactor) -> None:
        """Also to another instance."""
        await reactor.push()

        again = await reactor.push()

        assert (outcome(again), await reactor.store.left()) == ((204, "duplicate"), 3)

    async def test_another_fact_of_the_same_kind_counts(self, reactor: Reactor) -> None:
        """It is its id that makes a message the same."""
        await reactor.push()

        await reactor.push(ce_id="ship-1@5.0")

        assert await reactor.store.left() == 6

    async def test_a_store_that_is_down_makes_it_come_again(self, reactor: Reactor) -> None:
        """Nothing is acknowledged that was not kept."""
        reactor.store.log.down = True
        down = await reactor.push()
        reactor.store.log.down = False

        again = await reactor.push()

        assert (down.status, outcome(again), await reactor.store.left()) == (503, (204, "done"), 3)


class TestTheContext:
    async def test_names_the_message_as_the_cause(self, reactor: Reactor) -> None:
        """And the service's own reaction as the actor."""
        await reactor.push()

        context = await reactor.context()
        assert (context.causation_id, context.actor) == ("ship-1@4.0", "reaction:store")

    @pytest.mark.parametrize(("type_name", "command"), [("GoodsArrived.v1", "Move"), ("GoodsPromised.v1", "fill_up")])
    async def test_names_the_command_or_the_plan(self, reactor: Reactor, type_name: str, command: str) -> None:
        """Whichever there is."""
        await reactor.push(ce_type=f"commerce.harbour.{type_name}")

        assert (await reactor.context()).command == command

    async def test_has_the_time_of_the_event(self, reactor: Reactor) -> None:
        """It happened when it happened there."""
        await reactor.push()

        assert (await reactor.context()).occurred_at == datetime.fromisoformat(AT)

    async def test_stays_in_the_flow(self, reactor: Reactor) -> None:
        """A customer's request can be followed through all services."""
        await reactor.push(ce_correlationid="flow")

        assert (await reactor.context()).correlation_id == "flow"

    async def test_begins_a_flow_if_there_is_none(self, reactor: Reactor) -> None:
        """It is called like the message."""
        await reactor.push()

        assert (await reactor.context()).correlation_id == "ship-1@4.0"


class TestBurying:
    @pytest.mark.parametrize("body", [b"garbage", b"", b"[]", b'{"sku": "milk"}', b"\xff\xfe"])
    async def test_a_body_that_cannot_be_read(self, reactor: Reactor, body: bytes) -> None:
        """It would never be understood: it is kept as it came, and acknowledged."""
        reply = await reactor.push(body)

        assert outcome(reply) == (204, "buried")
        assert reactor.letter().body == body

    @pytest.mark.parametrize("time", [None, "yesterday"])
    async def test_a_message_without_a_time(self, reactor: Reactor, time: str | None) -> None:
        """Nobody knows when it happened."""
        assert outcome(await reactor.push(ce_time=time)) == (204, "buried")

    async def test_a_message_without_an_id(self, reactor: Reactor) -> None:
        """It could be reacted to twice. The broker's own name for it is what it is kept under."""
        await reactor.push(ce_id=None, x_goog_pubsub_message_id="815")

        assert reactor.letter().place == ("store", "store-reactor", "815")

    async def test_what_the_rules_refuse(self, reactor: Reactor) -> None:
        """With the reason, for a person to look at."""
        reply = await reactor.push({**ARRIVED, "quantity": -1})

        assert outcome(reply) == (204, "buried")
        assert reactor.letter().error == "DomainError: only 0 left"

    async def test_what_makes_no_command(self, reactor: Reactor) -> None:
        """A time without a zone passes for one, but no command takes it: not at the next delivery, either."""
        assert outcome(await reactor.push(ce_time="2026-02-28T08:00:00")) == (204, "buried")

    async def test_what_is_too_large(self, reactor: Reactor) -> None:
        """It would be too large for ever."""
        assert outcome(await reactor.push(ce_type="commerce.harbour.GoodsExploded.v1")) == (204, "buried")

    async def test_what_the_effect_refuses(self, reactor: Reactor, effect: RecordingEffect) -> None:
        """The command stands; that it came to nothing is for a person to look at."""
        effect.errors = [DomainError("refund-failed", "no")]

        assert outcome(await reactor.push()) == (204, "buried")


class TestARedrive:
    async def redrive(self, reactor: Reactor, *, dry_run: bool = False) -> Reply:
        place = reactor.letter().place
        wanted = {"subscription": place.subscription, "message_id": place.message_id, "dry_run": dry_run}
        return await reactor.caller().send("POST", "/redrive", json=wanted)

    async def test_is_of_what_is_listed(self, reactor: Reactor) -> None:
        """With its error, and the attributes that it takes to deliver it again."""
        await reactor.push({**ARRIVED, "quantity": -1}, ce_correlationid="flow")

        (message,) = (await reactor.caller().send("POST", "/dead-letters")).json["messages"]

        assert (message["error"], message["times"]) == ("DomainError: only 0 left", 1)
        assert message["attributes"]["ce-correlationid"] == "flow"
        assert "authorization" not in message["attributes"]

    async def test_reacts_as_if_the_message_came_now(self, reactor: Reactor) -> None:
        """Once: the message may come again, or be re-driven again."""
        await reactor.store.stock(milk=1)
        await reactor.push({**ARRIVED, "quantity": -3})
        letter = reactor.letter()
        await reactor.store.caller().post("/store/v1/shelves/milk/moves", "more", {"by": 9})

        first = await self.redrive(reactor)
        await reactor.dead_letters.bury(letter)
        second = await self.redrive(reactor)

        assert (first.json["outcome"], second.json["outcome"]) == ("done", "duplicate")
        assert (await reactor.store.left(), reactor.dead_letters.buried) == (7, {})

    async def test_that_fails_again_says_so(self, reactor: Reactor) -> None:
        """And the message stays."""
        await reactor.push({**ARRIVED, "quantity": -1})

        reply = await self.redrive(reactor)

        assert (reply.json["outcome"], reply.json["failed"]) == ("DomainError: only 0 left", True)
        assert reactor.letter().redrives == 1

    async def test_that_is_dry_names_the_reaction(self, reactor: Reactor) -> None:
        """And does nothing."""
        await reactor.push({**ARRIVED, "quantity": -1})

        reply = await self.redrive(reactor, dry_run=True)

        assert reply.json["outcome"] == "put_on_shelf: commerce.harbour.GoodsArrived.v1 ship-1@4.0"
        assert (reactor.letter().redrives, await reactor.store.commits("shelf-milk")) == (0, [])

    async def test_that_is_dry_says_what_cannot_be_read(self, reactor: Reactor) -> None:
        """By any fix of the rules."""
        await reactor.push(b"garbage")

        assert (await self.redrive(reactor, dry_run=True)).json["failed"]

    async def test_that_is_dry_says_if_nobody_reacts(self, reactor: Reactor) -> None:
        """To a type that went with another release."""
        await reactor.push(b"garbage")
        letter = reactor.letter()
        reactor.dead_letters.buried[letter.place] = replace(letter, attributes={"ce-type": "commerce.harbour.Gone.v1"})

        reply = await self.redrive(reactor, dry_run=True)

        assert reply.json["outcome"] == "nobody here reacts to commerce.harbour.Gone.v1: it would be ignored"


class TestTheEffect:
    async def test_follows_for_each_entity_once(self, reactor: Reactor, effect: RecordingEffect) -> None:
        """However many commands it got."""
        await reactor.push(ce_type="commerce.harbour.GoodsSorted.v1")

        assert [asked[:2] for asked in effect.asked] == [("shelf", "milk"), ("basket", "b1")]

    async def test_follows_a_duplicate_too(self, reactor: Reactor, effect: RecordingEffect) -> None:
        """The first delivery may have been cut off before it."""
        effect.errors = [UnavailableError("the provider is down")]
        cut_off = await reactor.push()

        again = await reactor.push()

        assert (cut_off.status, outcome(again), len(effect.asked)) == (503, (204, "duplicate"), 2)

    async def test_follows_a_duplicate_for_what_the_plan_found_first(
        self, reactor: Reactor, effect: RecordingEffect
    ) -> None:
        """By now it would find nothing: all is done that it asked for."""
        effect.errors = [UnavailableError("the provider is down")]
        await reactor.push(ce_type="commerce.harbour.GoodsPromised.v1")

        again = await reactor.push(ce_type="commerce.harbour.GoodsPromised.v1")

        assert outcome(again) == (204, "duplicate")
        assert [asked[:2] for asked in effect.asked] == [("shelf", "milk")] * 2

    async def test_has_the_context_of_the_reaction(self, reactor: Reactor, effect: RecordingEffect) -> None:
        """As the log has it."""
        await reactor.push()

        assert effect.asked[0][2] == await reactor.context()


class TestCallers:
    async def test_others_may_not_push(self, reactor: Reactor) -> None:
        """A good token of somebody else is refused, before the body is read."""
        reply = await reactor.caller("operator").send("POST", "/", body=b"x")

        assert reply.status == 403

    async def test_a_message_has_a_limit(self, reactor: Reactor) -> None:
        """No event is larger than a commit."""
        reply = await reactor.caller().send("POST", "/", body=b" " * (MAX_COMMIT_BYTES + 1))

        assert reply.status == 413

    async def test_every_other_path_is_a_job(self, reactor: Reactor) -> None:
        """For the scheduler, who proves who calls as well."""
        replies = [await reactor.caller(role).send("POST", "/tidy-up") for role in ("service", "operator")]

        assert [reply.status for reply in replies] == [200, 403]
