"""A function's desk: what is taken, what is kept, and how that is taken again."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from shared.adapters.memory.dead_letters import MemoryDeadLetters
from shared.eventsourcing.dead_letters import MAX_ERROR_CHARS, MAX_KEPT_BYTES, Buried, Origin
from shared.eventsourcing.desk import Desk, Redriven, identity_of
from shared.testing.doubles import FixedClock

HEADERS = {
    "ce-id": "orders-1@5.0",
    "ce-type": "commerce.orders.OrderPlaced.v1",
    "traceparent": "00-1-2-01",
    "content-type": "application/json",
    "x-goog-pubsub-subscription-name": "projects/p/subscriptions/mail-on-orders",
    "x-goog-pubsub-message-id": "815",
    "x-goog-pubsub-delivery-attempt": "3",
    "authorization": "Bearer secret",
    "user-agent": "APIs-Google",
}


@dataclass
class Mailer:
    """`Taker` that fails as it is told."""

    error: Exception | None = None
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    never: tuple[type[Exception], ...] = (KeyError,)

    async def take(self, headers: Mapping[str, str], body: bytes) -> str:
        if self.error is not None:
            raise self.error
        self.taken.append((headers["ce-id"], body))
        return "done"

    def reads(self, headers: Mapping[str, str], body: bytes) -> str:
        if body == b"garbage":
            raise ValueError("what?")
        return f"mailer: {headers['ce-id']}"


@dataclass
class Office:
    clock: FixedClock
    mailer: Mailer = field(default_factory=Mailer)
    dead_letters: MemoryDeadLetters = field(default_factory=MemoryDeadLetters)

    @property
    def desk(self) -> Desk:
        return Desk(
            service="mail", function="reactor", taker=self.mailer, dead_letters=self.dead_letters, clock=self.clock
        )

    async def buried(self, body: bytes = b"{}") -> Buried:
        """A message that could not be taken when it came."""
        self.mailer.error = KeyError("no template")
        assert await self.desk.deliver(HEADERS, body) == "buried"
        self.mailer.error = None
        (letter,) = await self.desk.letters()
        return letter


@pytest.fixture
def office(clock: FixedClock) -> Office:
    return Office(clock)


class TestADelivery:
    async def test_is_taken(self, office: Office) -> None:
        """And nothing is kept."""
        assert await office.desk.deliver(HEADERS, b"{}") == "done"
        assert (office.mailer.taken, await office.desk.letters()) == ([("orders-1@5.0", b"{}")], [])

    async def test_that_can_never_be_taken_is_buried(self, office: Office, clock: FixedClock) -> None:
        """With where it came from, why, and when."""
        letter = await office.buried()

        assert letter.place == ("mail", "mail-on-orders", "orders-1@5.0")
        assert (letter.function, letter.origin, letter.attempts) == ("reactor", Origin.HANDLER, 3)
        assert (letter.error, letter.body) == ("KeyError: 'no template'", b"{}")
        assert letter.first_at == letter.last_at == clock()

    async def test_is_kept_without_what_proved_who_brought_it(self, office: Office) -> None:
        """A token is nobody's to keep; everything that the message says stays."""
        letter = await office.buried()

        assert letter.attributes.keys() == HEADERS.keys() - {"authorization", "user-agent"}

    async def test_that_fails_otherwise_comes_again(self, office: Office) -> None:
        """Whatever is raised makes Pub/Sub send it once more."""
        office.mailer.error = ZeroDivisionError()

        with pytest.raises(ZeroDivisionError):
            await office.desk.deliver(HEADERS, b"{}")
        assert await office.desk.letters() == []

    async def test_keeps_no_endless_reasons(self, office: Office) -> None:
        """A document of the store holds it."""
        office.mailer.error = KeyError("x" * 10_000)
        await office.desk.deliver(HEADERS, b"{}")

        (letter,) = await office.desk.letters()
        assert len(letter.error) == MAX_ERROR_CHARS


class TestLetters:
    async def test_are_those_of_the_function(self, office: Office) -> None:
        """Not those that another function of the service takes."""
        letter = await office.buried()
        await office.dead_letters.bury(replace(letter, function="orchestrator", subscription="mail-orchestrator"))

        assert await office.desk.letters() == [letter]

    @pytest.mark.parametrize(
        ("attributes", "name"),
        [
            ({"ce-id": "a@1", "x-goog-pubsub-message-id": "815"}, "a@1"),
            ({"x-goog-pubsub-message-id": "815"}, "815"),
        ],
    )
    def test_are_called_like_the_message(self, attributes: dict[str, str], name: str) -> None:
        """By its own id, or the broker's."""
        assert identity_of(attributes, b"{}") == name

    def test_without_a_name_are_called_by_what_they_are(self) -> None:
        """The same message has the same name, another one another."""
        assert identity_of({"kind": "a"}, b"{}") == identity_of({"kind": "a"}, b"{}")
        assert len({identity_of({"kind": kind}, body) for kind in "ab" for body in (b"", b"{}")}) == 4


class TestARedrive:
    async def test_takes_the_message_as_if_it_came_now(self, office: Office) -> None:
        """And releases it."""
        letter = await office.buried()

        assert await office.desk.redrive(letter, dry_run=False) == Redriven("done")
        assert (office.mailer.taken, await office.desk.letters()) == ([("orders-1@5.0", b"{}")], [])

    async def test_that_fails_again_says_so(self, office: Office, clock: FixedClock) -> None:
        """Whatever was raised; the message stays, with the reason of now and one more try in vain."""
        letter = await office.buried()
        office.mailer.error = ZeroDivisionError("a bug")
        clock.advance(hours=1)

        redriven = await office.desk.redrive(letter, dry_run=False)

        assert redriven == Redriven("ZeroDivisionError: a bug", failed=True)
        (kept,) = await office.desk.letters()
        assert kept == replace(letter, error="ZeroDivisionError: a bug", redrives=1, last_at=clock())

    async def test_that_is_dry_says_who_would_take_it(self, office: Office) -> None:
        """And has no effect."""
        letter = await office.buried()

        assert await office.desk.redrive(letter, dry_run=True) == Redriven("mailer: orders-1@5.0")
        assert (office.mailer.taken, await office.desk.letters()) == ([], [letter])

    async def test_that_is_dry_says_if_it_cannot_be_read(self, office: Office) -> None:
        """That is no try: nothing is counted."""
        letter = await office.buried(b"garbage")

        assert await office.desk.redrive(letter, dry_run=True) == Redriven("ValueError: what?", failed=True)
        assert await office.desk.letters() == [letter]

    async def test_reads_attributes_as_headers(self, office: Office) -> None:
        """Whose names a push makes lower-case."""
        letter = replace(await office.buried(), attributes={"Ce-Id": "orders-1@5.0"})

        assert await office.desk.redrive(letter, dry_run=False) == Redriven("done")

    async def test_of_a_part_of_a_message_is_refused(self, office: Office) -> None:
        """What was too large to be kept whole cannot be delivered again."""
        letter = await office.buried(b"x" * (MAX_KEPT_BYTES + 1))

        redriven = await office.desk.redrive(letter, dry_run=False)

        assert redriven == Redriven("it was too large to be kept whole", failed=True)
        assert (office.mailer.taken, len(await office.desk.letters())) == ([], 1)


@pytest.mark.parametrize(
    ("told", "subscription"),
    [
        ("projects/p/subscriptions/mail-on-orders", "mail-on-orders"),
        ("projects/p/subscriptions/dev-mail-on-orders", "mail-on-orders"),
        ("projects/p/subscriptions/mail-mail-on-orders", "mail-on-orders"),
        ("projects/p/subscriptions/somebody-elses", "somebody-elses"),
        ("", "mail-reactor"),
    ],
)
async def test_a_message_is_buried_under_its_subscriptions_declared_name(
    office: Office, told: str, subscription: str
) -> None:
    """Whatever the environment is called: what Pub/Sub itself gives up is drained under the same name."""
    office.mailer.error = KeyError("no template")

    await office.desk.deliver({**HEADERS, "x-goog-pubsub-subscription-name": told}, b"{}")

    assert [letter.subscription for letter in await office.desk.letters()] == [subscription]
