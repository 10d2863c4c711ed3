"""One seed, from its plan to its story."""

import asyncio
import gc
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, field
from importlib import import_module
from io import TextIOBase
from typing import Any

from shared.testing.simulation.dice import dice_of
from shared.testing.simulation.faults import Kind
from shared.testing.simulation.loop import SeededLoop
from shared.testing.simulation.scenario import Plan, Scenario
from shared.testing.simulation.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one run. `broken` is empty if every invariant holds."""

    plan: Plan
    broken: tuple[str, ...]
    story: tuple[str, ...] = field(repr=False)
    digest: str
    commits: int
    seconds: float
    struck: Mapping[Kind, int]

    @property
    def invariant(self) -> str:
        """The first that broke."""
        return self.broken[0].partition(":")[0] if self.broken else ""


PATIENCE = 60.0
"""Seconds of the processor that one run may take: after that it is an endless loop."""


class EndlessError(BaseException):
    """The run has come to a loop that never waits."""


def run(scenario: Scenario, plan: Plan, patches: Mapping[str, Any] | None = None) -> Outcome:
    """`patches` are put in the place of what they name, such as `functions.cart.decider.decide`, for this run."""
    runner = asyncio.Runner(loop_factory=lambda: SeededLoop(dice_of(plan.seed, "loop")))
    with (
        _patched({**scenario.patches, **(patches or {})}),
        redirect_stdout(_Nowhere()),
        _bounded(),
        _uncollected(),
        runner,
    ):
        return runner.run(_run(scenario, plan))


async def _run(scenario: Scenario, plan: Plan) -> Outcome:
    world = World(scenario, plan)
    asyncio.get_running_loop().set_exception_handler(lambda _, context: world.broken.append(f"loop: {context}"))
    try:
        broken = await world.run()
    except (Exception, EndlessError) as error:  # noqa: BLE001 - a fault of the simulation is told with its story, too
        broken = [*world.broken, f"simulation: {error!r}"]
    return Outcome(
        plan=plan,
        broken=tuple(broken),
        story=tuple(world.story.lines()) if broken else (),
        digest=world.story.digest(),
        commits=len(world.backend.order),
        seconds=asyncio.get_running_loop().time(),
        struck=dict(world.faults.struck),
    )


@contextmanager
def _bounded() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise EndlessError(f"a run takes more than {PATIENCE} s")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@contextmanager
def _uncollected() -> Iterator[None]:
    """No cycle is collected on the way: what a collector finalizes, such as an asynchronous generator that nobody read
    to its end, would be one more callback, whenever it comes by. At the end only what the run has made is looked at.
    """
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.collect()
        gc.unfreeze()


@contextmanager
def _patched(patches: Mapping[str, Any]) -> Iterator[None]:
    with ExitStack() as stack:
        for target, replacement in patches.items():
            owner, name = owner_of(target)
            stack.callback(setattr, owner, name, getattr(owner, name))
            setattr(owner, name, replacement)
        yield


def owner_of(target: str) -> tuple[Any, str]:
    """The module or class that holds what `target` names, and its name there."""
    parts = target.split(".")
    for length in range(len(parts) - 1, 0, -1):
        name = ".".join(parts[:length])
        try:
            owner: Any = sys.modules.get(name) or import_module(name)
        except ModuleNotFoundError:
            continue
        for part in parts[length:-1]:
            owner = getattr(owner, part)
        return owner, parts[-1]
    raise LookupError(target)


class _Nowhere(TextIOBase):
    """The services' own log lines: the story tells more."""

    def write(self, text: str, /) -> int:
        return len(text)
