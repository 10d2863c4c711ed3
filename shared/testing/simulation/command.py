"""Many seeds on all cores, and one seed again: what `make simulate` does."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from shared.testing.simulation.run import Outcome, run
from shared.testing.simulation.scenario import Scenario, plan_of
from shared.testing.simulation.shrink import shrink

_CHUNK = 5
Make = Callable[[], Scenario]
"""Makes the scenario, in whatever process it is called."""


def main(make: Make, arguments: Sequence[str] | None = None) -> int:
    """0 if all seeds hold."""
    parser = argparse.ArgumentParser(prog="simulate", description="Runs seeds of the simulation.")
    parser.add_argument("--seed", type=int, help="this one again, with its story")
    parser.add_argument("--seeds", type=int, default=100, help="so many")
    parser.add_argument("--first", type=int, default=1, help="from this one on")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no further seed after so many")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--shrink", type=int, default=60, help="runs spent to make a failure smaller; 0: as it is")
    options = parser.parse_args(arguments)
    if options.seed is not None:
        outcome = run(make(), plan_of(make(), options.seed))
        report(shrink(make(), outcome, tries=options.shrink) if outcome.broken else outcome)
        return 1 if outcome.broken else 0
    failed = 0
    seeds = range(options.first, options.first + options.seeds)
    for done, outcome, rate in many(make, seeds, seconds=options.seconds, processes=options.processes):
        if outcome.broken:
            failed += 1
            _say("")
            report(shrink(make(), outcome, tries=options.shrink))
        _say(f"\r{done} of {len(seeds)} seeds, {failed} failed, {rate:.1f} seeds/s ", end="")
    _say("")
    return 1 if failed else 0


def many(
    make: Make, seeds: Sequence[int], *, seconds: float = float("inf"), processes: int = 1
) -> Iterator[tuple[int, Outcome, float]]:
    """How many are done, the outcome of one, and how many are done each second."""
    began, done = time.perf_counter(), 0
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        chunks = [seeds[index : index + _CHUNK] for index in range(0, len(seeds), _CHUNK)]
        deadline = time.time() + seconds  # noqa: TID251 - of this process, not of the simulation
        for future in as_completed([pool.submit(_chunk, make, list(chunk), deadline) for chunk in chunks]):
            for outcome in future.result():
                done += 1
                yield done, outcome, done / (time.perf_counter() - began)


def _chunk(make: Make, seeds: Sequence[int], deadline: float) -> list[Outcome]:
    scenario = make()
    return [
        run(scenario, plan_of(scenario, seed))
        for seed in seeds
        if time.time() < deadline  # noqa: TID251 - as above
    ]


def report(outcome: Outcome) -> None:
    """The story of a failure, and how to have it again."""
    plan = outcome.plan
    for line in outcome.story:
        _say(line)
    faults = ", ".join(f"{kind.name} ({count})" for kind, count in outcome.struck.items()) or "none"
    _say(f"\nseed {plan.seed}: {len(plan.sessions)} sessions, {outcome.commits} commits, {outcome.seconds:.0f} s")
    _say(f"faults that struck: {faults}")
    for broken in outcome.broken[:20]:
        _say(f"BROKEN {broken}")
    _say(f"history {outcome.digest}; again: make simulate SEED={plan.seed}")


def _say(text: str, *, end: str = "\n") -> None:
    sys.stderr.write(text + end)
    sys.stderr.flush()
