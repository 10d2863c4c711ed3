"""The rules of a cart, given / when / then."""

from datetime import UTC, datetime, timedelta

import pytest

from functions.cart.commands import (
    AddItem,
    CartCommand,
    ChangeQuantity,
    CheckOutCart,
    ClearCart,
    ExpireCart,
    OpenCart,
    RemoveItem,
    RestoreCart,
)
from functions.cart.decider import ABANDONED_AFTER, CART, CHECKOUT_CHANGES, MAX_CHANGES, Cart
from functions.cart.events import (
    CartCheckedOut,
    CartCleared,
    CartEvent,
    CartExpired,
    CartOpened,
    CartRestored,
    Channel,
    CheckedOutLine,
    CheckoutAbandoned,
    ItemAddedToCart,
    ItemQuantityChanged,
    ItemRemovedFromCart,
)
from shared.eventsourcing.money import MAX_AMOUNT, Money
from shared.testing.decider_spec import DeciderSpec

AT = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)
LATER = AT + timedelta(minutes=5)
cart = DeciderSpec[CartCommand, CartEvent, Cart](CART)


def usd(amount: int) -> Money:
    return Money(amount=amount, currency="USD")


def opened(channel: Channel = Channel.POS) -> CartOpened:
    return CartOpened(cart_id="c1", customer_id="900", channel=channel, currency="USD", at=AT)


def added(sku: str = "milk", quantity: int = 1, cents: int | None = 250) -> ItemAddedToCart:
    return ItemAddedToCart(sku=sku, quantity=quantity, charged=None if cents is None else usd(cents), at=AT)


def add(sku: str = "milk", quantity: int = 1, charged: Money | None = None) -> AddItem:
    return AddItem(sku=sku, quantity=quantity, charged=charged, at=AT)


def checked_out(*lines: tuple[str, int, int], by: str | None = None) -> CartCheckedOut:
    return CartCheckedOut(
        checkout_id=by,
        cart_id="c1",
        customer_id="900",
        channel=Channel.POS,
        currency="USD",
        lines=tuple(CheckedOutLine(sku=sku, quantity=n, charged=usd(cents)) for sku, n, cents in lines),
        at=AT,
    )


class TestWhenAbsent:
    def test_opens(self) -> None:
        """A cart that does not exist can be opened."""
        command = OpenCart(cart_id="c1", customer_id="900", channel=Channel.POS, currency="USD", at=AT)
        cart.given().when(command).then(opened())

    @pytest.mark.parametrize(
        "command",
        [
            add(),
            ChangeQuantity(sku="milk", quantity=2, charged=None, at=AT),
            RemoveItem(sku="milk", at=AT),
            ClearCart(at=AT),
            CheckOutCart(checkout_id=None, at=AT),
            RestoreCart(checkout_id=None, reason="declined", at=AT),
            ExpireCart(at=AT),
        ],
    )
    def test_knows_nothing_else(self, command: CartCommand) -> None:
        """Every other command finds no cart."""
        cart.given().when(command).then_refused("cart-not-found")


class TestWhenOpen:
    def test_opening_again_does_nothing(self) -> None:
        """Opening the same cart twice opens it once."""
        command = OpenCart(cart_id="c1", customer_id="900", channel=Channel.POS, currency="USD", at=LATER)
        cart.given(opened()).when(command).then_nothing()

    def test_opening_for_another_customer_is_refused(self) -> None:
        """A cart never changes hands by being opened again."""
        command = OpenCart(cart_id="c1", customer_id="901", channel=Channel.POS, currency="USD", at=LATER)
        cart.given(opened()).when(command).then_refused("cart-exists")

    def test_adds_an_item(self) -> None:
        """A till adds a product with what it charged."""
        cart.given(opened()).when(add(quantity=2, charged=usd(500))).then(added(quantity=2, cents=500))

    def test_adding_more_sums_quantity_and_price(self) -> None:
        """More of the same product is one line with the sum of both."""
        state = cart.given(opened(), added(cents=250), added(quantity=2, cents=450)).state()

        assert (state.lines["milk"].quantity, state.lines["milk"].charged) == (3, usd(700))

    def test_adding_a_quantity_below_one_is_refused(self) -> None:
        """Nothing can be added zero times."""
        cart.given(opened()).when(add(quantity=0, charged=usd(0))).then_refused("quantity-too-small", field="quantity")

    def test_a_line_has_a_limit_on_the_web(self) -> None:
        """A customer's line holds at most 99, however it got there."""
        full = added(quantity=99, cents=None)
        cart.given(opened(Channel.WEB), full).when(add()).then_refused("quantity-too-large", field="quantity")

    def test_a_line_has_a_limit_at_the_till(self) -> None:
        """A till's line holds at most 100,000: fuel is sold in small fractions of a gallon."""
        cart.given(opened()).when(add(quantity=100_001, charged=usd(1))).then_refused(
            "quantity-too-large", field="quantity"
        )

    def test_a_cart_has_a_limit_of_lines(self) -> None:
        """A customer's cart holds at most 100 products."""
        full = [added(f"sku-{n}", cents=None) for n in range(100)]
        cart.given(opened(Channel.WEB), *full).when(add("one-more")).then_refused("too-many-lines", field="sku")

    def test_a_full_cart_takes_more_of_what_it_holds(self) -> None:
        """The limit of lines does not count pieces."""
        full = [added(f"sku-{n}", cents=None) for n in range(100)]
        cart.given(opened(Channel.WEB), *full).when(add("sku-7")).then(added("sku-7", cents=None))

    def test_a_till_must_state_its_price(self) -> None:
        """A till's line without a price is refused."""
        cart.given(opened()).when(add()).then_refused("price-missing", field="charged")

    def test_the_web_must_not_state_a_price(self) -> None:
        """A price on a web cart is refused."""
        cart.given(opened(Channel.WEB)).when(add(charged=usd(1))).then_refused("price-stated", field="charged")

    def test_a_cart_has_one_currency(self) -> None:
        """Another currency than the cart's is refused."""
        euros = Money(amount=100, currency="EUR")
        cart.given(opened()).when(add(charged=euros)).then_refused("currency-differs", field="charged.currency")

    @pytest.mark.parametrize("sku", ["milk", "tea"])
    def test_a_total_has_a_limit(self, sku: str) -> None:
        """A sum that money cannot hold is refused before it is stored, on one line or over several."""
        full = added("milk", cents=MAX_AMOUNT)
        cart.given(opened(), full).when(add(sku, charged=usd(1))).then_refused("total-too-large", field="charged")

    def test_changes_a_quantity(self) -> None:
        """A line's quantity and price are replaced."""
        command = ChangeQuantity(sku="milk", quantity=3, charged=usd(700), at=LATER)
        changed = ItemQuantityChanged(sku="milk", quantity=3, charged=usd(700), at=LATER)
        cart.given(opened(), added()).when(command).then(changed)

    def test_changing_to_the_same_quantity_does_nothing(self) -> None:
        """A line that is already so stays so, without an event."""
        command = ChangeQuantity(sku="milk", quantity=1, charged=usd(250), at=LATER)
        cart.given(opened(), added()).when(command).then_nothing()

    def test_changing_a_missing_line_is_refused(self) -> None:
        """Only what is in the cart can change."""
        command = ChangeQuantity(sku="tea", quantity=1, charged=usd(250), at=LATER)
        cart.given(opened(), added()).when(command).then_refused("item-not-in-cart", field="sku")

    def test_removes_an_item(self) -> None:
        """A product is taken out."""
        cart.given(opened(), added()).when(RemoveItem(sku="milk", at=LATER)).then(
            ItemRemovedFromCart(sku="milk", at=LATER)
        )

    def test_removing_what_is_not_there_does_nothing(self) -> None:
        """Taking a product out twice takes it out once."""
        cart.given(opened()).when(RemoveItem(sku="milk", at=LATER)).then_nothing()

    def test_clears(self) -> None:
        """All lines go at once."""
        cart.given(opened(), added()).when(ClearCart(at=LATER)).then(CartCleared(at=LATER))

    def test_clearing_an_empty_cart_does_nothing(self) -> None:
        """An empty cart has nothing to clear."""
        cart.given(opened()).when(ClearCart(at=LATER)).then_nothing()

    def test_checks_out_with_all_lines(self) -> None:
        """The checkout states every line, in the order in which they came."""
        history = (opened(), added("milk", 2, 500), added("tea", 1, 399))
        cart.given(*history).when(CheckOutCart(checkout_id=None, at=AT)).then(
            checked_out(("milk", 2, 500), ("tea", 1, 399))
        )

    def test_an_empty_cart_is_not_checked_out(self) -> None:
        """There is nothing to buy in an empty cart."""
        cart.given(opened()).when(CheckOutCart(checkout_id=None, at=AT)).then_refused("cart-is-empty")

    def test_of_the_web_is_bought_by_a_checkout_only(self) -> None:
        """Nobody locks a cart that nothing would open again."""
        web = cart.given(opened(Channel.WEB), added(cents=None))

        web.when(CheckOutCart(checkout_id=None, at=AT)).then_refused("checkout-missing")

    def test_restoring_does_nothing(self) -> None:
        """An open cart needs no restoring."""
        cart.given(opened()).when(RestoreCart(checkout_id=None, reason="declined", at=LATER)).then_nothing()

    def test_expires_when_abandoned(self) -> None:
        """A cart that nobody touched for a month is closed."""
        then = AT + ABANDONED_AFTER
        expired = CartExpired(cart_id="c1", customer_id="900", at=then)
        cart.given(opened(), added()).when(ExpireCart(at=then)).then(expired)

    def test_does_not_expire_a_moment_earlier(self) -> None:
        """Up to a month of rest, a cart stays open."""
        just_before = AT + ABANDONED_AFTER - timedelta(microseconds=1)
        cart.given(opened(), added()).when(ExpireCart(at=just_before)).then_nothing()


class TestWhenCheckedOut:
    history = (opened(), added(), checked_out(("milk", 1, 250)))

    @pytest.mark.parametrize("command", [add(charged=usd(1)), RemoveItem(sku="milk", at=AT), ClearCart(at=AT)])
    def test_does_not_change(self, command: CartCommand) -> None:
        """After the checkout the contents are final."""
        cart.given(*self.history).when(command).then_refused("cart-is-checked-out")

    def test_checking_out_again_does_nothing(self) -> None:
        """A cart is checked out once."""
        cart.given(*self.history).when(CheckOutCart(checkout_id=None, at=LATER)).then_nothing()

    def test_is_restored(self) -> None:
        """The saga opens a cart again whose checkout came to nothing."""
        cart.given(*self.history).when(RestoreCart(checkout_id=None, reason="card declined", at=LATER)).then(
            CartRestored(reason="card declined", at=LATER)
        )

    def test_a_restored_cart_can_change(self) -> None:
        """After restoring, the cart is as open as before."""
        restored = CartRestored(reason="card declined", at=LATER)
        cart.given(*self.history, restored).when(ClearCart(at=LATER)).then(CartCleared(at=LATER))

    def test_is_not_taken_by_another_checkout(self) -> None:
        """What one till or checkout has taken, no other can pay for again."""
        cart.given(*self.history).when(CheckOutCart(checkout_id="k2", at=LATER)).then_refused("cart-is-checked-out")

    def test_does_not_expire(self) -> None:
        """A checked-out cart is not abandoned."""
        cart.given(*self.history).when(ExpireCart(at=AT + 2 * ABANDONED_AFTER)).then_nothing()


class TestWhenHeldByACheckout:
    history = (opened(), added(), checked_out(("milk", 1, 250), by="k1"))
    abandoned = CheckoutAbandoned(checkout_id="k1", at=LATER)

    def test_the_same_checkout_has_nothing_to_do(self) -> None:
        """A checkout that asks again holds the cart already."""
        cart.given(*self.history).when(CheckOutCart(checkout_id="k1", at=LATER)).then_nothing()

    def test_another_checkout_is_refused(self) -> None:
        """A cart is paid for once."""
        cart.given(*self.history).when(CheckOutCart(checkout_id="k2", at=LATER)).then_refused("cart-is-checked-out")

    def test_a_checkout_for_somebody_else_learns_nothing(self) -> None:
        """To whom it does not belong, a cart does not exist."""
        foreign = CheckOutCart(checkout_id="k1", customer_id="901", at=LATER)
        cart.given(opened(), added()).when(foreign).then_refused("cart-not-found")

    def test_is_restored_by_its_checkout(self) -> None:
        """The checkout gives the cart back, and gives up."""
        cart.given(*self.history).when(RestoreCart(checkout_id="k1", reason="declined", at=LATER)).then(
            CartRestored(reason="declined", at=LATER), self.abandoned
        )

    def test_is_restored_by_nobody_else(self) -> None:
        """Without the checkout's id a cart is not taken away from it: it may be paying."""
        cart.given(*self.history).when(RestoreCart(checkout_id=None, reason="please", at=LATER)).then_refused(
            "cart-in-checkout"
        )

    def test_another_checkout_restores_nothing(self) -> None:
        """It can only see to it that it never takes the cart itself."""
        cart.given(*self.history).when(RestoreCart(checkout_id="k2", reason="declined", at=LATER)).then(
            CheckoutAbandoned(checkout_id="k2", at=LATER)
        )

    def test_giving_up_moves_the_cart_on(self) -> None:
        """Also for a checkout that never held it: whatever version its late request states is an earlier one then."""
        given_up = RestoreCart(checkout_id="k1", reason="declined", at=LATER)
        cart.given(opened(), added()).when(given_up).then(self.abandoned)

    def test_abandoning_again_does_nothing(self) -> None:
        """An undo that is asked for twice is done once."""
        again = RestoreCart(checkout_id="k1", reason="declined", at=LATER)
        cart.given(opened(), added(), self.abandoned).when(again).then_nothing()

    def test_the_next_checkout_takes_a_restored_cart(self) -> None:
        """Another try of the customer is another checkout."""
        restored = CartRestored(reason="declined", at=LATER)
        cart.given(*self.history, restored, self.abandoned).when(CheckOutCart(checkout_id="k2", at=LATER)).then(
            checked_out(("milk", 1, 250), by="k2").model_copy(update={"at": LATER})
        )


class TestWhenExpired:
    history = (opened(), added(), CartExpired(cart_id="c1", customer_id="900", at=LATER))

    @pytest.mark.parametrize(
        "command",
        [add(charged=usd(1)), CheckOutCart(checkout_id=None, at=AT), RestoreCart(checkout_id=None, reason="x", at=AT)],
    )
    def test_stays_closed(self, command: CartCommand) -> None:
        """An expired cart neither changes nor comes back."""
        cart.given(*self.history).when(command).then_refused("cart-is-expired")

    def test_expiring_again_does_nothing(self) -> None:
        """A cart expires once."""
        cart.given(*self.history).when(ExpireCart(at=AT + 2 * ABANDONED_AFTER)).then_nothing()


class TestWhenChangedTooOften:
    """So many changes, each of them an event, and no more."""

    @staticmethod
    def changed(times: int, channel: Channel = Channel.WEB) -> DeciderSpec[CartCommand, CartEvent, Cart]:
        """An open cart with milk in it after so many changes."""
        cents = 250 if channel is Channel.POS else None
        return cart.given(opened(channel), *[added(cents=cents)] * (times - 1))

    @pytest.mark.parametrize("channel", Channel)
    def test_takes_the_last_change(self, channel: Channel) -> None:
        """Up to the limit everything is as ever."""
        self.changed(MAX_CHANGES[channel] - 1, channel).when(ClearCart(at=AT)).then(CartCleared(at=AT))

    @pytest.mark.parametrize("channel", Channel)
    @pytest.mark.parametrize("command", [RemoveItem(sku="milk", at=AT), ClearCart(at=AT)])
    def test_takes_no_more(self, command: CartCommand, channel: Channel) -> None:
        """Of any kind."""
        self.changed(MAX_CHANGES[channel], channel).when(command).then_refused("too-many-changes")

    def test_lines_take_no_more(self) -> None:
        """Neither a new one nor another quantity."""
        cleared: list[CartEvent] = [CartCleared(at=AT)] * (MAX_CHANGES[Channel.WEB] - 2)
        full = cart.given(opened(Channel.WEB), *cleared, added(cents=None))

        for command in (add("tea"), ChangeQuantity(sku="milk", quantity=2, charged=None, at=AT)):
            full.when(command).then_refused("too-many-changes")

    def test_stays_quiet_where_there_is_nothing_to_do(self) -> None:
        """What changes nothing is no change."""
        self.changed(MAX_CHANGES[Channel.WEB]).when(RemoveItem(sku="tea", at=AT)).then_nothing()

    def test_can_be_bought(self) -> None:
        """Checkouts have changes of their own."""
        given = self.changed(MAX_CHANGES[Channel.WEB])

        assert CART.decide(CheckOutCart(checkout_id="k1", at=AT), given.state())

    def test_cannot_be_tried_for_ever(self) -> None:
        """Checkouts that come to nothing are changes, too."""
        full = self.changed(MAX_CHANGES[Channel.WEB] + CHECKOUT_CHANGES)

        full.when(CheckOutCart(checkout_id="k1", at=AT)).then_refused("too-many-changes")

    def test_is_given_back_and_closed_all_the_same(self) -> None:
        """What undoes a checkout is never refused."""
        full = self.changed(MAX_CHANGES[Channel.WEB] + CHECKOUT_CHANGES)

        full.when(RestoreCart(checkout_id="k1", reason="declined", at=AT)).then(
            CheckoutAbandoned(checkout_id="k1", at=AT)
        )
        full.when(ExpireCart(at=AT + ABANDONED_AFTER)).then(
            CartExpired(cart_id="c1", customer_id="900", at=AT + ABANDONED_AFTER)
        )
