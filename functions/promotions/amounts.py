"""What coupons take off a basket: whole cents, that add up.

Coupons apply in the order in which they are presented, each to what those before it left of the lines that it is valid
for. A percentage is of the sum of these lines, rounded half up to a whole cent; a fixed amount is taken once, and at
most what is left. Both are shared out over the lines in proportion to what is left of them, by largest remainder: the
shares add up exactly, and none exceeds its line.
"""

from collections.abc import Mapping
from typing import assert_never

from functions.promotions.commands import PresentedCoupon, Redeem, Terms
from functions.promotions.events import (
    AmountOff,
    AppliedCoupon,
    AppliedDiscount,
    CouponsRedeemed,
    PercentOff,
    StatedOff,
)
from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.money import MAX_AMOUNT, Currency, Money


def redeemed(command: Redeem) -> CouponsRedeemed:
    """The whole account; DomainError if one of the coupons cannot be applied."""
    _check_lines(command)
    terms = {each.code: each for each in command.terms}
    left = {line.sku: line.total.amount for line in command.lines}
    coupons: list[AppliedCoupon] = []
    discounts: list[AppliedDiscount] = []
    for presented in command.coupons:
        if presented.code not in terms:
            raise DomainError("coupon-not-found", f"there is no coupon {presented.code}", field=presented.code)
        applied = _applied(presented, terms[presented.code], command)
        coupons.append(applied)
        discounts += _discounts(applied, terms[presented.code], left, command.currency)
    total = sum(each.amount.amount for each in discounts)
    return CouponsRedeemed(
        redemption_id=command.redemption_id,
        customer_id=command.customer_id,
        currency=command.currency,
        coupons=tuple(coupons),
        lines=command.lines,
        discounts=tuple(discounts),
        total_discount=Money(amount=total, currency=command.currency),
        at=command.at,
    )


def _check_lines(command: Redeem) -> None:
    if any(line.total.currency != command.currency for line in command.lines):
        raise DomainError("currency-differs", f"the basket is in {command.currency}", field="lines")
    if sum(line.total.amount for line in command.lines) > MAX_AMOUNT:
        raise DomainError("total-too-large", f"a basket has at most {MAX_AMOUNT} cents", field="lines")


def _applied(presented: PresentedCoupon, terms: Terms, command: Redeem) -> AppliedCoupon:
    """The coupon with its terms, once it is clear that they can be applied to this basket."""
    code, discount, stated = presented.code, terms.discount, presented.stated
    if isinstance(discount, StatedOff) and stated is None:
        raise DomainError("discount-missing", f"for {code} the till states what it took off", field=code)
    if not isinstance(discount, StatedOff) and stated is not None:
        raise DomainError("discount-stated", f"{code} says itself what it takes off", field=code)
    fixed = discount.amount if isinstance(discount, AmountOff) else stated
    if fixed is not None and fixed.currency != command.currency:
        raise DomainError("currency-differs", f"{code} is in {fixed.currency}", field=code)
    if not any(line.sku in terms.skus for line in command.lines):
        raise _not_applicable(code, "it is valid for nothing in this basket")
    return AppliedCoupon(code=code, campaign_id=terms.campaign_id, discount=discount, stated=stated)


def _discounts(coupon: AppliedCoupon, terms: Terms, left: dict[str, int], currency: Currency) -> list[AppliedDiscount]:
    """One for each line that it takes something off; what is `left` of the lines is less by as much afterwards."""
    eligible = {sku: cents for sku, cents in left.items() if sku in terms.skus}
    worth, reason = _worth(coupon, sum(eligible.values())), _reason(coupon, len(eligible))
    if worth == 0:
        return [AppliedDiscount(code=coupon.code, sku=None, amount=Money(amount=0, currency=currency), reason=reason)]
    found = []
    for sku, cents in shares(worth, eligible).items():
        left[sku] -= cents
        amount = Money(amount=cents, currency=currency)
        found.append(AppliedDiscount(code=coupon.code, sku=sku, amount=amount, reason=reason))
    return found


def _worth(coupon: AppliedCoupon, total: int) -> int:
    """Cents, at most `total`, which is what is left of the lines that the coupon is valid for."""
    match coupon.discount:
        case PercentOff(percent=percent):
            worth = (total * percent + 50) // 100
        case AmountOff(amount=amount):
            worth = min(amount.amount, total)
        case StatedOff():
            worth = coupon.stated.amount if coupon.stated else 0
            if worth > total:
                raise DomainError(
                    "discount-too-large", f"{coupon.code}: {worth} cents off lines of {total}", field=coupon.code
                )
            return worth
        case _:
            assert_never(coupon.discount)
    if worth == 0:
        raise _not_applicable(coupon.code, "nothing is left that it could take off")
    return worth


def shares(cents: int, weights: Mapping[str, int]) -> dict[str, int]:
    """`cents` in proportion to the weights, in whole cents that add up: what rounding down leaves over goes, a cent
    each, to the largest remainders, and among equals to the first. No share exceeds its weight if `cents` does not
    exceed their sum, which must be above zero. Shares of nothing are left out.
    """
    total = sum(weights.values())
    parts = {key: divmod(cents * weight, total) for key, weight in weights.items()}
    over = cents - sum(whole for whole, _ in parts.values())
    favoured = set(sorted(parts, key=lambda key: -parts[key][1])[:over])
    found = {key: whole + (key in favoured) for key, (whole, _) in parts.items()}
    return {key: share for key, share in found.items() if share}


def _reason(coupon: AppliedCoupon, lines: int) -> str:
    """Why something was taken off, for people."""
    valid = f"{lines} {'line' if lines == 1 else 'lines'} that coupon {coupon.code} is valid for"
    match coupon.discount:
        case PercentOff(percent=percent):
            return f"{percent} % off the {valid}"
        case AmountOff(amount=amount):
            return f"{amount.amount} cents off the {valid}, or what was left of them"
        case StatedOff():
            return f"as the till stated for the {valid}"
        case _:
            assert_never(coupon.discount)


def _not_applicable(code: str, why: str) -> DomainError:
    return DomainError("coupon-not-applicable", f"{code}: {why}", field=code)
