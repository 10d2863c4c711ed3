"""What mails say, to the cent."""

import pytest

from functions.notifications.events import (
    About,
    AboutCancelled,
    AboutLinesCancelled,
    AboutLost,
    AboutPlaced,
    AboutRefunded,
    AboutRefundFailed,
    AboutReturnApproved,
    AboutReturnFailed,
    AboutReturnRefused,
    AboutShipped,
    MailLine,
)
from functions.notifications.templates import money, render
from shared.eventsourcing.money import MAX_AMOUNT, Money


def usd(amount: int) -> Money:
    return Money(amount=amount, currency="USD")


PLACED = AboutPlaced(
    order_id="o1",
    lines=(MailLine(sku="milk", quantity=2, total=usd(500)), MailLine(sku="tea", quantity=1, total=usd(399))),
    discount=usd(50),
    shipping=usd(0),
    tax=usd(0),
    total=usd(849),
)
SHIPPED = AboutShipped(
    order_id="o1",
    shipment_id="o1-1",
    lines=(MailLine(sku="milk", quantity=2, total=None),),
    carrier="DHL",
    tracking="T1",
)
CANCELLED = AboutCancelled(order_id="o1", reason="card declined")
REFUNDED = AboutRefunded(order_id="o1", payment_id="p1", refund_id="f1", amount=usd(1005))

FAILED = AboutRefundFailed(order_id="o1", payment_id="p1", refund_id="f1", amount=usd(1005))
MILK = (MailLine(sku="milk", quantity=2, total=None),)
APPROVED = AboutReturnApproved(order_id="o1", return_id="r1", lines=MILK)
NOT_TAKEN = AboutReturnRefused(order_id="o1", return_id="r1", lines=MILK, reason="used")
NO_RETURN = AboutReturnFailed(order_id="o1", return_id="r1")


def test_an_order_is_confirmed_with_its_lines_and_sums() -> None:
    """What was bought, what it costs, what was taken off; sums of nothing are left out."""
    text = render(PLACED, "Jane Ödegård")

    assert text.subject == "Your order o1"
    assert text.body == (
        "Hello Jane Ödegård,\n\nthank you for your order:\n\n"
        "  2 x milk: 5.00 USD\n  1 x tea: 3.99 USD\n\n"
        "  Discount: -0.50 USD\n  Total: 8.49 USD\n"
    )


def test_a_dispatch_says_what_comes_and_how() -> None:
    """The lines of this shipment, the carrier and the tracking number."""
    text = render(SHIPPED, "Jane")

    assert text.subject == "Your order o1 is on its way"
    assert "  2 x milk\n\nIt comes with DHL; its tracking number is T1." in text.body


def test_a_cancellation_does_not_tell_internal_reasons() -> None:
    """The reason is for the books, in the words of a program or an operator."""
    text = render(CANCELLED, "Jane")

    assert text.subject == "Your order o1 was cancelled"
    assert "card declined" not in text.body


def test_a_refund_says_how_much() -> None:
    """To the cent."""
    text = render(REFUNDED, "Jane")

    assert text.subject == "A refund for your order o1"
    assert "we paid 10.05 USD back to you" in text.body


def test_a_refund_that_failed_says_so() -> None:
    """And that somebody looks after it."""
    text = render(FAILED, "Jane")

    assert text.subject == "Our refund for your order o1 did not reach you"
    assert "we could not pay 10.05 USD back to you" in text.body
    assert "We will get in touch" in text.body


def test_an_approved_return_says_what_to_send_where() -> None:
    """With the number that tells the parcel from others."""
    text = render(APPROVED, "Jane")

    assert text.subject == "Your return for order o1"
    assert "  2 x milk\n\nPlease send it to the address that your parcel came from" in text.body
    assert "\nr1\n" in text.body


@pytest.mark.parametrize(
    ("reason", "said"),
    [("used", "It has been used."), ("fraud", "Please ask us why."), ("other", "Please ask us why.")],
)
def test_a_refused_return_says_why_if_that_can_be_told(reason: str, said: str) -> None:
    """The word of the books is not for the customer."""
    text = render(NOT_TAKEN.model_copy(update={"reason": reason}), "Jane")

    assert text.subject == "Your return for order o1 was refused"
    assert text.body.endswith(f"  2 x milk\n\n{said}\n")


def test_a_return_that_failed_says_that_nothing_comes_of_it() -> None:
    """And what to do about goods that are on their way."""
    text = render(NO_RETURN, "Jane")

    assert text.subject == "Your return for order o1 came to nothing"
    assert text.body == (
        "Hello Jane,\n\nwe could not take this return, and nothing is paid back for it. "
        "If you have sent the goods already, please get in touch with us.\n"
    )


@pytest.mark.parametrize("about", [PLACED, SHIPPED, CANCELLED, REFUNDED, FAILED, APPROVED, NOT_TAKEN, NO_RETURN])
def test_a_customer_without_a_name_is_greeted(about: About) -> None:
    """Nobody is called None."""
    assert render(about, "").body.startswith("Hello,\n\n")


def test_a_name_stays_on_its_line() -> None:
    """A name with line breaks cannot write into the mail."""
    assert render(CANCELLED, "Jane\n\nYou won!\n").body.startswith("Hello Jane You won!,\n\nyour order")


def test_a_subject_stays_on_its_line() -> None:
    """Nor can an id become a header."""
    assert render(CANCELLED.model_copy(update={"order_id": "o1\r\nBcc: all"}), "").subject.count("\n") == 0


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (0, "USD", "0.00 USD"),
        (5, "EUR", "0.05 EUR"),
        (123_405, "USD", "1,234.05 USD"),
        (MAX_AMOUNT, "USD", "10,000,000,000.00 USD"),
        (1_234, "JPY", "1,234 JPY"),
        (1_234, "KWD", "1.234 KWD"),
    ],
)
def test_money_is_exact(amount: int, currency: str, text: str) -> None:
    """Every minor unit, as many digits as the currency has."""
    assert money(Money(amount=amount, currency=currency)) == text


@pytest.mark.parametrize(
    ("about", "subject", "words"),
    [
        (AboutLinesCancelled(order_id="o1", cancellation_id="o1-c1", lines=SHIPPED.lines), "cancelled", "Nothing else"),
        (AboutLost(order_id="o1", shipment_id="o1-1", lines=SHIPPED.lines), "lost", "We are sorry"),
    ],
    ids=["cancelled", "lost"],
)
def test_what_does_not_come_is_told_with_its_lines(about: About, subject: str, words: str) -> None:
    """And that its money goes back."""
    text = render(about, "")

    assert text.subject == f"A part of your order o1 was {subject}"
    assert "  2 x milk\n" in text.body
    assert words in text.body
    assert "is paid back" in text.body
