"""What every reaction has in common: how an event is read, and what keeps it from being reacted to twice."""

from dataclasses import replace

from shared.eventsourcing.reaction import Delivery, Reads, inbox_key, reaction_context
from shared.testing.doubles import NOON

DELIVERY = Delivery(id="order-o1@5.0", subject="o1", at=NOON, correlation_id="flow", traceparent="00-1-2-01")


class OrderPlaced(Reads):
    order_id: str


def test_a_reader_is_tolerant() -> None:
    """Fields that the consumer does not know are ignored: the producer may add some."""
    assert OrderPlaced.model_validate({"order_id": "o1", "gift": True}) == OrderPlaced(order_id="o1")


def test_a_message_counts_once_for_a_consumer() -> None:
    """The same id leads to the same inbox record, whoever computes it."""
    assert inbox_key("mail", "order-o1@5.0") == inbox_key("mail", "order-o1@5.0")


def test_a_message_counts_for_each_consumer() -> None:
    """Their inboxes are apart, though they share a store."""
    assert inbox_key("mail", "order-o1@5.0") != inbox_key("stock", "order-o1@5.0")


def test_messages_do_not_run_into_each_other() -> None:
    """Neither do consumer and id."""
    assert inbox_key("mail", "order-o1@5.0") != inbox_key("mail\norder", "o1@5.0")


def test_a_context_is_the_same_at_every_delivery() -> None:
    """A commit that was written, and not acknowledged, is recognized."""
    assert reaction_context("mail", DELIVERY, "SendMail") == reaction_context("mail", DELIVERY, "SendMail")


def test_a_context_says_where_it_comes_from() -> None:
    """Caused by the message, at its time, in its flow and its trace."""
    context = reaction_context("mail", DELIVERY, "SendMail")

    assert (context.command, context.actor, context.causation_id) == ("SendMail", "reaction:mail", "order-o1@5.0")
    assert (context.occurred_at, context.correlation_id, context.traceparent) == (NOON, "flow", "00-1-2-01")


def test_another_message_is_another_command() -> None:
    """Two facts are never taken for one."""
    other = replace(DELIVERY, id="order-o1@6.0")

    ids = {reaction_context("mail", each, "SendMail").command_id for each in (DELIVERY, other)}
    assert len(ids) == 2
