"""The same seed is the same history, wherever it runs."""

import os
import subprocess
import sys
from pathlib import Path

from shared.testing.simulation.run import run
from shared.testing.simulation.scenario import plan_of
from tests.simulation.shop import SHOP

SEEDS = (1, 12)


def histories(hashes: str) -> list[str]:
    """What a process of its own finds, whose sets and dictionaries of hashes have another order."""
    code = (
        "from shared.testing.simulation.run import run\n"
        "from shared.testing.simulation.scenario import plan_of\n"
        "from tests.simulation.shop import SHOP\n"
        f"print(*(run(SHOP, plan_of(SHOP, seed)).digest for seed in {SEEDS}))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": hashes, "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_a_seed_has_one_history() -> None:
    """Twice in this process, and in two others."""
    here = [[run(SHOP, plan_of(SHOP, seed)).digest for seed in SEEDS] for _ in range(2)]

    assert here == [histories("1"), histories("2")]


def test_two_seeds_have_two_histories() -> None:
    """The seed decides."""
    assert run(SHOP, plan_of(SHOP, 3)).digest != run(SHOP, plan_of(SHOP, 10)).digest
