"""What the shop's people do about what cannot go on by itself, once nothing goes wrong any more."""

from pydantic_core import to_json

from shared.testing.simulation.identities import PLATFORM
from shared.testing.simulation.world import World
from shared.topology import Push


async def mend(world: World) -> None:
    """Every dead letter is tried again."""
    await redrive(world)


async def redrive(world: World) -> None:
    """As the command line does: function by function."""
    letters = world.backend.dead_letters
    for place, letter in sorted(letters.buried.items()):
        body = {"subscription": place.subscription, "message_id": place.message_id, "dry_run": False}
        await _post(world, place.service, letter.function, body)
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
