"""What coupons take off a basket, to the cent."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.promotions.amounts import redeemed, shares
from functions.promotions.commands import PresentedCoupon, Redeem, Terms
from functions.promotions.events import AmountOff, BasketLine, Discount, PercentOff, StatedOff
from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.money import MAX_AMOUNT, Money

AT = datetime(2017, 3, 6, 12, tzinfo=UTC)
STATED = StatedOff(kind="stated")


def usd(amount: int) -> Money:
    return Money(amount=amount, currency="USD")


def percent(off: int) -> PercentOff:
    return PercentOff(kind="percent", percent=off)


def amount(cents: int) -> AmountOff:
    return AmountOff(kind="amount", amount=usd(cents))


def basket(lines: dict[str, int], *coupons: tuple[Discount, set[str], int | None]) -> Redeem:
    """Lines by product, and coupons `c0`, `c1`, … with their terms, their products and what the till stated."""
    numbered = [(f"c{n}", *coupon) for n, coupon in enumerate(coupons)]
    return Redeem(
        redemption_id="r1",
        customer_id="900",
        currency="USD",
        coupons=tuple(
            PresentedCoupon(code=code, stated=None if stated is None else usd(stated))
            for code, _, _, stated in numbered
        ),
        lines=tuple(BasketLine(sku=sku, quantity=1, total=usd(cents)) for sku, cents in lines.items()),
        terms=tuple(
            Terms(code=code, campaign_id="26", discount=discount, skus=frozenset(skus))
            for code, discount, skus, _ in numbered
        ),
        at=AT,
    )


def off(command: Redeem) -> list[tuple[str, str | None, int]]:
    return [(each.code, each.sku, each.amount.amount) for each in redeemed(command).discounts]


def refused(command: Redeem) -> tuple[str, str | None]:
    with pytest.raises(DomainError) as refusal:
        redeemed(command)
    return refusal.value.code, refusal.value.field


class TestAPercentage:
    def test_is_of_the_lines_that_the_coupon_is_valid_for(self) -> None:
        """Other products cost what they cost."""
        assert off(basket({"milk": 200, "tea": 400}, (percent(10), {"milk"}, None))) == [("c0", "milk", 20)]

    @pytest.mark.parametrize(("cents", "expected"), [(104, 10), (105, 11), (115, 12)])
    def test_is_rounded_half_up(self, cents: int, expected: int) -> None:
        """Half a cent is in the customer's favour."""
        assert off(basket({"milk": cents}, (percent(10), {"milk"}, None))) == [("c0", "milk", expected)]

    def test_is_rounded_once_for_all_lines(self) -> None:
        """Ten lines of 4 cents give 10 % of 40 cents, not ten times nothing."""
        lines = {f"s{n}": 4 for n in range(10)}

        assert redeemed(basket(lines, (percent(10), set(lines), None))).total_discount == usd(4)

    def test_can_be_everything(self) -> None:
        """A hundred of a hundred leave nothing."""
        lines = {"milk": 199, "tea": 399}
        assert off(basket(lines, (percent(100), set(lines), None))) == [("c0", "milk", 199), ("c0", "tea", 399)]


class TestAnAmount:
    def test_is_shared_out_by_largest_remainder(self) -> None:
        """A dollar over three equal lines is 34, 33 and 33 cents: the first has the cent that is left over."""
        lines = dict.fromkeys(("milk", "tea", "rye"), 200)
        assert [cents for _, _, cents in off(basket(lines, (amount(100), set(lines), None)))] == [34, 33, 33]

    def test_is_at_most_what_the_lines_cost(self) -> None:
        """A coupon never pays anybody out."""
        assert off(basket({"milk": 199, "tea": 399}, (amount(500), {"milk"}, None))) == [("c0", "milk", 199)]

    def test_in_another_currency_is_refused(self) -> None:
        """Euros are not taken off dollars."""
        euros = AmountOff(kind="amount", amount=Money(amount=50, currency="EUR"))
        assert refused(basket({"milk": 199}, (euros, {"milk"}, None))) == ("currency-differs", "c0")


class TestAStatedDiscount:
    def test_is_what_the_till_stated(self) -> None:
        """A till took off what it took off."""
        assert off(basket({"milk": 199}, (STATED, {"milk"}, 55))) == [("c0", "milk", 55)]

    def test_may_be_nothing(self) -> None:
        """A coupon that took off nothing was used all the same, and its reason is kept."""
        assert off(basket({"milk": 199}, (STATED, {"milk"}, 0))) == [("c0", None, 0)]

    def test_beyond_the_lines_is_refused(self) -> None:
        """More than the lines cost cannot have been taken off them: the books would not add up."""
        assert refused(basket({"milk": 199, "tea": 1}, (STATED, {"milk"}, 200))) == ("discount-too-large", "c0")

    def test_has_to_be_stated(self) -> None:
        """Where the till decides, the till says so."""
        assert refused(basket({"milk": 199}, (STATED, {"milk"}, None))) == ("discount-missing", "c0")

    def test_is_for_coupons_that_leave_it_to_the_till(self) -> None:
        """What a coupon says itself, no till can state."""
        assert refused(basket({"milk": 199}, (percent(10), {"milk"}, 20))) == ("discount-stated", "c0")


class TestSeveralCoupons:
    def test_apply_in_the_order_in_which_they_are_presented(self) -> None:
        """Each sees what those before it left."""
        first, second = (amount(100), {"milk"}, None), (percent(50), {"milk"}, None)

        assert off(basket({"milk": 300}, first, second)) == [("c0", "milk", 100), ("c1", "milk", 100)]
        assert off(basket({"milk": 300}, second, first)) == [("c0", "milk", 150), ("c1", "milk", 100)]

    def test_of_which_one_finds_nothing_left_are_refused(self) -> None:
        """No coupon is used up for nothing."""
        everything = (percent(100), {"milk"}, None)
        assert refused(basket({"milk": 300}, everything, everything)) == ("coupon-not-applicable", "c1")


class TestACoupon:
    def test_without_its_products_in_the_basket_is_refused(self) -> None:
        """A coupon for tea does nothing for milk."""
        assert refused(basket({"milk": 300}, (percent(10), {"tea"}, None))) == ("coupon-not-applicable", "c0")

    def test_that_does_not_exist_is_refused(self) -> None:
        """Terms that are not there cannot be applied."""
        unknown = basket({"milk": 300}, (percent(10), {"milk"}, None)).model_copy(update={"terms": ()})
        assert refused(unknown) == ("coupon-not-found", "c0")

    def test_is_kept_with_its_terms_and_its_reason(self) -> None:
        """Who asks later why something was taken off finds it in the redemption."""
        account = redeemed(basket({"milk": 300, "tea": 1}, (percent(10), {"milk"}, None)))

        assert account.coupons[0].model_dump()["discount"] == {"kind": "percent", "percent": 10}
        assert account.discounts[0].reason == "10 % off the 1 line that coupon c0 is valid for"


class TestABasket:
    def test_is_of_one_currency(self) -> None:
        """Lines in another currency than the basket's are refused."""
        mixed = basket({"milk": 300}, (percent(10), {"milk"}, None)).model_copy(update={"currency": "EUR"})
        assert refused(mixed) == ("currency-differs", "lines")

    def test_has_a_limit_of_money(self) -> None:
        """A sum that money cannot hold is refused."""
        assert refused(basket({"milk": MAX_AMOUNT, "tea": 1}, (percent(10), {"milk"}, None))) == (
            "total-too-large",
            "lines",
        )


skus = ["milk", "tea", "rye", "gas"]
discounts = st.integers(1, 100).map(percent) | st.integers(0, 2_000).map(amount) | st.just(STATED)
coupons = st.tuples(discounts, st.sets(st.sampled_from(skus), min_size=1), st.integers(0, 300)).map(
    lambda each: (each[0], each[1], each[2] if isinstance(each[0], StatedOff) else None)
)
baskets = st.builds(
    lambda lines, presented: basket(lines, *presented),
    st.dictionaries(st.sampled_from(skus), st.integers(0, 1_000), min_size=1),
    st.lists(coupons, max_size=4),
)


@given(baskets)
def test_discounts_add_up_and_never_exceed_a_line(command: Redeem) -> None:
    """Whatever is redeemed: the total is the sum of its parts, at most all of a line is taken off, and only by coupons
    that are valid for it.
    """
    try:
        account = redeemed(command)
    except DomainError:
        return

    assert account.total_discount.amount == sum(each.amount.amount for each in account.discounts)
    for line in command.lines:
        assert sum(each.amount.amount for each in account.discounts if each.sku == line.sku) <= line.total.amount
    terms = {each.code: each.skus for each in command.terms}
    assert all(each.sku in terms[each.code] for each in account.discounts if each.sku is not None)


@given(baskets)
def test_a_coupon_takes_off_exactly_what_it_says(command: Redeem) -> None:
    """A stated discount is taken to the cent, a fixed amount never exceeded."""
    try:
        account = redeemed(command)
    except DomainError:
        return

    for coupon in account.coupons:
        taken = sum(each.amount.amount for each in account.discounts if each.code == coupon.code)
        if coupon.stated is not None:
            assert taken == coupon.stated.amount
        if isinstance(coupon.discount, AmountOff):
            assert 0 < taken <= coupon.discount.amount.amount


@given(st.dictionaries(st.integers().map(str), st.integers(0, 10**9), min_size=1, max_size=30), st.data())
def test_shares_are_fair(weights: dict[str, int], data: st.DataObject) -> None:
    """Shares add up exactly, and each is its proportion rounded down or up."""
    total = sum(weights.values())
    cents = data.draw(st.integers(0, total))
    if total == 0:
        return

    found = shares(cents, weights)

    assert sum(found.values()) == cents
    assert all(abs(found.get(key, 0) * total - cents * weight) < total for key, weight in weights.items())
    assert all(found.get(key, 0) <= weight for key, weight in weights.items())
