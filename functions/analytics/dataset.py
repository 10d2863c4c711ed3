"""What can be asked for: the archive's tables, and the views that are made of them."""

from shared.eventsourcing.archive import DATASET as NAME
from shared.topology import EVENTS_TABLE, FACTS_TABLE, Dataset, View


def _view(name: str, description: str) -> View:
    return View(name=name, description=description, sql=f"views/{name}.sql")


VIEWS = (
    _view("events_once", "Every stored event once."),
    _view("facts_once", "Every integration event once."),
    _view("products", "Products as the catalog described them last."),
    _view("sold_pieces", "What was sold and not given up, by order and product, before coupons."),
    _view("sold_discounts", "What coupons took off what was sold."),
    _view("sold_lines", "What was sold, by order and product."),
    _view("revenue_by_department_week", "Revenue by department and week."),
    _view("basket_size", "How large orders are, by week."),
    _view("coupon_effect", "Orders with a coupon beside those without."),
    _view("stock_turnover", "How fast the stock of a product is sold."),
    _view("funnel", "From the cart to the paid order, by week."),
    _view("saga_outcomes", "How checkouts and returns end, and where they turn back."),
    _view("storage_growth", "What each category's events took, by day."),
)
"""Those of facts read published contracts only: a service may change its private events without asking anybody."""


DATASET = Dataset(
    name=NAME,
    description="The archive of all services and what a shop asks of it.",
    tables=(EVENTS_TABLE, FACTS_TABLE),
    views=VIEWS,
)
