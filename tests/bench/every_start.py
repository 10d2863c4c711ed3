"""Every function of every service, from the start of its process to its first answer; and how large the archives are.

The answer is a refusal: nobody says who asks, and a public function has nothing at `/`. But the function is whole by
then, its clients included.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import functions
from emulators.processes.plans import Plan, plans
from shared import packaging
from shared.topology import Function, Service, discover
from tests.bench.first_answer import compiled, first_answer, imported
from tests.bench.http_client import post

_REFUSED = {401, 404}
_NOBODY = post("/", b"")


@dataclass(frozen=True, slots=True)
class _Archive:
    service: Service
    source: Path
    kilobytes: int
    packages: int


async def every_start(statement: str, variables: Mapping[str, str], folder: Path, rounds: int) -> list[dict[str, Any]]:
    """A row for each function; its last column is the ratio of medians to the import alone."""
    archives = [_written(service, folder) for service in discover(functions)]
    imports: list[float] = []
    taken: dict[tuple[str, str], list[float]] = defaultdict(list)
    for _ in range(rounds):
        for archive in archives:
            imports.append(await asyncio.to_thread(imported, statement))
            for plan in plans([(archive.service, archive.source)], per_function=True):
                taken[plan.service, plan.functions[0]].append(await _refused(archive.service, plan, variables))
    return [
        _row(archive, function, taken[archive.service.name, function.name], imports)
        for archive in archives
        for function in archive.service.functions
    ]


def _row(archive: _Archive, function: Function, taken: Sequence[float], imports: Sequence[float]) -> dict[str, Any]:
    return {
        "function": f"{archive.service.name}-{function.name}",
        "archive kB": archive.kilobytes,
        "packages": archive.packages,
        "ms": round(median(taken)),
        "x import": round(median(taken) / median(imports), 2),
    }


def _written(service: Service, folder: Path) -> _Archive:
    source = packaging.write(service, folder)
    zipped = BytesIO()
    with ZipFile(zipped, "w", ZIP_DEFLATED) as file:
        for path in packaging.layout(service):
            file.write(source.parent / path, path)
    pins = re.findall(r"^[\w.-]+==", (source.parent / "requirements.txt").read_text(), re.MULTILINE)
    compiled(source.parent)
    return _Archive(service, source, round(zipped.tell() / 1000), len(pins))


async def _refused(service: Service, plan: Plan, variables: Mapping[str, str]) -> float:
    """Milliseconds; RuntimeError if it answers anything else."""
    declared = dict.fromkeys((*service.environment, *service.secrets), "25")
    milliseconds, reply = await first_answer(plan, {**declared, **variables}, _NOBODY)
    if reply.status not in _REFUSED:
        raise RuntimeError(f"{plan.name} answers {reply.status} to nobody: {reply.body[:300]!r}")
    return milliseconds
