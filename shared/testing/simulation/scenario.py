"""What is simulated: whose services, who uses them, and what must be true of them whatever happens."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING, Any

from shared.bootstrap.service import FunctionsOfService
from shared.config import Settings
from shared.eventsourcing.message import Commit
from shared.testing.simulation.dice import dice_of
from shared.testing.simulation.faults import Kind, drawn
from shared.testing.simulation.pool import Fitting

if TYPE_CHECKING:
    from shared.testing.simulation.world import World

Actor = Callable[["World", Random, str], Awaitable[None]]
"""One session of somebody who uses the platform: (world, their own dice, their name)."""
Invariant = Callable[["World"], Awaitable[Sequence[str]]]
"""What is not as it must be, when all is quiet; nothing if all is well."""
Glance = Callable[["World", Commit], Sequence[str]]
"""The same at any moment: of a commit that has just come into the log."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """`fittings(world)` makes the doubles of the outside systems. `prepare` runs before anything goes wrong; `mend` is
    what people do about what is stuck or buried, again and again, when nothing goes wrong any more. `sessions` many
    `actors` are drawn by their weight, besides those that come `always`. `skipped` are paths of scheduled jobs that
    need more than one thread; `patches` are put in place of what they name.
    """

    services: Mapping[str, FunctionsOfService]
    environment: Settings
    fittings: "Callable[[World], Mapping[str, Fitting]]"
    prepare: "Callable[[World], Awaitable[None]]"
    actors: Mapping[str, tuple[Actor, float]]
    invariants: Sequence[Invariant]
    mend: "Callable[[World], Awaitable[None]]"
    glances: Sequence[Glance] = ()
    skipped: frozenset[str] = frozenset()
    patches: Mapping[str, Any] = field(default_factory=dict)
    always: tuple[str, ...] = ()
    sessions: tuple[int, int] = (2, 12)
    seconds: tuple[float, float] = (60.0, 900.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """An actor comes `at` so many seconds. `number` is what their dice are made of."""

    number: int
    actor: str
    at: float

    @property
    def name(self) -> str:
        return f"{self.actor}-{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that a seed has drawn before it begins. A smaller plan of the same seed is another run. Scheduled jobs come
    after `tempo` of their usual time.
    """

    seed: int
    likely: Mapping[Kind, float]
    sessions: tuple[Session, ...]
    instances: int
    tempo: float

    def without(self, *, kinds: Sequence[Kind] = (), sessions: Sequence[Session] = ()) -> "Plan":
        return replace(
            self,
            likely={kind: likely for kind, likely in self.likely.items() if kind not in kinds},
            sessions=tuple(each for each in self.sessions if each not in sessions),
        )


def plan_of(scenario: Scenario, seed: int) -> Plan:
    """The whole run of a seed."""
    dice = dice_of(seed, "plan")
    names = list(scenario.actors)
    weights = [weight for _, weight in scenario.actors.values()]
    count, seconds = dice.randint(*scenario.sessions), dice.uniform(*scenario.seconds)
    comes = [*scenario.always, *dice.choices(names, weights, k=count)]
    sessions = tuple(
        Session(number=number, actor=actor, at=dice.uniform(0.0, seconds)) for number, actor in enumerate(comes)
    )
    return Plan(
        seed=seed,
        likely=drawn(dice),
        sessions=sessions,
        instances=dice.choice((1, 2, 2, 3)),
        tempo=dice.choice((3.0, 1.0, 0.2)),
    )
