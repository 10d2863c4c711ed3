"""What mails say: plain text, made when a mail is sent and kept nowhere."""

from collections.abc import Sequence
from typing import NamedTuple, assert_never

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
from shared.eventsourcing.currencies import DIGITS
from shared.eventsourcing.money import Money

_USUAL_DIGITS = 2
_CANCELLED = "your order was cancelled. What you paid for it, if anything, is paid back."
_RETURN_FAILED = (
    "we could not take this return, and nothing is paid back for it. "
    "If you have sent the goods already, please get in touch with us."
)
_WHY_REFUSED = {
    "used": "It has been used.",
    "hygiene": "For reasons of hygiene it cannot be sold again.",
    "not-ours": "It was not bought from us.",
    "nothing-arrived": "Nothing has arrived here.",
}


class Text(NamedTuple):
    subject: str
    body: str


def render(about: About, name: str) -> Text:
    """The mail on `about` to a customer of this name, which may be empty."""
    match about:
        case AboutRefunded() | AboutRefundFailed():
            text = _of_money(about)
        case AboutReturnApproved() | AboutReturnRefused() | AboutReturnFailed():
            text = _of_a_return(about)
        case _:
            text = _of_goods(about)
    return Text(_one_line(text.subject), f"Hello{_to(name)},\n\n{text.body}\n")


def _of_money(about: AboutRefunded | AboutRefundFailed) -> Text:
    if isinstance(about, AboutRefunded):
        return Text(f"A refund for your order {about.order_id}", _refunded(about))
    return Text(f"Our refund for your order {about.order_id} did not reach you", _refund_failed(about))


def _of_a_return(about: AboutReturnApproved | AboutReturnRefused | AboutReturnFailed) -> Text:
    match about:
        case AboutReturnApproved():
            return Text(f"Your return for order {about.order_id}", _return_approved(about))
        case AboutReturnRefused():
            return Text(f"Your return for order {about.order_id} was refused", _return_refused(about))
        case AboutReturnFailed():
            return Text(f"Your return for order {about.order_id} came to nothing", _RETURN_FAILED)
        case _:
            assert_never(about)


def _of_goods(about: AboutPlaced | AboutShipped | AboutLost | AboutCancelled | AboutLinesCancelled) -> Text:
    match about:
        case AboutPlaced():
            return Text(f"Your order {about.order_id}", _placed(about))
        case AboutShipped():
            return Text(f"Your order {about.order_id} is on its way", _shipped(about))
        case AboutLost():
            return Text(f"A part of your order {about.order_id} was lost", _lost(about))
        case AboutCancelled():
            return Text(f"Your order {about.order_id} was cancelled", _CANCELLED)
        case AboutLinesCancelled():
            return Text(f"A part of your order {about.order_id} was cancelled", _lines_cancelled(about))
        case _:
            assert_never(about)


def money(amount: Money) -> str:
    """With the digits of its currency, such as `1,234.05 USD` and `1,234 ISK`: computed with whole numbers."""
    digits = DIGITS.get(amount.currency, _USUAL_DIGITS)
    whole, rest = divmod(amount.amount, 10**digits)
    return f"{whole:,}{f'.{rest:0{digits}d}' if digits else ''} {amount.currency}"


def _placed(about: AboutPlaced) -> str:
    sums = [("Discount", about.discount, "-"), ("Shipping", about.shipping, ""), ("Tax", about.tax, "")]
    stated = [f"  {label}: {sign}{money(amount)}" for label, amount, sign in sums if amount.amount]
    total = [*stated, f"  Total: {money(about.total)}"]
    return "\n".join(["thank you for your order:", "", *_lines(about.lines), "", *total])


def _shipped(about: AboutShipped) -> str:
    tracking = f"It comes with {about.carrier}; its tracking number is {about.tracking}."
    return "\n".join(["this part of your order was dispatched:", "", *_lines(about.lines), "", tracking])


def _lines_cancelled(about: AboutLinesCancelled) -> str:
    paid_back = "What you paid for it is paid back, if anything. Nothing else in your order has changed."
    return "\n".join(["this part of your order was cancelled:", "", *_lines(about.lines), "", paid_back])


def _lost(about: AboutLost) -> str:
    paid_back = "We are sorry. What you paid for it is paid back."
    return "\n".join(["the carrier has lost this part of your order:", "", *_lines(about.lines), "", paid_back])


def _refunded(about: AboutRefunded) -> str:
    return f"we paid {money(about.amount)} back to you, the way you paid."


def _refund_failed(about: AboutRefundFailed) -> str:
    failed = f"we could not pay {money(about.amount)} back to you the way you paid: the payment failed, or your bank"
    return f"{failed} sent it back. We will get in touch with you about another way."


def _return_approved(about: AboutReturnApproved) -> str:
    where = "Please send it to the address that your parcel came from, with this number on it:"
    then = "We refund what arrives here."
    return "\n".join(["you can send this back to us:", "", *_lines(about.lines), "", where, about.return_id, "", then])


def _return_refused(about: AboutReturnRefused) -> str:
    why = _WHY_REFUSED.get(about.reason, "Please ask us why.")
    return "\n".join(["we do not take this back:", "", *_lines(about.lines), "", why])


def _lines(lines: Sequence[MailLine]) -> list[str]:
    return [f"  {line.quantity} x {line.sku}{_price(line.total)}" for line in lines]


def _price(total: Money | None) -> str:
    return "" if total is None else f": {money(total)}"


def _to(name: str) -> str:
    plain = _one_line(name)
    return f" {plain}" if plain else ""


def _one_line(text: str) -> str:
    """Nobody's name or id begins a line of its own."""
    return " ".join(text.split())
