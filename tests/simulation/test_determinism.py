"""The same seed is the same history, wherever it runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.testing.simulation.run import run
from shared.testing.simulation.scenario import plan_of
from tests.simulation.shop import SHOP

SEEDS = (1, 12)
"""Both have every kind of fault."""


def history(seed: int, hashes: str) -> str:
    """What a process of its own finds, whose sets and dictionaries of hashes have another order."""
    code = (
        "from shared.testing.simulation.run import run\n"
        "from shared.testing.simulation.scenario import plan_of\n"
        "from tests.simulation.shop import SHOP\n"
        f"print(run(SHOP, plan_of(SHOP, {seed})).digest)"
    )
    environment = {**os.environ, "PYTHONHASHSEED": hashes, "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_has_one_history(seed: int) -> None:
    """Twice in this process, and in two others."""
    plan = plan_of(SHOP, seed)

    assert {run(SHOP, plan).digest, run(SHOP, plan).digest} == {history(seed, "1"), history(seed, "2")}
    assert run(SHOP, plan).digest == history(seed, "3")


def test_two_seeds_have_two_histories() -> None:
    """The seed decides."""
    assert run(SHOP, plan_of(SHOP, 3)).digest != run(SHOP, plan_of(SHOP, 10)).digest
