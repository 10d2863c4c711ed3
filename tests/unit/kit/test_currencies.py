"""The list of currencies is that of the maintenance agency."""

from iso4217 import Currency

from shared.eventsourcing.currencies import DIGITS, PAYABLE


def test_is_iso_4217() -> None:
    """Every currency that has a minor unit, and no other; metals and codes for testing have none."""
    assert {each.code: each.exponent for each in Currency if each.exponent is not None} == dict(DIGITS)


def test_what_can_be_paid_with_is_a_currency() -> None:
    """The provider's list may name one that is gone."""
    assert DIGITS.keys() >= PAYABLE
