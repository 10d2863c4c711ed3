"""What everybody in one simulation has in common."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from random import Random
from typing import Any

from shared.testing.simulation.backend import Backend
from shared.testing.simulation.dice import dice_of
from shared.testing.simulation.faults import Faults
from shared.testing.simulation.story import Story
from shared.topology import Service

LONGEST_OUTAGES = (30.0, 300.0, 3000.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """`broken` is what was found wrong so far, in words. `down` are the services that no request reaches, and until
    when.
    """

    seed: int
    services: tuple[Service, ...]
    backend: Backend
    faults: Faults
    story: Story
    broken: list[str]
    down: dict[str, float] = field(default_factory=dict)
    errands: set[asyncio.Task[None]] = field(default_factory=set)

    def background(self, work: Coroutine[Any, Any, None]) -> None:
        """Something goes on by itself; nothing is quiet before it is done."""
        task = asyncio.get_running_loop().create_task(work)
        self.errands.add(task)
        task.add_done_callback(self.errands.discard)

    def goes_down(self, service: str, dice: Random) -> None:
        """No request reaches it for a while."""
        self.down[service] = asyncio.get_running_loop().time() + dice.uniform(0.0, dice.choice(LONGEST_OUTAGES))

    def dice(self, purpose: str) -> Random:
        return dice_of(self.seed, purpose)
