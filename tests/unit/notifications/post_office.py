"""The notifications service on in-process adapters, with a mail server that does what it is told."""

import itertools
from dataclasses import dataclass, field
from datetime import timedelta

from functions.notifications.commands import RecordContact
from functions.notifications.decider import CONTACTS_DECIDER, MAILS_DECIDER
from functions.notifications.effect import Sender
from functions.notifications.events import MailEvent
from functions.notifications.integration import contact_to_integration, mail_to_integration
from functions.notifications.manifest import CONTACT, MAIL, MANIFEST, NAME
from functions.notifications.port import Mail as Outgoing
from functions.notifications.reactor import IDLE_JOBS, REACTIONS, visit_with
from functions.notifications.state import Mail, Status
from shared.bootstrap import Aggregate, Wiring
from shared.eventsourcing.feed_walk import FeedWalk
from shared.eventsourcing.message import Context, IntegrationEvent
from shared.http.auth import PlatformCallers
from shared.http.command_edge import Effect
from shared.http.edge import Handler
from shared.http.platform_api import ScheduleEdge
from shared.http.reaction_edge import ReactionEdge
from shared.testing.api_spec import request
from shared.testing.doubles import FixedClock, RecordingPublisher
from shared.testing.memory_platform import memory_dependencies

CONTEXT = Context(command="Test", command_id="c", correlation_id="f", actor="test", occurred_at=FixedClock().now)


class CrashError(BaseException):
    """The process is gone: nothing catches this."""


@dataclass
class Server:
    """`Mailer` that remembers what it took. `next_answers` are raised, one for each mail, None for none; `dies` takes
    the mail, and its caller does not live to hear of it.
    """

    taken: list[Outgoing] = field(default_factory=list)
    next_answers: list[Exception | None] = field(default_factory=list)
    dies: bool = False

    async def send(self, mail: Outgoing) -> None:
        answer = self.next_answers.pop(0) if self.next_answers else None
        if answer is not None:
            raise answer
        self.taken.append(mail)
        if self.dies:
            self.dies = False
            raise CrashError


class PostOffice:
    """The service, its mail server and its clock."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.server = Server()
        self.deps = memory_dependencies(self.clock, publisher=RecordingPublisher())
        self._ids, self._versions = itertools.count(1), itertools.count(1)
        self.sender = self.new_instance()

    def new_instance(self) -> Sender:
        """With a memory of its own."""
        aggregates = (
            Aggregate(MAILS_DECIDER, mail_to_integration),
            Aggregate(CONTACTS_DECIDER, contact_to_integration),
        )
        wiring = Wiring(
            MANIFEST,
            aggregates,
            self._effect,
            deps=self.deps,
            clock=self.clock,
            new_id=lambda: f"id{next(self._ids)}",
        )
        return Sender(wiring, self.server, "orders@shop.test")

    def _effect(self, wiring: Wiring) -> Effect:
        return Sender(wiring, self.server, "orders@shop.test").settle

    async def told(self, service: str, event: IntegrationEvent, message_id: str = "order-o1@6.0") -> str:
        """A message of another service is delivered; returns what became of it."""
        headers = {
            "ce-id": message_id,
            "ce-type": f"commerce.{service}.{event.TYPE}",
            "ce-time": self.clock().isoformat(),
        }
        reply = await request(self._reactor(), "POST", "/", event.model_dump_json().encode(), headers)
        return reply.headers["outcome"]

    async def walks(self, **after: float) -> int:
        """All jobs that retry run, some time later; how many mails they did something about."""
        self.clock.advance(**after)
        visit = visit_with(self.new_instance())
        walks = [
            FeedWalk(
                name=path,
                category=MAIL,
                behind=job.idle_for,
                visit=visit,
                log=self.deps.events,
                checkpoints=self.deps.checkpoints,
            )
            for path, job in IDLE_JOBS.items()
        ]
        return sum([(await walk.run()).changed for walk in walks])

    async def contact(self, customer_id: str = "900", **preferences: bool) -> None:
        """A customer becomes known."""
        name, email = await self.deps.personal.seal_all(customer_id, ["Jane", "jane@example.com"])
        command = RecordContact(
            customer_id=customer_id,
            customer_version=next(self._versions),
            name=name.sealed,
            email=email.sealed,
            preferences=preferences,
            at=self.clock(),
        )
        await self.sender.wiring.handle(CONTACT, customer_id, command, CONTEXT)

    async def status(self, mail_id: str) -> Status:
        mail: Mail = await self.sender.wiring.state(MAIL, mail_id)
        return mail.status

    async def history(self, mail_id: str) -> list[MailEvent]:
        commits = [commit async for commit in self.deps.events.read(f"{MAIL}-{mail_id}")]
        return [MAILS_DECIDER.codec.decode(event) for commit in commits for event in commit.events]

    def _reactor(self) -> Handler:
        return ReactionEdge(
            NAME,
            REACTIONS,
            self.sender.wiring,
            callers=Anybody(),
            dead_letters=self.deps.dead_letters,
            clock=self.clock,
            schedule=ScheduleEdge(Anybody(), {}),
        )


class Anybody(PlatformCallers):
    """Who calls is not the question here."""

    def __init__(self) -> None:
        """No tokens."""

    async def check(self, authorization: str | None) -> None:
        """Everybody may."""


SOON = timedelta(seconds=80).total_seconds()
