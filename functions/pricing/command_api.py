"""The commands of pricing over HTTP."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC

from pydantic import Field

from functions.pricing.commands import ChangePrices, NewPrice
from functions.pricing.decider import Price
from functions.pricing.manifest import NAME, PRICE
from shared.eventsourcing.joint import Read, Target
from shared.http.auth import PEOPLE
from shared.http.command_api import Call, CommandApi, CommandEndpoint, JointEndpoint, open_to_its_roles
from shared.http.requests import Body, BoundedMoment, Id, PayableMoney

MAX_LIST = 100
"""Prices in one list: they are written in one commit, four documents each at most."""


class PriceBody(Body):
    """`valid_from` may lie in the past (a price that comes late) or in the future (one that is announced)."""

    price: PayableMoney
    valid_from: BoundedMoment | None = None


class ListedPrice(Body):
    sku: Id
    price: PayableMoney
    valid_from: BoundedMoment


class PriceListBody(Body):
    """All of these prices, or none; a product may have several, for different times."""

    prices: tuple[ListedPrice, ...] = Field(min_length=1, max_length=MAX_LIST)


def _change(body: PriceBody, call: Call) -> ChangePrices:
    since = body.valid_from.astimezone(UTC) if body.valid_from else None
    new = NewPrice(price=body.price, valid_from=since)
    return ChangePrices(sku=call.entity_id, prices=(new,), list_id=None, at=call.now)


async def _change_all(body: PriceListBody, call: Call, read: Read) -> Sequence[Target]:  # noqa: ARG001 - decided stream by stream
    prices: dict[str, list[NewPrice]] = defaultdict(list)
    for each in body.prices:
        prices[each.sku].append(NewPrice(price=each.price, valid_from=each.valid_from.astimezone(UTC)))
    return [
        Target(PRICE, sku, ChangePrices(sku=sku, prices=tuple(new), list_id=call.path["list_id"], at=call.now))
        for sku, new in prices.items()
    ]


PRICE_COMMANDS = CommandApi[Price](
    service=NAME,
    category=PRICE,
    entity="/prices/{sku}",
    guard=open_to_its_roles,
    endpoints=(
        CommandEndpoint(
            method="PUT",
            path="/prices/{sku}",
            body=PriceBody,
            build=_change,
            roles=PEOPLE,
            summary="Set a product's price, from now or from another time on.",
        ),
        JointEndpoint(
            method="PUT",
            path="/price-lists/{list_id}",
            body=PriceListBody,
            plan=_change_all,
            roles=PEOPLE,
            summary="Set the prices of many products, all of them or none.",
        ),
    ),
)
