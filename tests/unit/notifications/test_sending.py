"""From a fact to a mail, through everything that can happen on the way: one mail, or a known reason for none."""

import asyncio
from datetime import timedelta

import pytest

from functions.notifications.decider import UNKNOWN_CONTACT
from functions.notifications.effect import UNREACHABLE
from functions.notifications.events import MailFailed, MailPostponed, MailRequested, MailSendStarted, MailSent
from functions.notifications.manifest import MAIL
from functions.notifications.port import MailRefusedError
from functions.notifications.state import GIVE_UP_AFTER, Status
from functions.orders.integration import EXAMPLE_CANCELLED, OrderCancelled
from shared.eventsourcing.errors import UnavailableError
from tests.unit.notifications.post_office import CONTEXT, SOON, CrashError, PostOffice

CANCELLED = OrderCancelled.model_validate(EXAMPLE_CANCELLED)
ID = f"order_cancelled.{CANCELLED.order_id}"
MESSAGE_ID = f"<{ID}@shop.test>"


class TestAFact:
    async def test_becomes_a_mail(self, office: PostOffice) -> None:
        """Asked for, begun, taken: in this order, and to whom it belongs."""
        await office.contact()

        assert await office.told("orders", CANCELLED) == "done"

        (mail,) = office.server.taken
        assert (mail.recipient, mail.recipient_name, mail.message_id) == ("jane@example.com", "Jane", MESSAGE_ID)
        assert [type(event) for event in await office.history(ID)] == [MailRequested, MailSendStarted, MailSent]

    @pytest.mark.parametrize("message_id", ["order-o1@6.0", "order-o1@7.0"])
    async def test_becomes_one_mail(self, office: PostOffice, message_id: str) -> None:
        """Delivered twice, or told in two messages: the customer hears of it once."""
        await office.contact()
        await office.told("orders", CANCELLED, "order-o1@6.0")

        await office.told("orders", CANCELLED, message_id)

        assert len(office.server.taken) == 1

    async def test_is_sent_now_however_long_ago_it_was(self, office: PostOffice) -> None:
        """Business time may lie years back: what counts for a mail is when it is sent."""
        await office.contact()
        await office.told("orders", CANCELLED)

        (mail,) = office.server.taken
        assert mail.at == office.clock() > CANCELLED.cancelled_at

    async def test_leaves_no_personal_data_behind(self, office: PostOffice) -> None:
        """Name and address are opened for the mail server, and written nowhere."""
        await office.contact()
        await office.told("orders", CANCELLED)

        commits = [commit async for commit in office.deps.events.read(f"{MAIL}-{ID}")]
        stored = b"".join(commit.body for commit in commits)
        assert b"jane" not in stored.lower()


class TestTwoWorkers:
    async def test_send_one_mail(self, office: PostOffice) -> None:
        """Of workers that begin at once, the one whose attempt is on record sends."""
        await office.told("orders", CANCELLED)
        await office.contact()
        office.clock.advance(minutes=2)

        workers = [office.new_instance() for _ in range(5)]
        await asyncio.gather(*(worker.send(ID, CONTEXT) for worker in workers))

        assert (len(office.server.taken), await office.status(ID)) == (1, Status.SENT)


class TestACrash:
    async def test_after_the_request_is_healed_by_the_next_delivery(self, office: PostOffice) -> None:
        """A message whose mail was asked for and not sent comes again, and finishes the work."""
        await office.contact()
        office.server.next_answers = [asyncio.CancelledError()]  # type: ignore[list-item] # as a function that is stopped
        with pytest.raises(asyncio.CancelledError):
            await office.told("orders", CANCELLED)
        office.clock.advance(minutes=2)

        await office.told("orders", CANCELLED)

        assert (len(office.server.taken), await office.status(ID)) == (1, Status.SENT)

    async def test_after_the_server_took_it_repeats_the_same_mail(self, office: PostOffice) -> None:
        """Nobody can tell whether it went out: it goes again, after a pause, and whoever receives it can tell."""
        await office.contact()
        office.server.dies = True
        with pytest.raises(CrashError):
            await office.told("orders", CANCELLED)

        assert await office.told("orders", CANCELLED) == "duplicate"
        assert len(office.server.taken) == 1

        assert await office.walks(seconds=SOON) == 1
        first, second = office.server.taken
        assert (first.message_id, first.text) == (second.message_id, second.text)
        assert await office.status(ID) is Status.SENT
        assert [event.attempt for event in await office.history(ID) if isinstance(event, MailSendStarted)] == [1, 2]


class TestAMailServer:
    async def test_that_is_away_is_tried_later(self, office: PostOffice) -> None:
        """The mail waits, and goes out when the server is back."""
        await office.contact()
        office.server.next_answers = [UnavailableError("away")]

        assert await office.told("orders", CANCELLED) == "done"
        last = (await office.history(ID))[-1]
        assert isinstance(last, MailPostponed)
        assert last.reason == UNREACHABLE

        await office.walks(seconds=SOON)
        assert (len(office.server.taken), await office.status(ID)) == (1, Status.SENT)

    async def test_that_stays_away_is_asked_for_days(self, office: PostOffice) -> None:
        """With growing pauses, and then no more: an operator sees it."""
        await office.contact()
        office.server.next_answers = [UnavailableError("away")] * 1000
        await office.told("orders", CANCELLED)
        began, tries = office.clock(), 0

        while office.clock() - began < GIVE_UP_AFTER + timedelta(hours=6):
            tries += await office.walks(minutes=10)

        assert (await office.history(ID))[-1] == MailFailed(reason=UNREACHABLE, at=(await office.history(ID))[-1].at)
        assert 20 <= tries <= 30

    async def test_that_refuses_ends_it(self, office: PostOffice) -> None:
        """A refusal for good is not repeated, and its code is kept."""
        await office.contact()
        office.server.next_answers = [MailRefusedError("smtp-550")]
        await office.told("orders", CANCELLED)

        await office.walks(days=1)

        last = (await office.history(ID))[-1]
        assert isinstance(last, MailFailed)
        assert (last.reason, office.server.taken) == ("smtp-550", [])


class TestAContact:
    async def test_that_is_unknown_is_waited_for(self, office: PostOffice) -> None:
        """A customer who becomes known a little later gets the mail then."""
        await office.told("orders", CANCELLED)
        last = (await office.history(ID))[-1]
        assert isinstance(last, MailPostponed)
        assert last.reason == UNKNOWN_CONTACT

        await office.contact()
        await office.walks(seconds=SOON)

        assert (len(office.server.taken), await office.status(ID)) == (1, Status.SENT)

    async def test_that_stays_unknown_is_given_up(self, office: PostOffice) -> None:
        """After three days the mail is abandoned."""
        await office.told("orders", CANCELLED)

        for _ in range(40):
            await office.walks(hours=2)

        assert await office.status(ID) is Status.ABANDONED

    async def test_that_was_erased_gets_none(self, office: PostOffice) -> None:
        """Also if word of the erasure has not come yet: the key is gone."""
        await office.contact()
        await office.deps.personal.erase("900")

        await office.told("orders", CANCELLED)

        assert (office.server.taken, await office.status(ID)) == ([], Status.SUPPRESSED)

    async def test_that_does_not_want_it_gets_none(self, office: PostOffice) -> None:
        """By the kind of mail."""
        await office.contact(order_cancelled=False)

        await office.told("orders", CANCELLED)

        assert (office.server.taken, await office.status(ID)) == ([], Status.SUPPRESSED)

    async def test_that_does_not_want_another_kind_gets_it(self, office: PostOffice) -> None:
        """What is not named is wanted."""
        await office.contact(order_placed=False)

        await office.told("orders", CANCELLED)

        assert len(office.server.taken) == 1


class TestTheEffect:
    async def test_tells_where_the_mail_stands(self, office: PostOffice) -> None:
        """An operator who retries learns what came of it."""
        await office.contact()
        await office.told("orders", CANCELLED)

        assert await office.sender.settle(MAIL, ID, CONTEXT) == {"status": "sent"}

    async def test_has_nothing_to_do_for_a_contact(self, office: PostOffice) -> None:
        """Mails that wait for it are met by the walks."""
        assert await office.sender.settle("contact", "900", CONTEXT) == {}
