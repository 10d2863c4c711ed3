"""From events to the cart's read models: pure functions of (document | None, event)."""

from collections.abc import Mapping, Sequence
from typing import assert_never

from functions.cart.events import (
    CartCheckedOut,
    CartCleared,
    CartEvent,
    CartExpired,
    CartOpened,
    CartRestored,
    CheckoutAbandoned,
    ItemAddedToCart,
    ItemQuantityChanged,
    ItemRemovedFromCart,
)
from functions.cart.manifest import CARTS, NAME
from functions.cart.read_models import CartLineView, CartView
from functions.cart.upcasters import CART_CODEC
from shared.eventsourcing.money import Money
from shared.eventsourcing.projection import Projection, Scalar


def project_cart(document: CartView | None, event: CartEvent) -> CartView | None:
    if isinstance(event, CartOpened):
        return _opened(event)
    if document is None:
        raise ValueError(f"{type(event).__name__} before CartOpened")
    match event:
        case ItemAddedToCart():
            changed = _with_lines(document, _added(document.lines, event))
        case ItemQuantityChanged():
            line = CartLineView(sku=event.sku, quantity=event.quantity, total=event.charged)
            changed = _with_lines(document, [line if x.sku == event.sku else x for x in document.lines])
        case ItemRemovedFromCart():
            changed = _with_lines(document, [line for line in document.lines if line.sku != event.sku])
        case CartCleared():
            changed = _with_lines(document, [])
        case CartCheckedOut():
            changed = {"status": "checked-out", "checked_out_at": event.at}
        case CartRestored():
            changed = {"status": "open", "checked_out_at": None}
        case CartExpired():
            changed = {"status": "expired"}
        case CheckoutAbandoned():
            changed = {}
        case _:
            assert_never(event)
    return document.model_copy(update={**changed, "changed_at": event.at})


def _opened(event: CartOpened) -> CartView:
    return CartView(
        id=event.cart_id,
        customer_id=event.customer_id,
        channel=event.channel,
        status="open",
        currency=event.currency,
        lines=[],
        line_count=0,
        unpriced_lines=0,
        total=Money(amount=0, currency=event.currency),
        opened_at=event.at,
        changed_at=event.at,
    )


def _added(lines: Sequence[CartLineView], event: ItemAddedToCart) -> list[CartLineView]:
    if event.sku not in {line.sku for line in lines}:
        return [*lines, CartLineView(sku=event.sku, quantity=event.quantity, total=event.charged)]
    return [_with_more(line, event) if line.sku == event.sku else line for line in lines]


def _with_more(line: CartLineView, event: ItemAddedToCart) -> CartLineView:
    total = None
    if line.total is not None and event.charged is not None:
        total = Money(amount=line.total.amount + event.charged.amount, currency=line.total.currency)
    return CartLineView(sku=line.sku, quantity=line.quantity + event.quantity, total=total)


def _with_lines(document: CartView, lines: list[CartLineView]) -> dict[str, object]:
    amounts = [line.total.amount for line in lines if line.total is not None]
    return {
        "lines": lines,
        "line_count": len(lines),
        "unpriced_lines": len(lines) - len(amounts),
        "total": Money(amount=sum(amounts), currency=document.currency),
    }


def _fields(document: CartView) -> Mapping[str, Scalar]:
    return {"customer_id": document.customer_id, "status": document.status, "opened_at": document.opened_at}


CARTS_PROJECTION = Projection[CartEvent, CartView](
    category=NAME,
    collection=CARTS,
    document_type=CartView,
    codec=CART_CODEC,
    project=project_cart,
    fields=_fields,
)
