"""What operators can ask of a mail over HTTP."""

from functions.notifications.command_api import MAIL_COMMANDS
from functions.notifications.port import MailRefusedError
from functions.orders.integration import EXAMPLE_CANCELLED, OrderCancelled
from shared.http.auth import Principal, Role, TokenVerifier
from shared.http.command_edge import CommandEdge
from shared.http.edge import guarded
from shared.testing.api_spec import ApiSpec
from tests.unit.notifications.post_office import PostOffice

CANCELLED = OrderCancelled.model_validate(EXAMPLE_CANCELLED)
RETRY = f"/notifications/v1/mails/order_cancelled.{CANCELLED.order_id}/retry"
REASON = {"reason": "customer-request"}


class SaidNames(TokenVerifier):
    """`Bearer operator:ann` is the operator Ann."""

    def __init__(self) -> None:
        """No keys."""

    async def principal(self, authorization: str | None) -> Principal:
        role, _, subject = (authorization or "").removeprefix("Bearer ").partition(":")
        return Principal(subject, frozenset({Role(role)}))


def caller(office: PostOffice, who: str = "operator:ann") -> ApiSpec:
    wiring = office.sender.wiring
    edge = CommandEdge((MAIL_COMMANDS,), wiring, SaidNames(), office.clock, wiring.new_id)
    return ApiSpec(guarded("notifications-commands", edge, lambda *_, **__: None), who)


class TestARetry:
    async def test_sends_what_had_failed(self, office: PostOffice) -> None:
        """The answer says what came of it."""
        await office.contact()
        office.server.next_answers = [MailRefusedError("smtp-550")]
        await office.told("orders", CANCELLED)

        reply = await caller(office).post(RETRY, "k", REASON)

        assert (reply.status, reply.json["status"], len(office.server.taken)) == (202, "sent", 1)

    async def test_repeated_sends_once(self, office: PostOffice) -> None:
        """The same request is the same retry."""
        await office.contact()
        office.server.next_answers = [MailRefusedError("smtp-550")]
        await office.told("orders", CANCELLED)

        for _ in range(2):
            await caller(office).post(RETRY, "k", REASON)

        assert len(office.server.taken) == 1

    async def test_of_what_was_sent_is_refused(self, office: PostOffice) -> None:
        """A customer gets one mail of a fact."""
        await office.contact()
        await office.told("orders", CANCELLED)

        reply = await caller(office).post(RETRY, "k", REASON)

        assert (reply.status, reply.json["code"]) == (409, "mail-is-sent")

    async def test_needs_a_reason(self, office: PostOffice) -> None:
        """Somebody will ask why."""
        reply = await caller(office).post(RETRY, "k", {})

        assert (reply.status, reply.fields_at_fault) == (400, ["reason"])

    async def test_is_for_operators(self, office: PostOffice) -> None:
        """A customer cannot have mails sent."""
        assert (await caller(office, "customer:900").post(RETRY, "k", REASON)).status == 403
