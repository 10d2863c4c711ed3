"""What an amount is at the provider, and which amounts it can move. Nothing else converts.

Ours are minor units of ISO 4217. Stripe's are, too, but for some currencies, and not everything that has a minor unit
can be charged to the last of it (https://docs.stripe.com/currencies, "Minor units in API amounts" and "Special cases").
HUF and TWD are special there for payouts only.
"""

from typing import Final

from shared.eventsourcing.currencies import DIGITS, PAYABLE
from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.money import Money

_HUNDREDFOLD: Final = frozenset({"ISK", "UGX"})
"""They have no minor unit any more, but are sent in hundredths, which must be 00."""
_WHOLE: Final = frozenset({"MGA"})
"""ISO 4217 has a minor unit of it, but nobody uses it, and it is sent without."""
_THREE_DIGITS: Final = 3
"""Of such an amount the last digit must be 0."""


def smallest(currency: str) -> int:
    """Every amount of the currency that the provider can move is a multiple of this, in our minor units."""
    return 100 if currency in _WHOLE else 10 if DIGITS[currency] == _THREE_DIGITS else 1


def check_payable(money: Money) -> None:
    """DomainError if the provider cannot move exactly this."""
    if money.currency not in PAYABLE:
        raise DomainError("currency-not-payable", f"nothing can be paid in {money.currency}", field="amount.currency")
    if money.amount % smallest(money.currency):
        detail = f"in {money.currency} the amount must be a multiple of {smallest(money.currency)}"
        raise DomainError("amount-not-payable", detail, field="amount")


def to_provider(money: Money) -> int:
    """What the provider calls this amount; DomainError if it cannot move it."""
    check_payable(money)
    if money.currency in _WHOLE:
        return money.amount // 100
    return money.amount * 100 if money.currency in _HUNDREDFOLD else money.amount


def of_provider(amount: int, currency: str) -> Money:
    """What the provider tells of, in the currency that it names in lower case."""
    code = currency.upper()
    if code in _WHOLE:
        return Money(amount=amount * 100, currency=code)
    return Money(amount=amount // 100 if code in _HUNDREDFOLD else amount, currency=code)
