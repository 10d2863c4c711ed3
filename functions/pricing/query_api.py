"""The queries of pricing over HTTP."""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from pydantic import Field

from functions.pricing.events import PriceEvent
from functions.pricing.manifest import NAME, PRICES
from functions.pricing.projections import PRICES_PROJECTION
from functions.pricing.read_models import PriceAtTime, PricesView, Quote, QuotedLine
from shared.eventsourcing.errors import DomainError, NotFoundError
from shared.eventsourcing.ids import ID
from shared.eventsourcing.money import MAX_AMOUNT, Currency, Money
from shared.http.auth import COUNTER, EVERYONE, PEOPLE, STAFF, Principal
from shared.http.documents import DocumentReader, check_reached
from shared.http.problems import ProblemError, bad_field
from shared.http.query_api import MAX_VERSION, Asked, CustomQuery, QueryApi, QueryWiring
from shared.http.requests import Moment, Parameters

MAX_ITEMS = 100
"""Lines of a quote: as many as a customer's cart can hold."""
MAX_QUANTITY = 100_000
_ITEM = re.compile(rf"({ID}):([0-9]{{1,6}})")
_MAX_ITEMS_CHARS = 16_000
_MAX_NAMED = 10
"""Products that a refusal names."""


class PriceParameters(Parameters):
    """`at` asks for the price of another time than now and is for staff; `min_version` for a document that shows at
    least that version of the product's prices.
    """

    currency: Currency = "USD"
    at: Moment | None = None
    min_version: int | None = Field(None, ge=1, le=MAX_VERSION)


class QuoteParameters(Parameters):
    """`items` are `sku:quantity`, with commas between them; `at` is for staff."""

    items: str = Field(max_length=_MAX_ITEMS_CHARS)
    currency: Currency = "USD"
    at: Moment | None = None


def _price(wiring: QueryWiring) -> Callable[[Asked], Awaitable[PriceAtTime]]:
    documents = DocumentReader(PRICES_PROJECTION, wiring.rows, wiring.log)

    async def answer(asked: Asked) -> PriceAtTime:
        wanted: PriceParameters = asked.parameters
        moment = _moment(asked.principal, wanted.at, wiring.clock())
        found = await documents.current(asked.path["sku"], wanted.min_version or 0)
        if found.row is not None:
            check_reached(found.row, wanted.min_version or 0, whole=found.whole)
        document, _ = PRICES_PROJECTION.restore(found.row)
        valid, following = document.at(moment, wanted.currency) if document else (None, None)
        if document is None or valid is None:
            raise NotFoundError("price-not-found", f"there is no price in {wanted.currency} at that time")
        until = following.valid_from if following else None
        return PriceAtTime(sku=document.id, price=valid.price, valid_from=valid.valid_from, valid_until=until)

    return answer


def _quote(wiring: QueryWiring) -> Callable[[Asked], Awaitable[Quote]]:
    async def answer(asked: Asked) -> Quote:
        wanted: QuoteParameters = asked.parameters
        moment = _moment(asked.principal, wanted.at, wiring.clock())
        items = parse_items(wanted.items)
        rows = await wiring.rows.get_many(PRICES, list(items))
        found = {sku: PRICES_PROJECTION.restore(row)[0] for sku, row in rows.items()}
        return quote(items, found, wanted.currency, moment)

    return answer


def _moment(principal: Principal, stated: datetime | None, now: datetime) -> datetime:
    """What something will cost is not for everybody to know."""
    if stated is not None and not principal.has(*STAFF):
        raise ProblemError(403, "field-reserved", "only staff may state at", errors=[("at", "not yours")])
    return stated or now


def parse_items(text: str) -> dict[str, int]:
    """Quantity by sku, in the order given; a 400 problem that names `items` for anything else."""
    items: dict[str, int] = {}
    for part in text.split(","):
        match = _ITEM.fullmatch(part)
        if match is None or not 1 <= int(match[2]) <= MAX_QUANTITY:
            raise bad_field("items", f"must be sku:quantity with commas between them, 1 to {MAX_QUANTITY} of each")
        if match[1] in items:
            raise bad_field("items", f"{match[1]} is given more than once")
        items[match[1]] = int(match[2])
    if len(items) > MAX_ITEMS:
        raise bad_field("items", f"at most {MAX_ITEMS} of them")
    return items


def quote(items: Mapping[str, int], found: Mapping[str, PricesView | None], currency: str, moment: datetime) -> Quote:
    """What these quantities cost at `moment`. DomainError if one of them has no price then, or the sum is too large."""
    prices = {
        sku: valid.price.amount
        for sku in items
        if (document := found.get(sku)) and (valid := document.at(moment, currency)[0])
    }
    if missing := [sku for sku in items if sku not in prices]:
        raise DomainError(
            "price-not-found", f"no price in {currency} for {', '.join(missing[:_MAX_NAMED])}", field="items"
        )
    if sum(prices[sku] * quantity for sku, quantity in items.items()) > MAX_AMOUNT:
        raise DomainError("total-too-large", f"a quote has at most {MAX_AMOUNT} cents", field="items")
    lines = [
        QuotedLine(
            sku=sku,
            quantity=quantity,
            unit_price=Money(amount=prices[sku], currency=currency),
            total=Money(amount=prices[sku] * quantity, currency=currency),
        )
        for sku, quantity in items.items()
    ]
    total = Money(amount=sum(line.total.amount for line in lines), currency=currency)
    return Quote(currency=currency, lines=lines, total=total)


PRICE_QUERY = CustomQuery(
    service=NAME,
    path="/prices/{sku}",
    parameters=PriceParameters,
    answer=_price,
    returns=PriceAtTime,
    summary="What a product costs, now or at another time.",
    roles=COUNTER,
)
QUOTE_QUERY = CustomQuery(
    service=NAME,
    path="/quotes",
    parameters=QuoteParameters,
    answer=_quote,
    returns=Quote,
    summary="What a basket costs, now or at another time.",
    roles=EVERYONE,
)
PRICES_QUERIES = QueryApi[PriceEvent, PricesView](
    service=NAME,
    projection=PRICES_PROJECTION,
    entity="/price-histories/{sku}",
    collection="/price-histories",
    filters=("currency",),
    required=("currency",),
    order_by="id",
    newest_first=False,
    seen_by=PEOPLE,
)
