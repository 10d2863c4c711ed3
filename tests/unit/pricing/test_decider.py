"""The rules of a product's price, given / when / then."""

from datetime import UTC, datetime, timedelta

import pytest

from functions.pricing import decider
from functions.pricing.commands import ChangePrices, NewPrice, PriceCommand
from functions.pricing.decider import PRICE_DECIDER, Price, price_at
from functions.pricing.events import PriceChanged, PriceEvent
from shared.eventsourcing.money import Money
from shared.testing.decider_spec import DeciderSpec

NOW = datetime(2017, 3, 6, 12, tzinfo=UTC)
YESTERDAY = NOW - timedelta(days=1)
TOMORROW = NOW + timedelta(days=1)
price = DeciderSpec[PriceCommand, PriceEvent, Price](PRICE_DECIDER)


def money(amount: int, currency: str = "USD") -> Money:
    return Money(amount=amount, currency=currency)


def change(*prices: tuple[int, datetime | None], currency: str = "USD", list_id: str | None = None) -> ChangePrices:
    new = tuple(NewPrice(price=money(cents, currency), valid_from=since) for cents, since in prices)
    return ChangePrices(sku="milk", prices=new, list_id=list_id, at=NOW)


def changed(cents: int, since: datetime, currency: str = "USD", list_id: str | None = None) -> PriceChanged:
    return PriceChanged(sku="milk", price=money(cents, currency), valid_from=since, list_id=list_id, at=NOW)


def usd_at(moment: datetime, *events: PriceChanged) -> int | None:
    return price_at(price.given(*events).state().amounts.get("USD", {}), moment)


class TestChanging:
    def test_a_first_price_is_valid_from_now_on(self) -> None:
        """A price without a stated time is valid from the moment it was set."""
        price.given().when(change((199, None))).then(changed(199, NOW))

    def test_a_price_can_be_announced(self) -> None:
        """A price may become valid later."""
        price.given(changed(199, YESTERDAY)).when(change((299, TOMORROW))).then(changed(299, TOMORROW))

    def test_a_price_can_come_late(self) -> None:
        """A price for a past day is taken, also behind a later one."""
        price.given(changed(199, NOW)).when(change((150, YESTERDAY))).then(changed(150, YESTERDAY))

    def test_a_price_replaces_that_of_the_same_time(self) -> None:
        """What was wrong is put right by another price for the same time."""
        price.given(changed(199, YESTERDAY)).when(change((189, YESTERDAY))).then(changed(189, YESTERDAY))

    def test_the_same_price_of_the_same_time_is_no_change(self) -> None:
        """A price that is known already changes nothing."""
        price.given(changed(199, YESTERDAY)).when(change((199, YESTERDAY))).then_nothing()

    def test_todays_price_set_again_is_no_change(self) -> None:
        """Setting what is valid now, from now on, changes nothing."""
        price.given(changed(199, YESTERDAY)).when(change((199, None))).then_nothing()

    def test_a_price_from_now_on_follows_the_ones_accepted_before(self) -> None:
        """An instance whose clock is slow sets it: it takes the place of the price that a faster clock has set."""
        ahead = NOW + timedelta(seconds=2)
        faster = changed(199, ahead).model_copy(update={"at": ahead})
        price.given(faster).when(change((299, None))).then(changed(299, ahead))

    def test_a_stated_time_is_that_of_the_price(self) -> None:
        """It stays, whenever the prices before it were decided."""
        ahead = changed(199, YESTERDAY).model_copy(update={"at": TOMORROW})
        price.given(ahead).when(change((299, NOW))).then(changed(299, NOW))

    def test_a_price_that_repeats_the_one_before_is_kept(self) -> None:
        """A dated price is news although nothing changes yet: an earlier one may come and would run through it."""
        price.given(changed(199, YESTERDAY)).when(change((199, TOMORROW))).then(changed(199, TOMORROW))

    def test_several_come_in_the_order_of_time(self) -> None:
        """One command may hold several prices of a product; each is an event, earliest first."""
        command = change((299, TOMORROW), (150, YESTERDAY), list_id="week-10")
        expected = [changed(cents, since, list_id="week-10") for cents, since in ((150, YESTERDAY), (299, TOMORROW))]
        price.given().when(command).then(*expected)

    def test_two_for_one_time_are_refused(self) -> None:
        """Two prices for the same time contradict each other."""
        price.given().when(change((150, NOW), (299, None))).then_refused("price-ambiguous", field="prices")

    def test_a_product_has_a_price_in_each_currency(self) -> None:
        """The same time in another currency is another price."""
        price.given(changed(199, NOW)).when(change((180, NOW), currency="EUR")).then(changed(180, NOW, "EUR"))

    def test_a_product_has_a_limit_of_prices(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The history of a product stays small enough for one document."""
        monkeypatch.setattr(decider, "MAX_PRICES", 2)
        full = (changed(150, YESTERDAY), changed(199, NOW))
        price.given(*full).when(change((2, TOMORROW))).then_refused("too-many-prices")

    def test_a_full_history_can_be_put_right(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The limit counts times: a price that takes another's place is taken."""
        monkeypatch.setattr(decider, "MAX_PRICES", 2)
        full = (changed(150, YESTERDAY), changed(199, NOW))
        price.given(*full).when(change((2, NOW))).then(changed(2, NOW))


class TestThePriceAtATime:
    def test_is_that_of_the_last_beginning(self) -> None:
        """A price is valid from its beginning until the next one begins."""
        history = (changed(150, YESTERDAY), changed(199, NOW))

        assert [usd_at(at, *history) for at in (YESTERDAY, NOW - timedelta(microseconds=1), NOW)] == [150, 150, 199]

    def test_is_none_before_the_first(self) -> None:
        """Before its first price a product has none."""
        assert usd_at(YESTERDAY, changed(199, NOW)) is None

    def test_is_not_changed_by_one_that_comes_late(self) -> None:
        """A late price fills its own time and leaves today's alone."""
        history = (changed(199, NOW), changed(150, YESTERDAY))

        assert [usd_at(at, *history) for at in (YESTERDAY, TOMORROW)] == [150, 199]
