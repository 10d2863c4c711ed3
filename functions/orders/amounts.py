"""What an order comes to, and what comes back of it: whole cents, that add up.

Discounts that name a line are taken off that line, the others are shared out over the lines in proportion to what is
left of them, then the tax in the same way; both by largest remainder. What a line comes to is refunded in proportion to
the pieces that are given up (returned, cancelled or lost), each time of what was not given up yet: the last pieces take
what rounding left over. Shipping is refunded with the last of the goods. So whatever way an order is given up, the
refunds sum to what was paid. They come to less where money went back for other reasons: the last pieces come back for
what is left. What the order has not heard of yet, the payment knows: it gives no more than is left.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from functions.orders.commands import CreateOrder, OpenReturn
from functions.orders.events import OrderCreated, OrderLine, RefundedLine, ReturnedLine, ReturnOpened
from functions.orders.state import GivenUp, Order
from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.money import MAX_AMOUNT, Money


def share_out(cents: int, weights: Sequence[int]) -> list[int]:
    """Parts of `cents` in proportion to `weights`, which sum to it; all goes to the last where nothing has a weight.

    No part exceeds its weight if the weights sum to `cents` or more.
    """
    whole = sum(weights)
    if not whole:
        return [*(0 for _ in weights[:-1]), cents]
    parts = [cents * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(cents * weights[i] % whole), i))
    for index in by_remainder[: cents - sum(parts)]:
        parts[index] += 1
    return parts


def created(command: CreateOrder) -> OrderCreated:
    """The order with all its sums; DomainError if they contradict each other."""
    totals = [line.total.amount for line in command.lines]
    subtotal, discount = sum(totals), sum(each.amount.amount for each in command.discounts)
    total = subtotal - discount + command.shipping.amount + command.tax.amount
    _check_lines(command)
    if discount > subtotal:
        raise DomainError("discount-too-large", "the discounts exceed what the lines cost", field="discounts")
    if max(subtotal, total) > MAX_AMOUNT:
        raise DomainError("total-too-large", f"an order's total has at most {MAX_AMOUNT} cents", field="lines")
    if command.total not in (None, _money(total, command)):
        raise DomainError("total-differs", f"the order comes to {total} cents", field="total")
    left = _discounted(command)
    due = [net + tax for net, tax in zip(left, share_out(command.tax.amount, left), strict=True)]
    lines = tuple(
        OrderLine(**line.model_dump(), due=_money(cents, command))
        for line, cents in zip(command.lines, due, strict=True)
    )
    return OrderCreated(
        **command.model_dump(exclude={"lines", "total"}),
        lines=lines,
        subtotal=_money(subtotal, command),
        discount=_money(discount, command),
        total=_money(total, command),
    )


def _discounted(command: CreateOrder) -> list[int]:
    """What each line costs less its discounts."""
    own: dict[str | None, int] = {}
    for each in command.discounts:
        own[each.sku] = own.get(each.sku, 0) + each.amount.amount
    shared = own.pop(None, 0)
    left = {line.sku: line.total.amount - own.pop(line.sku, 0) for line in command.lines}
    if own:
        raise DomainError("discount-unknown", f"there is no line of {next(iter(own))}", field="discounts")
    if min(left.values()) < 0:
        raise DomainError("discount-too-large", "a discount exceeds what its line costs", field="discounts")
    parts = share_out(shared, list(left.values()))
    return [cents - off for cents, off in zip(left.values(), parts, strict=True)]


def opened(command: OpenReturn, order: Order) -> ReturnOpened:
    """The return with its refund. Its lines are known to be there to be returned."""
    given = refund_of({line.sku: line.quantity for line in command.lines}, order)
    lines = tuple(ReturnedLine(**line.model_dump()) for line in given["lines"])
    return ReturnOpened(**command.model_dump(exclude={"lines"}), **{**given, "lines": lines})


def refund_of(quantities: Mapping[str, int], order: Order) -> dict[str, Any]:
    """`lines`, `shipping` and `refund` of pieces that are given up now: no more than what is left of the order."""
    terms = order.terms
    goods, shipping = _refund(quantities, terms, order.given_up)
    *goods, shipping = _within(order.left, [*goods, shipping])
    given_up = [line for line in terms.lines if quantities.get(line.sku)]
    lines = tuple(
        RefundedLine(sku=line.sku, quantity=quantities[line.sku], refund=_money(cents, terms))
        for line, cents in zip(given_up, goods, strict=True)
    )
    return {"lines": lines, "shipping": _money(shipping, terms), "refund": _money(sum(goods) + shipping, terms)}


def _refund(quantities: Mapping[str, int], terms: OrderCreated, before: Sequence[GivenUp]) -> tuple[list[int], int]:
    """Cents of each line that is named, in the order of the terms, and of the shipping."""
    goods = [_line_refund(line, quantities[line.sku], before) for line in terms.lines if quantities.get(line.sku)]
    if not is_all(terms, counted(pieces(before), quantities)):
        return goods, 0
    return goods, terms.total.amount - sum(each.refund.amount for each in before) - sum(goods)


def _within(left: int, parts: Sequence[int]) -> list[int]:
    """The parts as long as they last."""
    given: list[int] = []
    for part in parts:
        given.append(max(min(part, left - sum(given)), 0))
    return given


def pieces(given_up: Iterable[GivenUp]) -> dict[str, int]:
    """How many of each product are given up with these."""
    return counted(*({line.sku: line.quantity} for each in given_up for line in each.lines))


def counted(*quantities: Mapping[str, int]) -> dict[str, int]:
    """The sum, by product."""
    total: dict[str, int] = {}
    for sku, quantity in (item for each in quantities for item in each.items()):
        total[sku] = total.get(sku, 0) + quantity
    return total


def is_all(terms: OrderCreated, quantities: Mapping[str, int]) -> bool:
    """Whether so many of each product are everything that was ordered."""
    return all(quantities.get(line.sku, 0) >= line.quantity for line in terms.lines)


def _line_refund(line: OrderLine, quantity: int, before: Sequence[GivenUp]) -> int:
    """In proportion, of what was not given up of the line yet: of the last pieces that is all."""
    back = [each for one in before for each in one.lines if each.sku == line.sku]
    cents = line.due.amount - sum(each.refund.amount for each in back)
    left = line.quantity - sum(each.quantity for each in back)
    return cents * min(quantity, left) // left if left > 0 else 0


def _check_lines(command: CreateOrder) -> None:
    if not command.lines or len({line.sku for line in command.lines}) < len(command.lines):
        raise DomainError("lines-invalid", "at least one line, and each product once", field="lines")
    if any(line.quantity < 1 for line in command.lines):
        raise DomainError("quantity-too-small", "the quantity must be at least 1", field="lines")
    stated = [line.total for line in command.lines] + [line.unit_price for line in command.lines if line.unit_price]
    stated += [*(each.amount for each in command.discounts), command.shipping, command.tax]
    if any(money.currency != command.currency for money in stated):
        raise DomainError("currency-differs", f"the order is in {command.currency}", field="currency")


def _money(cents: int, order: CreateOrder | OrderCreated) -> Money:
    return Money(amount=cents, currency=order.currency)
