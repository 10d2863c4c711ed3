"""Parts that the shop's tests share: small baskets, and a plan made of them."""

from datetime import UTC, date, datetime, timedelta

from emulators.feed.dataset import Basket, Line
from emulators.shop.choose import Fate, Sale
from emulators.shop.columns import Expected, ShopRow
from emulators.shop.coupons import Campaign, Presented
from emulators.shop.plan import Plan
from emulators.shop.products import Product

AT = datetime(2017, 11, 5, 15, tzinfo=UTC)
CAMPAIGN = Campaign("18", "Type A", date(2017, 10, 30), date(2017, 12, 24))
COUPON = Presented("18.777", 100, frozenset({"11"}))


def basket(number: int, *lines: tuple[str, int, int], household: str = "900", at: datetime = AT) -> Basket:
    return Basket(str(number), household, at + timedelta(minutes=number), [Line(*line) for line in lines])


def sale(
    fate: Fate,
    bought: Basket,
    *,
    withheld: str | None = None,
    coupons: tuple[Presented, ...] = (),
    discounts: dict[str, int] | None = None,
) -> Sale:
    return Sale(basket=bought, fate=fate, withheld=withheld, coupons=coupons, discounts=discounts or {})


SOLD = sale(Fate.SOLD, basket(1, ("11", 2, 150), ("12", 0, 7)), coupons=(COUPON,), discounts={"11": 100})
DECLINED = sale(Fate.DECLINED, basket(2, ("11", 1, 75)))
SHORT = sale(Fate.SHORT, basket(3, ("13", 1, 40), ("14", 3, 60)), withheld="13")
EMPTY = sale(Fate.EMPTY, basket(4, ("12", 0, 0)))
PLAN = Plan(
    name="test",
    sales=(SOLD, DECLINED, SHORT, EMPTY),
    campaigns=(CAMPAIGN,),
    coupons={"18.777": (CAMPAIGN, frozenset({"11", "99"}))},
    unused_coupons={},
    products=[Product(sku, "GROCERY", "", "", "", "", "") for sku in ("11", "13", "14")],
    prices={"11": 125, "13": 40, "14": 20},
)
EXPECTED = Expected(
    lines={
        "1": [ShopRow("1", "11", 2, 150, 100)],
        "2": [ShopRow("2", "11", 1, 75, 0)],
        "3": [ShopRow("3", "13", 1, 40, 0), ShopRow("3", "14", 3, 60, 0)],
        "4": [],
    },
    unsold_lines=2,
    unsold_cents=7,
)
EXPECTED.paid.update({"1": 150, "2": 75, "3": 100})
