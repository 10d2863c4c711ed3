"""A smaller plan that breaks the same invariant: fewer sessions, fewer kinds of faults, one instance."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from shared.testing.simulation.run import Outcome, run
from shared.testing.simulation.scenario import Plan, Scenario


def shrink(
    scenario: Scenario, outcome: Outcome, *, tries: int = 60, patches: Mapping[str, Any] | None = None
) -> Outcome:
    """The smallest that was found in so many runs."""
    smallest, left = outcome, tries
    progress = True
    while progress:
        progress = False
        for plan in _smaller(smallest.plan):
            if left == 0:
                return smallest
            left -= 1
            tried = run(scenario, plan, patches)
            if tried.invariant == outcome.invariant:
                smallest, progress = tried, True
                break
    return smallest


def _smaller(plan: Plan) -> Iterator[Plan]:
    """Big steps first."""
    half = len(plan.sessions) // 2
    if half:
        yield plan.without(sessions=plan.sessions[:half])
        yield plan.without(sessions=plan.sessions[half:])
    kinds = list(plan.likely)
    if len(kinds) > 1:
        yield plan.without(kinds=kinds[: len(kinds) // 2])
        yield plan.without(kinds=kinds[len(kinds) // 2 :])
    for session in plan.sessions:
        yield plan.without(sessions=[session])
    for kind in kinds:
        yield plan.without(kinds=[kind])
    if plan.instances > 1:
        yield replace(plan, instances=1)
