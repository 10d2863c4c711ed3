"""What mails say: plain text, made when a mail is sent and kept nowhere."""

from collections.abc import Sequence
from typing import NamedTuple, assert_never

from functions.notifications.events import About, AboutCancelled, AboutPlaced, AboutRefunded, AboutShipped, MailLine
from shared.eventsourcing.money import Money

_NO_MINOR_UNIT = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THOUSANDTHS = "BHD IQD JOD KWD LYD OMR TND"
"""ISO 4217: what a currency's minor unit is, where it is not a hundredth."""
_CANCELLED = "your order was cancelled. What you paid for it, if anything, is paid back."


class Text(NamedTuple):
    subject: str
    body: str


def render(about: About, name: str) -> Text:
    """The mail on `about` to a customer of this name, which may be empty."""
    match about:
        case AboutPlaced():
            text = Text(f"Your order {about.order_id}", _placed(about))
        case AboutShipped():
            text = Text(f"Your order {about.order_id} is on its way", _shipped(about))
        case AboutCancelled():
            text = Text(f"Your order {about.order_id} was cancelled", _CANCELLED)
        case AboutRefunded():
            text = Text(f"A refund for your order {about.order_id}", _refunded(about))
        case _:
            assert_never(about)
    return Text(_one_line(text.subject), f"Hello{_to(name)},\n\n{text.body}\n")


def money(amount: Money) -> str:
    """To the last minor unit, such as `1,234.05 USD`: computed with whole numbers."""
    digits = 0 if amount.currency in _NO_MINOR_UNIT else 3 if amount.currency in _THOUSANDTHS else 2
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


def _refunded(about: AboutRefunded) -> str:
    return f"we paid {money(about.amount)} back to you, the way you paid."


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
