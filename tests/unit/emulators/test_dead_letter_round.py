"""The whole round of a message: tried until the attempts are spent, given up, drained, seen, taken once."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.adapters.memory.dead_letters import MemoryDeadLetters
from shared.eventsourcing.desk import Desk, Redriven
from shared.eventsourcing.drain import Drain, DrainReport, Pipe
from shared.testing.virtual_time import on_virtual_time, virtual_now
from tests.unit.emulators.delivery_world import world


@dataclass
class Projecting:
    """`Taker` that has a bug until it is mended."""

    mended: bool = False
    taken: list[bytes] = field(default_factory=list)
    never: tuple[type[Exception], ...] = ()

    async def take(self, headers: Mapping[str, str], body: bytes) -> str:
        if not self.mended:
            raise ZeroDivisionError(headers["ce-id"])
        self.taken.append(body)
        return "applied"

    def reads(self, headers: Mapping[str, str], body: bytes) -> str:
        return f"{headers['ce-id']} of {len(body)} bytes"


@on_virtual_time
async def test_a_message_that_was_given_up_is_taken_once_after_the_fix() -> None:
    """And by nobody before it: it is tried as often as its subscription says, and kept for an operator then."""
    taker, letters = Projecting(), MemoryDeadLetters()
    desk = Desk(service="fast", function="projector", taker=taker, dead_letters=letters, clock=virtual_now)
    async with world() as w:

        async def push(identity: str) -> int:
            await desk.deliver({"ce-id": identity}, identity.encode())
            return 204

        pipe = Pipe(keeper="fast-sub-dead", subscription="fast-sub", function="projector")
        drain = Drain(service="fast", pipes=[pipe], subscriber=w.broker, dead_letters=letters, clock=virtual_now)
        w.functions.answers["a"] = push
        await w.publish("a")
        stats = await w.settled()

        assert (stats.counters.delivered, stats.counters.dead_lettered) == (5, 1)
        assert await drain.run() == DrainReport(buried=1, dropped=0)
        (letter,) = await desk.letters()
        assert (letter.message_id, letter.attempts) == ("a", 5)

        taker.mended = True
        assert await desk.redrive(letter, dry_run=True) == Redriven("a of 1 bytes")
        assert await desk.redrive(letter, dry_run=False) == Redriven("applied")

        assert (taker.taken, await desk.letters()) == ([b"a"], [])
        assert await drain.run() == DrainReport(buried=0, dropped=0)
