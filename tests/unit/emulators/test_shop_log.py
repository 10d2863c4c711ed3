"""The log as a witness."""

from emulators.shop.choose import APPROVED_CARD
from emulators.shop.log import Logged, log_witness
from emulators.shop.selling import Sold
from functions.cart.decider import Cart, Line
from functions.cart.decider import Status as CartStatus
from functions.inventory.state import Reservation, Stock
from functions.inventory.state import Status as ReservationStatus
from functions.orders.state import Order
from functions.orders.state import Status as OrderStatus
from functions.payments.events import AuthorizationRequested
from functions.payments.state import Payment
from functions.payments.state import Status as PaymentStatus
from shared.eventsourcing.money import Money
from tests.unit.emulators.shop_parts import AT

PAID = Money(amount=150, currency="USD")
REQUEST = AuthorizationRequested(
    payment_id="o1", order_id="o1", customer_id="900", amount=PAID, payment_token=APPROVED_CARD, at=AT
)
LOGGED = Logged(
    carts={"c1": Cart(status=CartStatus.CHECKED_OUT, lines={"11": Line(quantity=2, charged=PAID)})},
    orders={"o1": Order(status=OrderStatus.DELIVERED)},
    payments={"o1": Payment(status=PaymentStatus.CAPTURED, request=REQUEST)},
    reservations={"o1": Reservation(status=ReservationStatus.SHIPPED, lines={"11": 2}, shipments=("o1-1",))},
    stock={"11": Stock(on_hand=1, reserved=0)},
)
SOLD = {"1": Sold("c1", "o1", 150, None, seen=None, taken=None)}


def test_the_log_tells_of_carts_orders_payments_and_stock() -> None:
    """All that the write side knows."""
    found = log_witness(LOGGED, SOLD, {"11": 3})

    assert found.says == {
        "basket 1": {
            "cart": "checked-out",
            "line 11": "2 for 1.50",
            "order": "delivered",
            "pieces 11": "2",
            "payment": "captured",
            "paid": "1.50",
        },
        "sku 11": {"moved": "2", "on-hand": "1", "reserved": "0"},
    }
    assert found.sums is not None
    assert (found.sums.baskets, found.sums.lines, found.sums.pieces, found.sums.cents) == (1, 1, 2, 150)


def test_what_was_given_back_has_not_left() -> None:
    """A released reservation keeps nothing either."""
    released = Reservation(status=ReservationStatus.RELEASED, lines={"11": 2})
    logged = Logged(carts={}, orders={}, payments={}, reservations={"o1": released}, stock={})

    found = log_witness(logged, SOLD, {})

    assert found.says == {"basket 1": {}}


def test_what_is_only_authorized_is_not_paid() -> None:
    """Nor is a payment that was barred before it was asked for one at all."""
    held = Payment(status=PaymentStatus.AUTHORIZED, request=REQUEST)
    for payment, told in ((held, {"payment": "authorized"}), (Payment(status=PaymentStatus.VOIDED), {})):
        logged = Logged(carts={}, orders={}, payments={"o1": payment}, reservations={}, stock={})

        assert log_witness(logged, SOLD, {}).says == {"basket 1": told}
