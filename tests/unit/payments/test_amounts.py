"""What an amount is at the provider. The numbers are those of https://docs.stripe.com/currencies."""

import pytest

from functions.payments.amounts import check_payable, of_provider, smallest, to_provider
from shared.eventsourcing.currencies import PAYABLE
from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.money import Money


@pytest.mark.parametrize(
    ("currency", "ours", "theirs"),
    [
        ("USD", 1000, 1000),  # "1000 to charge 10 USD"
        ("JPY", 500, 500),  # "to charge 500 JPY, provide an amount value of 500"
        ("ISK", 5, 500),  # "to charge 5 ISK, provide an amount value of 500"
        ("UGX", 5, 500),  # "to charge 5 UGX, provide an amount value of 500"
        ("KWD", 5120, 5120),  # "5.124 KWD must be rounded to 5120 or 5130"
        ("HUF", 1045, 1045),  # "you can charge two-decimal amounts"
        ("TWD", 80045, 80045),  # as HUF
        ("MGA", 500, 5),  # is among the zero-decimal ones, and has two digits in ISO 4217
    ],
)
def test_is_what_stripe_calls_it(currency: str, ours: int, theirs: int) -> None:
    """There and back."""
    money = Money(amount=ours, currency=currency)

    assert to_provider(money) == theirs
    assert of_provider(theirs, currency.lower()) == money


@pytest.mark.parametrize(("currency", "amount"), [("KWD", 5124), ("MGA", 501)])
def test_what_cannot_be_moved_is_refused(currency: str, amount: int) -> None:
    """It is never rounded: the customer agreed on a sum."""
    with pytest.raises(DomainError) as refused:
        to_provider(Money(amount=amount, currency=currency))

    assert (refused.value.code, refused.value.field) == ("amount-not-payable", "amount")


@pytest.mark.parametrize("currency", ["GHS", "XXX", "ABC"])
def test_a_currency_that_the_provider_has_not_is_refused(currency: str) -> None:
    """Whether it is one at all or not."""
    with pytest.raises(DomainError) as refused:
        check_payable(Money(amount=100, currency=currency))

    assert (refused.value.code, refused.value.field) == ("currency-not-payable", "amount.currency")


@pytest.mark.parametrize("currency", sorted(PAYABLE))
def test_every_payable_currency_can_be_sent(currency: str) -> None:
    """The smallest amount of each, there and back."""
    money = Money(amount=smallest(currency), currency=currency)

    assert of_provider(to_provider(money), currency.lower()) == money
