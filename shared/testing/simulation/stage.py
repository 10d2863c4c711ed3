"""What everybody in one simulation has in common."""

from dataclasses import dataclass
from random import Random

from shared.testing.simulation.backend import Backend
from shared.testing.simulation.dice import dice_of
from shared.testing.simulation.faults import Faults
from shared.testing.simulation.story import Story
from shared.topology import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """`broken` is what was found wrong so far, in words."""

    seed: int
    services: tuple[Service, ...]
    backend: Backend
    faults: Faults
    story: Story
    broken: list[str]

    def dice(self, purpose: str) -> Random:
        return dice_of(self.seed, purpose)
