"""Planted mistakes fit the code, and are found."""

import json

import pytest

from shared.testing.simulation.mutants import Mutant, StaleMutantError
from tests.simulation.mistakes import MUTANTS
from tests.simulation.plant import FOUND, look_for

RECORDED = {each["name"]: each for each in json.loads(FOUND.read_text())}
QUICK = sorted((each for each in RECORDED.values() if each["seeds"]), key=lambda each: each["seeds"])[:4]


def test_there_are_enough() -> None:
    """Each with a name of its own, and each in the table."""
    assert len(MUTANTS) >= 25
    assert {each.name for each in MUTANTS} == RECORDED.keys()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_it_fits_the_code(mutant: Mutant) -> None:
    """The text that it changes is there, once."""
    assert mutant.patches().keys() == {f"{mutant.target}.__code__"}


@pytest.mark.parametrize("name", [each["name"] for each in QUICK])
def test_it_is_found_again(name: str) -> None:
    """Those that need the fewest seeds."""
    mutant = next(each for each in MUTANTS if each.name == name)

    assert look_for(mutant, RECORDED[name]["seeds"] + 3)["seeds"]


def test_a_stale_mistake_is_told() -> None:
    """The code has changed since."""
    mutant = Mutant(
        name="stale", mistake="none", target="functions.cart.decider._check_out", changes=[("not there", "")]
    )

    with pytest.raises(StaleMutantError, match="0 times"):
        mutant.patches()
