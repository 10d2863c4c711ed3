"""Several processes in one: each context can have a clock, dice and adapters of its own."""

from contextvars import copy_context
from dataclasses import replace
from datetime import UTC, datetime

from shared.adapters.system import System, new_id, random_bytes, use_system, utc_now
from shared.bootstrap import Dependencies, Wiring, callers, close, dependencies, environment, users
from shared.bootstrap.runtime import at_end, simulate_process
from shared.testing.doubles import NOON, FixedClock
from shared.testing.memory_platform import SETTINGS, memory_dependencies
from shared.testing.simulation.dice import dice_of
from shared.testing.simulation.identities import Believing, PlatformAlone
from shared.topology import Maturity, Service

NOTHING = Service(name="nothing", description="None.", maturity=Maturity.EVENT_SOURCED, functions=())


def begin(seed: int, deps: Dependencies, project: str = "test") -> None:
    use_system(System(FixedClock(), dice_of(seed)))
    simulate_process(replace(SETTINGS, project=project), deps, Believing(), PlatformAlone())


def test_a_context_has_its_own_clock_and_dice() -> None:
    """Equal dice give equal ids; outside of it time goes on as always."""
    deps = memory_dependencies(FixedClock())

    def ids() -> tuple[datetime, str, bytes]:
        begin(1, deps)
        return utc_now(), new_id(), random_bytes(4)

    assert copy_context().run(ids) == copy_context().run(ids)
    assert copy_context().run(ids)[0] == NOON
    assert utc_now().tzinfo is UTC
    assert new_id() != new_id()


def test_a_context_is_a_process_of_its_own() -> None:
    """What is wired in it has its adapters, and no other process's."""
    one, other = memory_dependencies(FixedClock()), memory_dependencies(FixedClock())

    def wired(deps: Dependencies, project: str) -> tuple[Dependencies, str, bool]:
        begin(1, deps, project)
        known = isinstance(users(), Believing) and isinstance(callers(), PlatformAlone)
        return Wiring(NOTHING, ()).deps, environment().project, known and dependencies() is deps

    assert copy_context().run(wired, one, "one") == (one, "one", True)
    assert copy_context().run(wired, other, "other") == (other, "other", True)


async def test_a_process_closes_what_it_holds() -> None:
    """Its own, and nothing of others."""
    closed: list[str] = []

    async def note() -> None:
        closed.append("mine")

    begin(1, memory_dependencies(FixedClock()))
    at_end(note)

    await close()

    assert closed == ["mine"]
