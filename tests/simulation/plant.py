"""Plants each mistake and looks for the first seed that finds it: the data of the table in `docs/simulation.md`."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from shared.testing.simulation.mutants import Mutant
from shared.testing.simulation.run import run
from shared.testing.simulation.scenario import plan_of
from tests.simulation.mistakes import MUTANTS
from tests.simulation.shop import SHOP

FOUND = Path(__file__).with_name("found.json")
Found = dict[str, Any]


def look_for(mutant: Mutant, most: int) -> Found:
    """The first of so many seeds that finds it; 0 seeds if none does."""
    patches = mutant.patches()
    for seed in range(1, most + 1):
        outcome = run(SHOP, plan_of(SHOP, seed), patches)
        if outcome.broken:
            return _told(mutant, outcome.invariant, seed, seed)
    return _told(mutant, "", 0, most)


def _told(mutant: Mutant, invariant: str, seeds: int, tried: int) -> Found:
    return {"name": mutant.name, "mistake": mutant.mistake, "invariant": invariant, "seeds": seeds, "tried": tried}


def _look(name: str, most: int) -> Found:
    return look_for(next(each for each in MUTANTS if each.name == name), most)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if all are found."""
    parser = argparse.ArgumentParser(prog="plant")
    parser.add_argument("names", nargs="*", help="these alone; the others stay as they were found")
    parser.add_argument("--most", type=int, default=2000, help="seeds for each")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    known = {each["name"]: each for each in (json.loads(FOUND.read_text()) if FOUND.exists() else [])}
    names = options.names or [each.name for each in MUTANTS]
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
        for found in pool.map(_look, names, [options.most] * len(names)):
            known[found["name"]] = found
            sys.stderr.write(f"{found['name']:32} {found['seeds'] or 'not found':>10} {found['invariant']}\n")
            table = [known[each.name] for each in MUTANTS if each.name in known]
            FOUND.write_text(json.dumps(table, indent=1) + "\n")
    return 0 if all(known[name]["seeds"] for name in names) else 1


if __name__ == "__main__":
    sys.exit(main())
