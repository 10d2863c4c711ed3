"""The shop's people, who work while customers buy. Each is one small function, as in `customers`."""

import asyncio
from datetime import datetime, timedelta
from random import Random
from typing import Any

from shared.bootstrap.runtime import dependencies
from shared.eventsourcing.checkpoint import at_time
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.event_store import EventStore
from shared.eventsourcing.feed_walk import heal
from shared.eventsourcing.generations import Generations
from shared.eventsourcing.message import Commit
from shared.eventsourcing.projection import Projection, Row
from shared.operations.bulk import bulk_sink
from shared.testing.simulation.client import Client
from shared.testing.simulation.sights import event_sourced
from shared.testing.simulation.world import World
from tests.simulation.people import LAG, OK, SKUS, STEPS, actor, operator, some_order


@actor
async def warehouse(world: World, dice: Random, name: str) -> None:
    """Brings some open shipments some steps further."""
    staff = operator(world, dice, name)
    for _ in range(dice.randint(1, 4)):
        reply = await staff.get("/fulfillment/v1/shipments?status=open&limit=10")
        for shipment in reply.json["items"] if reply.status in OK else []:
            if dice.random() < 0.7:
                await ship(staff, shipment["id"])
        await asyncio.sleep(dice.expovariate(1 / 60.0))


async def ship(staff: Client, shipment: str) -> None:
    """So far; what is with the carrier may get lost there."""
    steps = STEPS[: staff.dice.randint(1, len(STEPS))]
    for step, body in steps:
        await staff.ask("POST", f"/fulfillment/v1/shipments/{shipment}/{step}", body)
    if steps[-1][0] == "dispatch" and staff.dice.random() < 0.4:
        await staff.ask("POST", f"/fulfillment/v1/shipments/{shipment}/lose", {})


@actor
async def pricer(world: World, dice: Random, name: str) -> None:
    """Changes prices while others buy."""
    staff = operator(world, dice, name)
    for _ in range(dice.randint(1, 3)):
        price = {"amount": dice.randint(100, 500), "currency": "USD"}
        await staff.ask("PUT", f"/pricing/v1/prices/{dice.choice(list(SKUS))}", {"price": price})
        await asyncio.sleep(dice.expovariate(1 / 60.0))


@actor
async def counter(world: World, dice: Random, name: str) -> None:
    """Counts stock, and takes deliveries in."""
    staff = operator(world, dice, name)
    for _ in range(dice.randint(1, 3)):
        sku = dice.choice(list(SKUS))
        if dice.random() < 0.5:
            await staff.ask("POST", f"/inventory/v1/stock/{sku}/receipts", {"quantity": 3, "reference": name})
        else:
            body = {"delta": dice.choice((-2, -1, 1)), "reason": "counted"}
            await staff.ask("POST", f"/inventory/v1/stock/{sku}/adjustments", body)
        await asyncio.sleep(dice.expovariate(1 / 60.0))


@actor
async def clerk(world: World, dice: Random, name: str) -> None:
    """Gives money back out of goodwill, and cancels orders."""
    staff = operator(world, dice, name)
    for number in range(dice.randint(1, 3)):
        await asyncio.sleep(dice.expovariate(1 / 60.0))
        if (order := await some_order(world, dice)) is None:
            continue
        if dice.random() < 0.5:
            body = {"refund_id": f"{name}-{number}", "amount": {"amount": dice.randint(1, 300), "currency": "USD"}}
            reason = {"reason": "damaged", "up_to": dice.random() < 0.5}
            await staff.ask("POST", f"/payments/v1/payments/{order}/refunds", {**body, **reason})
        else:
            await cancel(staff, order)


async def cancel(staff: Client, order: str) -> None:
    """All of it, or some pieces. What is on its way already is refused."""
    body: dict[str, Any] = {"reason": "customer-request"}
    document = await staff.get(f"/orders/v1/orders/{order}")
    if document.status in OK and staff.dice.random() < 0.4:
        line = staff.dice.choice(document.json["lines"])
        body["lines"] = [{"sku": line["sku"], "quantity": staff.dice.randint(1, line["quantity"])}]
    await staff.ask("POST", f"/orders/v1/orders/{order}/cancel", body)


@actor
async def returner(world: World, dice: Random, name: str) -> None:
    """Sends something back that was delivered; the shop approves or refuses, and counts what arrives."""
    staff = operator(world, dice, name)
    await asyncio.sleep(dice.expovariate(1 / 120.0))
    if (order := await some_order(world, dice)) is None:
        return
    if dice.random() < 0.8:
        await deliver(staff, order)
    document = await staff.get(f"/orders/v1/orders/{order}")
    if document.status not in OK:
        return
    lines = [{"sku": line["sku"], "quantity": dice.randint(1, line["quantity"])} for line in document.json["lines"]]
    asked = await staff.ask("POST", "/returns/v1/returns", {"order_id": order, "lines": lines, "reason": "damaged"})
    if asked.status in OK:
        await asyncio.sleep(dice.expovariate(1 / 30.0))
        await decide_return(staff, asked.json["id"], lines)


async def deliver(staff: Client, order: str) -> None:
    """All that is open of an order."""
    reply = await staff.get(f"/fulfillment/v1/shipments?order_id={order}&limit=10")
    for shipment in reply.json["items"] if reply.status in OK else []:
        for step, body in STEPS:
            await staff.ask("POST", f"/fulfillment/v1/shipments/{shipment['id']}/{step}", body)
    await asyncio.sleep(staff.dice.expovariate(1 / 5.0))


async def decide_return(staff: Client, return_id: str, lines: list[dict[str, Any]]) -> None:
    """Where returns wait for nobody, these are refused."""
    url, dice = f"/returns/v1/returns/{return_id}", staff.dice
    if dice.random() < 0.2:
        await staff.ask("POST", f"{url}/refuse", {"reason": "too-late"})
        return
    await staff.ask("POST", f"{url}/approve", {})
    await asyncio.sleep(dice.expovariate(1 / 30.0))
    await staff.ask("POST", f"{url}/receive", {"lines": [received(line, dice) for line in lines]})


def received(line: dict[str, Any], dice: Random) -> dict[str, Any]:
    sound = dice.randint(0, line["quantity"])
    damaged = dice.randint(0, line["quantity"] - sound)
    return {"sku": line["sku"], "sound": sound, "damaged": damaged, "missing": line["quantity"] - sound - damaged}


@actor
async def rebuilder(world: World, dice: Random, name: str) -> None:
    """Builds a new generation of a read model, and lets it answer."""
    service = dice.choice([each for each in event_sourced(world) if each.projections])
    instance, own = world.pool.process(service.manifest.name, name)
    try:
        await instance.run(rebuild(own, dice.randrange(len(service.projections))))
    except UnavailableError as error:
        world.story.tell(name, f"gives up: {error!r}")


async def rebuild(service: Any, number: int) -> None:
    """As `commerce rebuild` and `commerce flip` do, but without the processes that fold in bulk there."""
    projectors, deps = service.projectors[number], dependencies()
    aliases, collection, lag = service.aliases, projectors.projection.collection, timedelta(seconds=LAG)
    until = await deps.events.now() - lag
    generation = (await aliases.change(collection, Generations.begun)).newest
    keeper, category = projectors.of(generation), projectors.projection.category
    rows, behind = await folded(keeper.projection, deps.events, until)
    await bulk_sink(deps.rows, keeper.projection.collection, [])(rows)
    for stream, version in behind.items():
        await keeper.heal(stream, version)
    await asyncio.sleep(aliases.remembered.total_seconds() + 2 * LAG)
    name = f"rebuild/{generation}/{collection}"
    await deps.checkpoints.save(f"{name}/{category}", at_time(until))
    await service.walk(name, category, lag, heal(keeper)).run()
    await aliases.change(collection, lambda known: known.completed(generation))
    await aliases.change(collection, lambda known: known.living(generation))


async def folded(
    projection: Projection[Any, Any], log: EventStore, until: datetime
) -> tuple[list[Row], dict[str, int]]:
    """The documents as of a time; and the streams of which a commit is missing, with the newest version seen."""
    found: dict[str, dict[int, Commit]] = {}
    async for fed in log.feed(projection.category, until=until):
        found.setdefault(fed.commit.stream, {})[fed.commit.version] = fed.commit
    rows: list[Row] = []
    behind: dict[str, int] = {}
    for stream, commits in found.items():
        document, last = None, max(commits)
        if last != len(commits):
            behind[stream] = last
            continue
        for version in range(1, last + 1):
            document = projection.apply(document, commits[version])
        rows.append(projection.row(stream, document, commits[last], None))
    return rows, behind
