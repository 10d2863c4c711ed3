"""The parts of the simulation."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextvars import copy_context
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest

from shared.eventsourcing.errors import UnavailableError
from shared.testing.simulation.clockwork import period_of
from shared.testing.simulation.command import main
from shared.testing.simulation.dice import dice_of
from shared.testing.simulation.faults import USUAL, Faults, Kind, drawn
from shared.testing.simulation.instances import DeadError, Instance, StoppedError
from shared.testing.simulation.loop import SeededLoop
from shared.testing.simulation.run import owner_of, run
from shared.testing.simulation.scenario import plan_of
from shared.testing.simulation.shrink import shrink
from shared.testing.virtual_time import DeadlockError
from tests.simulation.mistakes import MUTANTS
from tests.simulation.outside import Desk
from tests.simulation.shop import SHOP, shop

T = TypeVar("T")


def order(seed: int) -> list[int]:
    """In which ten tasks that are ready at once run."""
    ran: list[int] = []

    async def note(number: int) -> None:
        await asyncio.sleep(0)
        ran.append(number)

    async def body() -> None:
        await asyncio.gather(*(note(number) for number in range(10)))

    with asyncio.Runner(loop_factory=lambda: SeededLoop(dice_of(seed))) as runner:
        runner.run(body())
    return ran


def test_the_seed_says_what_runs_next() -> None:
    """The same for the same seed, and another for another."""
    assert order(1) == order(1)
    assert order(1) != order(2)


def test_sleeping_costs_nothing() -> None:
    """A year is over at once."""

    async def body() -> float:
        await asyncio.sleep(365 * 86_400.0)
        return asyncio.get_running_loop().time()

    with asyncio.Runner(loop_factory=lambda: SeededLoop(dice_of(1))) as runner:
        assert runner.run(body()) == pytest.approx(365 * 86_400.0)


def test_waiting_for_nothing_is_an_error() -> None:
    """No timer is set, and nobody can wake the task."""

    async def body() -> None:
        await asyncio.Future()

    with pytest.raises(DeadlockError), asyncio.Runner(loop_factory=lambda: SeededLoop(dice_of(1))) as runner:
        runner.run(body())


def test_kinds_have_dice_of_their_own() -> None:
    """Without one kind the others strike as before."""
    both = Faults(1, {Kind.DEATH: 0.5, Kind.COLD: 0.5}, lambda _who, _what: None)
    alone = Faults(1, {Kind.COLD: 0.5}, lambda _who, _what: None)

    struck = [(both.strikes(Kind.DEATH, ""), both.strikes(Kind.COLD, ""))[1] for _ in range(50)]

    assert struck == [alone.strikes(Kind.COLD, "") for _ in range(50)]


def test_seeds_have_no_fault_one_kind_some_or_all() -> None:
    """Swarm testing."""
    counts = {len(drawn(dice_of(seed))) for seed in range(200)}

    assert {0, 1, len(Kind)} <= counts
    assert any(1 < count < len(Kind) for count in counts)


@pytest.mark.parametrize(
    ("cron", "seconds"), [("* * * * *", 60.0), ("*/5 * * * *", 300.0), ("10 3 * * *", 600.0), ("*/30 * * * *", 600.0)]
)
def test_schedules_come_often(cron: str, seconds: float) -> None:
    """Runs are short: nothing is rarer than every ten minutes."""
    assert period_of(cron) == seconds


def test_a_method_belongs_to_its_class() -> None:
    """So that it can be patched there."""
    owner, name = owner_of("shared.eventsourcing.relay.Relay._send")

    assert (owner.__name__, name) == ("Relay", "_send")


def on_the_seeded_loop(body: Callable[[], Coroutine[Any, Any, T]]) -> T:
    with asyncio.Runner(loop_factory=lambda: SeededLoop(dice_of(1))) as runner:
        return runner.run(body())


def instance() -> Instance:
    return Instance("one", dice_of(1), lambda _: None, off=0.0, pace=1.0)


def test_a_handler_that_takes_too_long_is_stopped() -> None:
    """Its caller hears so, it cleans up, and the instance goes on."""
    cleaned: list[str] = []

    async def handler() -> None:
        try:
            await asyncio.sleep(90.0)
        finally:
            cleaned.append("locks")

    async def body() -> int:
        one = instance()
        one.context = copy_context()
        with pytest.raises(StoppedError):
            await one.run(handler(), within=60.0)
        await asyncio.sleep(0)
        return await one.run(asyncio.sleep(1.0, 7), within=60.0)

    assert on_the_seeded_loop(body) == 7
    assert cleaned == ["locks"]


def test_a_dead_instance_does_not_clean_up() -> None:
    """Not even when its time is over."""
    cleaned: list[str] = []

    async def handler() -> None:
        try:
            await asyncio.sleep(90.0)
        except asyncio.CancelledError:
            cleaned.append("locks")

    async def body() -> None:
        one = instance()
        one.context = copy_context()
        asyncio.get_running_loop().call_later(30.0, one.die)
        with pytest.raises(DeadError):
            await one.run(handler(), within=60.0)
        await asyncio.sleep(10_000.0)

    on_the_seeded_loop(body)

    assert cleaned == []


def line_with(likely: Mapping[Kind, float]) -> Any:
    return SimpleNamespace(instance=instance(), faults=Faults(1, likely, lambda _who, _what: None))


def test_a_busy_outside_system_refuses_everybody_for_a_while() -> None:
    """Not the one call alone that was one too many (HTTP 429)."""

    async def body() -> None:
        desk, line = Desk(), line_with({Kind.OUTSIDE_BUSY: 1.0})
        with pytest.raises(UnavailableError), desk.turn(line, "pi_1"):
            pass
        line.faults.likely[Kind.OUTSIDE_BUSY] = 0.0
        with pytest.raises(UnavailableError), desk.turn(line, "pi_2"):
            pass
        await asyncio.sleep(1000.0)
        with desk.turn(line, "pi_2"):
            pass

    on_the_seeded_loop(body)


def test_an_outside_system_refuses_two_calls_at_once_about_one_thing() -> None:
    """Another thing is not refused (HTTP 409)."""

    async def body() -> None:
        desk, line = Desk(), line_with({Kind.OUTSIDE_BUSY: 0.0})
        with desk.turn(line, "pi_1"), desk.turn(line, "pi_2"), pytest.raises(UnavailableError):
            desk.turn(line, "pi_1").__enter__()
        with desk.turn(line, "pi_1"):
            pass

    on_the_seeded_loop(body)


@pytest.mark.parametrize(
    "kind", [Kind.OUTAGE, Kind.STOPPED, Kind.COMMIT_DELAYED, Kind.OUTSIDE_BUSY, Kind.CUT_OFF, Kind.CLOCK_OFF]
)
def test_the_shop_gets_over_a_fault_that_strikes_often(kind: Kind) -> None:
    """It strikes, and all is well in the end."""
    outcome = run(SHOP, replace(plan_of(SHOP, 4), likely={kind: min(10 * USUAL[kind], 0.5)}))

    assert outcome.struck[kind] > 0
    assert outcome.broken == ()


def test_a_failure_tells_its_story_and_is_made_smaller() -> None:
    """The same invariant breaks with fewer people and fewer faults."""
    patches = next(each for each in MUTANTS if each.name == "answer-not-kept").patches()
    outcome = run(SHOP, plan_of(SHOP, 1), patches)

    smaller = shrink(SHOP, outcome, tries=3, patches=patches)

    assert smaller.invariant == outcome.invariant != ""
    assert len(smaller.plan.sessions) < len(outcome.plan.sessions)
    assert any("WorkflowStarted.v1" in line or "ContactChanged" in line for line in smaller.story)


def test_the_command_line_runs_seeds(capfd: pytest.CaptureFixture[str]) -> None:
    """In processes of its own; and one of them again, here."""
    assert main(shop, ["--seeds", "2", "--first", "3", "--processes", "1"]) == 0
    assert main(shop, ["--seed", "3"]) == 0
    told = capfd.readouterr().err

    assert "2 of 2 seeds, 0 failed" in told
    assert run(SHOP, plan_of(SHOP, 3)).digest in told
