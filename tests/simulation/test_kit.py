"""The parts of the simulation."""

import asyncio

import pytest

from shared.testing.simulation.clockwork import period_of
from shared.testing.simulation.command import main
from shared.testing.simulation.dice import dice_of
from shared.testing.simulation.faults import Faults, Kind, drawn
from shared.testing.simulation.loop import SeededLoop
from shared.testing.simulation.run import owner_of, run
from shared.testing.simulation.scenario import plan_of
from shared.testing.simulation.shrink import shrink
from shared.testing.virtual_time import DeadlockError
from tests.simulation.mistakes import MUTANTS
from tests.simulation.shop import SHOP, shop


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
