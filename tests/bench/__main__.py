"""`python -m tests.bench [--json FILE] [--quick] [--only NAME]...`: all parts in one run, on emulators of its own."""

import argparse
import os
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import uvloop
from pydantic_core import to_json
from rich.console import Console

from emulators.processes.google import HOW_TO_INSTALL, Installation, find_installation
from emulators.settings import ROOT
from shared.adapters.files import replace_file
from shared.adapters.system import utc_now
from tests.bench import (
    append,
    cold_load,
    cold_start,
    feed_rate,
    http_warm,
    lag,
    priced,
    replay,
    search,
    snapshots,
    throughput,
)
from tests.bench.figures import Result
from tests.bench.machine import machine
from tests.bench.report import Report, show, show_head
from tests.bench.surroundings import surroundings

_FOLDER = ROOT / ".local" / "bench"
_PARTS = {
    "append": append,
    "http": http_warm,
    "load": cold_load,
    "feed": feed_rate,
    "operations": priced,
    "throughput": throughput,
    "start": cold_start,
    "lag": lag,
    "search": search,
    "replay": replay,
    "snapshots": snapshots,
}


async def bench(installation: Installation, options: argparse.Namespace, console: Console) -> Report:
    parts: dict[str, tuple[Result, float]] = {}
    report = Report(
        started=utc_now(),
        command=shlex.join(["python", "-m", "tests.bench", *sys.argv[1:]]),
        quick=options.quick,
        machine=machine(installation),
        parts=parts,
    )
    show_head(report, console)
    console.print()
    async with surroundings(installation, _FOLDER, quick=options.quick) as around:
        for name in options.only or _PARTS:
            began = time.monotonic()
            result = await _PARTS[name].run(around)
            parts[name] = (result, time.monotonic() - began)
            show(result, console)
    return report


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--json", type=Path, default=ROOT / ".local" / "bench.json", help="where the findings go")
    parser.add_argument("--quick", action="store_true", help="few samples: shows that everything works, nothing else")
    parser.add_argument("--only", action="append", choices=_PARTS, help="this part alone; repeatable")
    options = parser.parse_args(arguments)
    installation = find_installation()
    if installation is None:
        sys.stderr.write(f"Google's emulators and Java are needed: {HOW_TO_INSTALL}\n")
        return 1
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
    report = uvloop.run(bench(installation, options, console))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    replace_file(options.json, to_json(report.as_data(), indent=2) + b"\n")
    console.print(f"written to {os.path.relpath(options.json)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
