"""What the shop's people do about what cannot go on by itself, once nothing goes wrong any more."""

from pydantic_core import to_json

from shared.eventsourcing.workflow.state import Status
from shared.testing.simulation.client import Client
from shared.testing.simulation.identities import PLATFORM
from shared.testing.simulation.sights import sagas
from shared.testing.simulation.world import World
from shared.topology import Push
from tests.simulation.books import facts_of
from tests.simulation.people import OK, STEPS, operator
from tests.simulation.staff import decide_return


async def mend(world: World) -> None:
    """Every dead letter is tried again, what is stuck is retried, what waits for a person is decided."""
    await redrive(world)
    staff = operator(world, world.stage.dice(f"mend/{len(world.story)}"), f"mender{len(world.story)}")
    await pay_otherwise(staff)
    if world.known.get("erased"):
        await deliver_all(world, staff)
    for service, stream, saga in await sagas(world):
        category, _, identity = stream.partition("-")
        if saga.status is Status.STUCK:
            entity = next(each.location(identity) for each in service.command_apis if each.stream_category == category)
            await staff.ask("POST", f"{entity}/retry", {"reason": "outage"})
        elif category == "return" and not saga.is_over:
            await decide_return(staff, identity, [dict(line) for line in saga.data["lines"]])


async def pay_otherwise(staff: Client) -> None:
    """What the provider did not give back a person does, unless the customer has it by a dispute. While one is open
    nobody can tell.
    """
    reply = await staff.get("/payments/v1/payments?attention=refund-failed&limit=100")
    for payment in reply.json["items"]:
        if any(each["status"] == "open" for each in payment["disputes"]):
            continue
        for refund in payment["refunds"]:
            if refund["status"] != "failed":
                continue
            url = f"/payments/v1/payments/{payment['id']}/refunds/{refund['refund_id']}/resolve"
            paid = await staff.ask("POST", url, {"paid_otherwise": True, "reason": "outage"})
            if paid.status not in OK:
                await staff.ask("POST", url, {"paid_otherwise": False, "reason": "outage"})


async def deliver_all(world: World, staff: Client) -> None:
    """Who wants to be forgotten waits for what they ordered. What a lost dispute holds back is cancelled."""
    ends: dict[str, tuple[str, str]] = {}
    for fact in await facts_of(world, "shipment"):
        order = fact.data.get("order_id") or ends.get(fact.entity, ("", ""))[0]
        ends[fact.entity] = order, fact.type
    for shipment, (order, last) in ends.items():
        if last in ("ShipmentDelivered", "ShipmentCancelled", "ShipmentForestalled", "ShipmentLost"):
            continue
        for step, body in STEPS:
            reply = await staff.ask("POST", f"/fulfillment/v1/shipments/{shipment}/{step}", body)
            if reply.status >= 400 and reply.json["code"] == "shipment-is-held":
                await staff.ask("POST", f"/orders/v1/orders/{order}/cancel", {"reason": "fraud"})


async def redrive(world: World) -> None:
    """As the command line does: function by function."""
    letters = world.backend.dead_letters
    for place, letter in sorted(letters.buried.items()):
        body = {"subscription": place.subscription, "message_id": place.message_id, "dry_run": False}
        await _post(world, place.service, letter.function, body)
        if place not in letters.buried:
            world.delivery.accepted(place.subscription, letter.attributes.get("ce-id", ""))
    for service in world.stage.services:
        for category in service.categories:
            async for parked in letters.list(category):
                body = {"projection": parked.projection, "stream": parked.stream, "dry_run": False}
                await _post(world, service.name, "projector", body)


async def _post(world: World, service: str, function: str, body: object) -> None:
    if any(each.name == function and isinstance(each.trigger, Push) for each in world.manifest(service).functions):
        instance = world.pool.pick(service, function)
        headers = {"authorization": PLATFORM, "content-type": "application/json"}
        reply = await instance.serve("POST", "/redrive", headers, to_json(body))
        world.story.tell(instance.name, f"@ /redrive {body}: {reply.status} {reply.body.decode()[:200]}")
