"""The rules of a mail and of a contact, given / when / then; and what is to be done about a mail next."""

from datetime import UTC, datetime, timedelta

import pytest

from functions.notifications.commands import (
    ContactCommand,
    EraseContact,
    GiveUpMail,
    HoldMail,
    MailCommand,
    RecordContact,
    RecordRefusal,
    RecordSent,
    RecordTrouble,
    RequestMail,
    RetryMail,
    StartSending,
    SuppressMail,
)
from functions.notifications.decider import CONTACTS_DECIDER, MAILS_DECIDER, UNKNOWN_CONTACT, next_step
from functions.notifications.events import (
    AboutCancelled,
    ContactErased,
    ContactEvent,
    ContactRecorded,
    MailAbandoned,
    MailEvent,
    MailFailed,
    MailPostponed,
    MailRequested,
    MailRetried,
    MailSendStarted,
    MailSent,
    MailSuppressed,
)
from functions.notifications.state import GIVE_UP_AFTER, PAUSES, Contact, ContactStatus, Mail
from shared.testing.decider_spec import DeciderSpec

LONG_AGO = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)
AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SOON, LATER, AT_LENGTH = PAUSES
ABOUT = AboutCancelled(order_id="o1", reason="changed my mind")
MESSAGE_ID = "<order_cancelled.o1@shop.test>"
REQUEST = RequestMail(mail_id="order_cancelled.o1", customer_id="900", about=ABOUT, at=LONG_AGO)
REQUESTED = MailRequested(**REQUEST.model_dump())
ALL_SINCE: list[MailCommand] = [
    HoldMail(at=AT),
    SuppressMail(reason="not-wanted", at=AT),
    GiveUpMail(at=AT),
    StartSending(attempt=1, message_id=MESSAGE_ID, at=AT),
]
mail = DeciderSpec[MailCommand, MailEvent, Mail](MAILS_DECIDER)
contact = DeciderSpec[ContactCommand, ContactEvent, Contact](CONTACTS_DECIDER)


def start(attempt: int, at: datetime = AT, message_id: str = MESSAGE_ID) -> StartSending:
    return StartSending(attempt=attempt, message_id=message_id, at=at)


def started(attempt: int, at: datetime = AT) -> MailSendStarted:
    return MailSendStarted(attempt=attempt, message_id=MESSAGE_ID, at=at)


def postponed(next_at: datetime, reason: str = "busy", at: datetime = AT) -> MailPostponed:
    return MailPostponed(reason=reason, next_at=next_at, at=at)


class TestWhenAbsent:
    def test_is_requested(self) -> None:
        """A fact becomes a mail."""
        mail.given().when(REQUEST).then(REQUESTED)

    @pytest.mark.parametrize("command", [start(1), RecordSent(attempt=1, at=AT), RetryMail(reason="x", at=AT)])
    def test_knows_nothing_else(self, command: MailCommand) -> None:
        """What was not asked for can be neither sent nor retried."""
        mail.given().when(command).then_refused("mail-not-found")


class TestWhenWaiting:
    def test_the_same_fact_again_does_nothing(self) -> None:
        """However often a fact is told, there is one mail."""
        mail.given(REQUESTED).when(REQUEST).then_nothing()

    def test_sending_starts_with_its_intent(self) -> None:
        """Before the mail server hears of it, the attempt is on record, with the Message-ID that it will have."""
        mail.given(REQUESTED).when(start(1)).then(started(1))

    def test_is_suppressed(self) -> None:
        """A mail that is not wanted is not sent, and it is known why."""
        command = SuppressMail(reason="not-wanted", at=AT)
        mail.given(REQUESTED).when(command).then(MailSuppressed(reason="not-wanted", at=AT))

    def test_is_held_while_the_contact_is_unknown(self) -> None:
        """It is tried again after a pause."""
        mail.given(REQUESTED).when(HoldMail(at=AT)).then(postponed(AT + SOON, UNKNOWN_CONTACT))

    def test_is_held_longer_each_time(self) -> None:
        """The pauses grow."""
        once = postponed(AT + SOON, UNKNOWN_CONTACT)
        at = AT + SOON
        mail.given(REQUESTED, once).when(HoldMail(at=at)).then(postponed(at + LATER, UNKNOWN_CONTACT, at))

    def test_is_abandoned_in_the_end(self) -> None:
        """After three days nobody expects to learn where to send it; how old the fact is does not matter."""
        once = postponed(AT + SOON, UNKNOWN_CONTACT)
        end = AT + GIVE_UP_AFTER
        mail.given(REQUESTED, once).when(HoldMail(at=end)).then(MailAbandoned(reason=UNKNOWN_CONTACT, at=end))

    @pytest.mark.parametrize("command", ALL_SINCE)
    def test_nothing_is_done_before_its_time(self, command: MailCommand) -> None:
        """A mail that was put off is left alone."""
        mail.given(REQUESTED, postponed(AT + timedelta(seconds=1))).when(command).then_nothing()

    def test_an_operator_need_not_wait(self) -> None:
        """A retry makes it due at once."""
        retried = MailRetried(reason="server is back", at=AT)
        waiting = mail.given(REQUESTED, postponed(AT + SOON))
        waiting.when(RetryMail(reason="server is back", at=AT)).then(retried)

    def test_retrying_what_is_due_does_nothing(self) -> None:
        """It is about to be sent anyway."""
        mail.given(REQUESTED).when(RetryMail(reason="x", at=AT)).then_nothing()


class TestWhenSending:
    history = (REQUESTED, started(1))

    def test_is_sent(self) -> None:
        """The mail server took it."""
        mail.given(*self.history).when(RecordSent(attempt=1, at=AT)).then(MailSent(attempt=1, at=AT))

    @pytest.mark.parametrize("attempt", [1, 2])
    def test_another_worker_does_not_send_it(self, attempt: int) -> None:
        """Whoever comes second to the record does not come to the mail server."""
        mail.given(*self.history).when(start(attempt, AT + timedelta(seconds=5))).then_nothing()

    def test_is_sent_again_if_no_outcome_came(self) -> None:
        """Who began is gone by then; the Message-ID is the same, whatever the sender's address has become."""
        at = AT + SOON
        command = start(2, at, message_id="<order_cancelled.o1@elsewhere.test>")
        mail.given(*self.history).when(command).then(started(2, at))

    def test_waits_longer_after_the_second_cut(self) -> None:
        """Something that kills who sends it must not do so every minute."""
        second = AT + SOON
        mail.given(*self.history, started(2, second)).when(start(3, second + SOON)).then_nothing()

    def test_is_postponed_by_trouble(self) -> None:
        """A busy mail server is asked again after a pause."""
        command = RecordTrouble(attempt=1, reason="busy", at=AT)
        mail.given(*self.history).when(command).then(postponed(AT + SOON))

    def test_fails_after_days_of_trouble(self) -> None:
        """What cannot be sent for three days is an operator's to look at."""
        end = AT + GIVE_UP_AFTER
        history = (*self.history, postponed(AT + SOON), started(2, end))
        command = RecordTrouble(attempt=2, reason="busy", at=end)
        mail.given(*history).when(command).then(MailFailed(reason="busy", at=end))

    def test_fails_if_it_is_refused(self) -> None:
        """A refusal for good is not tried again by itself."""
        command = RecordRefusal(attempt=1, reason="smtp-550", at=AT)
        mail.given(*self.history).when(command).then(MailFailed(reason="smtp-550", at=AT))

    @pytest.mark.parametrize(
        "command", [RecordTrouble(attempt=1, reason="busy", at=AT), RecordRefusal(attempt=1, reason="no", at=AT)]
    )
    def test_trouble_of_an_earlier_attempt_is_no_news(self, command: MailCommand) -> None:
        """The attempt that runs now will tell how it ends."""
        mail.given(*self.history, started(2, AT + SOON)).when(command).then_nothing()

    def test_success_of_an_earlier_attempt_is(self) -> None:
        """What the mail server took, it took, whenever we hear of it."""
        command = RecordSent(attempt=1, at=AT + SOON)
        mail.given(*self.history, started(2, AT + SOON)).when(command).then(MailSent(attempt=1, at=AT + SOON))

    def test_is_given_up_without_an_outcome(self) -> None:
        """Begun again and again for days, without one answer: an operator should look."""
        end = AT + GIVE_UP_AFTER
        mail.given(*self.history).when(GiveUpMail(at=end)).then(MailFailed(reason="no-outcome", at=end))

    def test_retrying_does_nothing(self) -> None:
        """It is being sent, or will be sent again by itself."""
        mail.given(*self.history).when(RetryMail(reason="x", at=AT)).then_nothing()


class TestWhenSent:
    history = (REQUESTED, started(1), MailSent(attempt=1, at=AT))

    @pytest.mark.parametrize(
        "command",
        [
            REQUEST,
            start(2, AT + GIVE_UP_AFTER),
            RecordSent(attempt=1, at=AT),
            RecordTrouble(attempt=1, reason="busy", at=AT),
            RecordRefusal(attempt=1, reason="no", at=AT),
            *ALL_SINCE,
        ],
    )
    def test_there_is_nothing_left_to_do(self, command: MailCommand) -> None:
        """It is sent once, whatever comes late or twice."""
        mail.given(*self.history).when(command).then_nothing()

    def test_retrying_is_refused(self) -> None:
        """A customer gets one mail of a fact."""
        mail.given(*self.history).when(RetryMail(reason="x", at=AT)).then_refused("mail-is-sent")


class TestWhenSuppressed:
    history = (REQUESTED, MailSuppressed(reason="not-wanted", at=AT))

    def test_retrying_is_refused(self) -> None:
        """What a customer does not want, an operator cannot send."""
        mail.given(*self.history).when(RetryMail(reason="x", at=AT)).then_refused("mail-is-suppressed")

    @pytest.mark.parametrize("command", ALL_SINCE)
    def test_is_not_sent(self, command: MailCommand) -> None:
        """Nothing more is done about it."""
        mail.given(*self.history).when(command).then_nothing()


class TestWhenGivenUp:
    @pytest.mark.parametrize(
        "end", [MailFailed(reason="smtp-550", at=AT), MailAbandoned(reason=UNKNOWN_CONTACT, at=AT)]
    )
    def test_an_operator_can_try_again(self, end: MailEvent) -> None:
        """With a reason, and from the first pause on."""
        command = RetryMail(reason="mailbox exists now", at=AT)
        mail.given(REQUESTED, started(1), end).when(command).then(MailRetried(reason="mailbox exists now", at=AT))

    def test_a_new_round_starts_anew(self) -> None:
        """The days and tries of the old one do not count."""
        failed = MailFailed(reason="busy", at=AT)
        end = AT + GIVE_UP_AFTER
        round_two = (REQUESTED, started(1), failed, MailRetried(reason="again", at=end), started(2, end))
        command = RecordTrouble(attempt=2, reason="busy", at=end)
        mail.given(*round_two).when(command).then(postponed(end + SOON, at=end))

    @pytest.mark.parametrize("command", ALL_SINCE)
    def test_nothing_happens_by_itself(self, command: MailCommand) -> None:
        """It waits for an operator."""
        mail.given(REQUESTED, MailFailed(reason="smtp-550", at=AT)).when(command).then_nothing()


RECORDED = ContactRecorded(
    customer_id="900",
    customer_version=4,
    name="sealed:name",
    email="sealed:email",
    preferences={"order_placed": False},
    at=AT,
)
RECORD = RecordContact(**RECORDED.model_dump())
ERASED = ContactErased(customer_id="900", at=AT)
ERASE = EraseContact(customer_id="900", at=AT)
DAY = timedelta(days=1)


class TestAContact:
    def test_is_recorded(self) -> None:
        """Where a customer's mails go, sealed."""
        contact.given().when(RECORD).then(RECORDED)

    def test_is_replaced_by_what_is_newer(self) -> None:
        """The customer's higher version counts, though its time is an earlier one: clocks differ."""
        newer = RECORD.model_copy(update={"email": "sealed:other", "customer_version": 5, "at": AT - DAY})
        contact.given(RECORDED).when(newer).then(ContactRecorded(**newer.model_dump()))

    def test_is_not_replaced_by_what_is_older(self) -> None:
        """A message that comes late changes nothing, though its time is a later one."""
        older = RECORD.model_copy(update={"email": "sealed:other", "customer_version": 3, "at": AT + DAY})
        contact.given(RECORDED).when(older).then_nothing()

    def test_the_same_again_does_nothing(self) -> None:
        """A change is recorded once."""
        contact.given(RECORDED).when(RECORD).then_nothing()

    def test_a_newer_one_of_the_same_content_counts(self) -> None:
        """Else a change between the two that comes late would win."""
        back = RECORD.model_copy(update={"customer_version": 6})
        between = RECORD.model_copy(update={"preferences": {}, "customer_version": 5})

        contact.given(RECORDED).when(back).then(ContactRecorded(**back.model_dump()))
        contact.given(RECORDED, ContactRecorded(**back.model_dump())).when(between).then_nothing()

    @pytest.mark.parametrize("history", [(), (RECORDED,)])
    def test_is_erased(self, history: tuple[ContactEvent, ...]) -> None:
        """Whether it was known or not: it will not be."""
        contact.given(*history).when(ERASE).then(ERASED)

    def test_holds_nothing_once_erased(self) -> None:
        """Not even what is sealed."""
        state = contact.given(RECORDED, ERASED).state()

        assert (state.status, state.name, state.email) == (ContactStatus.ERASED, "", "")

    @pytest.mark.parametrize("command", [RECORD.model_copy(update={"customer_version": 5}), ERASE])
    def test_is_erased_for_ever(self, command: ContactCommand) -> None:
        """Nothing comes after an erasure."""
        contact.given(ERASED).when(command).then_nothing()


class TestNextStep:
    known = contact.given(RECORDED.model_copy(update={"preferences": {}})).state()

    def test_is_to_send(self) -> None:
        """A mail that is due goes to a contact that is known."""
        waiting = mail.given(REQUESTED).state()

        assert next_step(waiting, self.known, MESSAGE_ID, AT) == start(1)

    def test_is_to_hold_for_an_unknown_contact(self) -> None:
        """Customer and order come by different ways, in any order."""
        assert next_step(mail.given(REQUESTED).state(), Contact(), MESSAGE_ID, AT) == HoldMail(at=AT)

    def test_is_to_suppress_for_an_erased_one(self) -> None:
        """A forgotten customer gets no mail."""
        erased = contact.given(ERASED).state()
        expected = SuppressMail(reason="contact-erased", at=AT)

        assert next_step(mail.given(REQUESTED).state(), erased, MESSAGE_ID, AT) == expected

    @pytest.mark.parametrize(("wanted", "step"), [(False, SuppressMail(reason="not-wanted", at=AT)), (True, start(1))])
    def test_respects_what_the_customer_wants_now(self, wanted: bool, step: MailCommand) -> None:
        """By kind; a kind that is not named is wanted."""
        choosy = self.known.model_copy(update={"preferences": {"order_cancelled": wanted, "order_placed": False}})

        assert next_step(mail.given(REQUESTED).state(), choosy, MESSAGE_ID, AT) == step

    def test_is_to_give_up_when_no_outcome_ever_came(self) -> None:
        """Three days after the first attempt."""
        sending = mail.given(REQUESTED, started(1)).state()
        end = AT + GIVE_UP_AFTER

        assert next_step(sending, self.known, MESSAGE_ID, end) == GiveUpMail(at=end)

    @pytest.mark.parametrize(
        "history",
        [(), (REQUESTED, postponed(AT + SOON)), (REQUESTED, started(1)), (REQUESTED, MailSent(attempt=1, at=AT))],
    )
    def test_is_nothing_if_it_is_not_due(self, history: tuple[MailEvent, ...]) -> None:
        """Unknown, put off, being sent, or done."""
        assert next_step(mail.given(*history).state(), self.known, MESSAGE_ID, AT) is None
