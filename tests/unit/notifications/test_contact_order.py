"""News of a customer in any order, any number and with times of any clocks: the customer's last word counts."""

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from functions.customers.integration import ContactChanged
from functions.notifications.manifest import CONTACT
from functions.notifications.state import Contact
from shared.testing.doubles import NOON
from tests.unit.notifications.post_office import PostOffice

MOST = 6
DELIVERIES = st.lists(st.integers(1, MOST), min_size=1, max_size=15)
"""Versions of the customer, as their messages arrive."""
CLOCKS = st.lists(st.integers(-3600, 3600), min_size=MOST, max_size=MOST)
"""By how many seconds the clock was wrong that each version has its time from."""
CONTENTS = st.lists(st.sampled_from(["a", "b"]), min_size=MOST, max_size=MOST)


@settings(max_examples=60, deadline=None)
@given(deliveries=DELIVERIES, clocks=CLOCKS, contents=CONTENTS)
async def test_the_highest_version_counts(
    deliveries: Sequence[int], clocks: Sequence[int], contents: Sequence[str]
) -> None:
    """Of those that arrived, also where an earlier one says the same again."""
    office = PostOffice()

    for version in deliveries:
        office.clock.now = NOON + timedelta(seconds=clocks[version - 1])
        text = f"sealed:{contents[version - 1]}"
        changed = ContactChanged(customer_id="900", name=text, email=text, mail_preferences={})
        assert await office.told("customers", changed, f"customer-900@{version}.0") in {"done", "duplicate"}

    contact: Contact = await office.sender.wiring.state(CONTACT, "900")
    last = max(deliveries)
    assert (contact.customer_version, contact.email) == (last, f"sealed:{contents[last - 1]}")
