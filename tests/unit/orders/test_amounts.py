"""What an order comes to, and what comes back of it: to the cent."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.orders.amounts import created, share_out
from functions.orders.commands import CreateOrder, PricedLine
from functions.orders.events import OrderDiscount
from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.money import MAX_AMOUNT, Money

AT = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)


def usd(cents: int) -> Money:
    return Money(amount=cents, currency="USD")


def create(*cents: int, off: int = 0, shipping: int = 0, tax: int = 0) -> CreateOrder:
    """Lines `sku-0`, `sku-1`, ... of one piece each."""
    lines = [PricedLine(sku=f"sku-{n}", quantity=1, unit_price=None, total=usd(total)) for n, total in enumerate(cents)]
    return CreateOrder(
        order_id="o1",
        customer_id="900",
        checkout_id="c1",
        currency="USD",
        lines=tuple(lines),
        discounts=(OrderDiscount(code="ten-off", amount=usd(off)),) if off else (),
        shipping=usd(shipping),
        tax=usd(tax),
        shipping_address="sealed:v1:900:x",
        reservation_id="r1",
        payment_id="p1",
        at=AT,
    )


class TestShares:
    @pytest.mark.parametrize(
        ("cents", "weights", "parts"),
        [
            (100, [1, 1], [50, 50]),
            (100, [1, 1, 1], [34, 33, 33]),
            (5, [3, 3, 1], [2, 2, 1]),
            (10, [199, 199, 2], [5, 5, 0]),
            (0, [5, 5], [0, 0]),
            (7, [0, 0, 0], [0, 0, 7]),
            (7, [0, 3], [0, 7]),
        ],
    )
    def test_go_by_largest_remainder(self, cents: int, weights: list[int], parts: list[int]) -> None:
        """The cents that rounding leaves go to the largest remainders, the first of equals; without weights, last."""
        assert share_out(cents, weights) == parts

    @given(st.integers(0, MAX_AMOUNT), st.lists(st.integers(0, MAX_AMOUNT), min_size=1, max_size=20))
    def test_sum_to_the_whole(self, cents: int, weights: list[int]) -> None:
        """No cent is lost or made, and no part differs by a cent or more from its exact share."""
        parts = share_out(cents, weights)

        assert sum(parts) == cents
        whole = sum(weights)
        assert not whole or all(
            abs(part * whole - cents * weight) < whole for part, weight in zip(parts, weights, strict=True)
        )

    @given(st.lists(st.integers(0, 1000), min_size=1, max_size=20), st.data())
    def test_never_exceed_what_they_are_taken_from(self, weights: list[int], data: st.DataObject) -> None:
        """No line gets a discount that is larger than itself."""
        cents = data.draw(st.integers(0, sum(weights))) if sum(weights) else 0

        assert all(part <= weight for part, weight in zip(share_out(cents, weights), weights, strict=True))


class TestADiscountOfALine:
    def of(self, *off: tuple[str | None, int]) -> list[int]:
        """What two lines, of 300 and 700 cents, come to."""
        discounts = tuple(OrderDiscount(code=f"c{n}", sku=sku, amount=usd(cents)) for n, (sku, cents) in enumerate(off))
        order = created(create(300, 700).model_copy(update={"discounts": discounts}))
        return [line.due.amount for line in order.lines]

    def test_is_taken_off_that_line(self) -> None:
        """Who brings the other line back gets all that it cost."""
        assert self.of(("sku-0", 100)) == [200, 700]

    def test_goes_before_those_of_all_lines(self) -> None:
        """What is shared out goes by what is left of each line."""
        assert self.of((None, 90), ("sku-0", 100)) == [180, 630]

    def test_cannot_exceed_its_line(self) -> None:
        """No line costs less than nothing."""
        with pytest.raises(DomainError, match="exceeds what its line costs"):
            self.of(("sku-0", 301))

    def test_names_a_line_of_the_order(self) -> None:
        """A discount for something that was not ordered is a mistake of the caller."""
        with pytest.raises(DomainError, match="no line of sku-9"):
            self.of(("sku-9", 1))


class TestAnOrder:
    def test_sums_up(self) -> None:
        """The total is the subtotal less the discount, plus shipping and tax."""
        order = created(create(300, 700, off=100, shipping=499, tax=63))

        assert (order.subtotal, order.discount, order.total) == (usd(1000), usd(100), usd(1462))

    def test_shares_discount_and_tax_out(self) -> None:
        """What each line comes to has its part of both."""
        order = created(create(300, 700, off=100, shipping=499, tax=63))

        assert [line.due.amount for line in order.lines] == [300 - 30 + 19, 700 - 70 + 44]

    def test_that_is_free_takes_its_tax_with_the_last_line(self) -> None:
        """Tax on nothing has to go somewhere."""
        order = created(create(300, 700, off=1000, tax=5))

        assert [line.due.amount for line in order.lines] == [0, 5]

    @given(
        st.lists(st.integers(0, 5000), min_size=1, max_size=8),
        st.integers(0, 5000),
        st.integers(0, 900),
        st.integers(0, 900),
    )
    def test_comes_to_what_its_lines_come_to(self, cents: list[int], off: int, shipping: int, tax: int) -> None:
        """Lines and shipping sum to the total, whatever the discount."""
        order = created(create(*cents, off=min(off, sum(cents)), shipping=shipping, tax=tax))

        assert sum(line.due.amount for line in order.lines) + shipping == order.total.amount


class TestRefusals:
    @pytest.mark.parametrize(
        ("command", "code", "field"),
        [
            (create(), "lines-invalid", "lines"),
            (create(100, off=101), "discount-too-large", "discounts"),
            (create(MAX_AMOUNT, 1), "total-too-large", "lines"),
            (create(MAX_AMOUNT, shipping=1), "total-too-large", "lines"),
            (create(100).model_copy(update={"currency": "EUR"}), "currency-differs", "currency"),
            (create(100).model_copy(update={"tax": Money(amount=1, currency="EUR")}), "currency-differs", "currency"),
            (create(100).model_copy(update={"total": usd(99)}), "total-differs", "total"),
        ],
    )
    def test_name_what_contradicts(self, command: CreateOrder, code: str, field: str) -> None:
        """Sums that cannot be are refused before anything is stored."""
        with pytest.raises(DomainError) as refused:
            created(command)

        assert (refused.value.code, refused.value.field) == (code, field)

    def test_of_a_product_named_twice(self) -> None:
        """Each product has one line: returns count by product."""
        line = create(100).lines[0]
        with pytest.raises(DomainError, match="each product once"):
            created(create(100).model_copy(update={"lines": (line, line)}))

    def test_of_a_line_of_nothing(self) -> None:
        """Nobody orders none of a product."""
        line = create(100).lines[0].model_copy(update={"quantity": 0})
        with pytest.raises(DomainError, match="at least 1"):
            created(create(100).model_copy(update={"lines": (line,)}))
