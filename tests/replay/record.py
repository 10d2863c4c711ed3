"""Writes samples for event types that have none, from the streams of a test run.

    .venv/bin/python -m pytest -p tests.replay.record tests/unit/cart

Whatever the tests append to a log in memory has passed a decider. Of that the streams with the most types are taken,
until none is missing, and folded by the code as it is now. Look at what was written before you commit it: from then on
it cannot be changed.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import pytest
from pydantic_core import from_json, to_json

from shared.adapters.files import replace_file
from shared.adapters.memory.event_store import MemoryEventStore
from shared.eventsourcing.codec import decode_commit
from shared.eventsourcing.errors import CorruptDataError
from shared.eventsourcing.event_store import Answer, Appended, NewCommit, Replayed
from shared.eventsourcing.message import Commit, category_of
from tests.replay.samples import FOLDER, Category, categories, samples

MAX_COMMITS = 80
_streams: dict[tuple[int, str], list[tuple[datetime, bytes]]] = {}
_logs: list[MemoryEventStore] = []
_append = MemoryEventStore.append


async def _recorded(
    log: MemoryEventStore, commits: Sequence[NewCommit], *, answer: Answer | None = None
) -> Appended | Replayed:
    result = await _append(log, commits, answer=answer)
    if isinstance(result, Appended):
        if log not in _logs:
            _logs.append(log)  # kept alive: an id could come again otherwise
        for new in commits:
            _streams.setdefault((id(log), new.position.stream), []).append((result.recorded_at, new.body))
    return result


def pytest_configure() -> None:
    """Record from now on."""
    MemoryEventStore.append = _recorded  # type: ignore[assignment,method-assign] # for this test run only


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write what is missing, and say so."""
    terminalreporter.section("samples")
    for line in write_missing():
        terminalreporter.write_line(line)


def write_missing() -> Iterator[str]:
    """What was written and what is still missing, a line each."""
    have = {(each.file.parent.name, type_name) for each in samples() for type_name in each.types}
    found = sorted((stream for stream in map(_decoded, _streams.values()) if stream), key=_richest_first)
    for name, category in categories().items():
        for stream in found:
            if category_of(stream[0].stream) == name and _adds(stream, category, have):
                have |= {(name, type_name) for type_name in _types(stream)}
                yield f"written: {_write(name, category, stream)}"
        if missing := sorted(each for each in category.decider.codec.types if (name, each) not in have):
            yield f"{name} has still no sample of {', '.join(missing)}"


def _decoded(stored: list[tuple[datetime, bytes]]) -> list[Commit] | None:
    """The stream, if all of it was seen and it is not too long for a sample."""
    commits = [decode_commit(body, recorded_at) for recorded_at, body in stored]
    whole = [commit.version for commit in commits] == list(range(1, len(commits) + 1))
    return commits if whole and len(commits) <= MAX_COMMITS else None


def _richest_first(stream: list[Commit]) -> tuple[int, int]:
    return -len(_types(stream)), len(stream)


def _types(stream: list[Commit]) -> set[str]:
    return {event.type for commit in stream for event in commit.events}


def _adds(stream: list[Commit], category: Category, have: set[tuple[str, str]]) -> bool:
    name, types = category.decider.category, _types(stream)
    if all((name, each) in have for each in types) or not types <= category.decider.codec.types:
        return False
    try:
        category.state(stream)
        category.documents(stream)
    except (CorruptDataError, ValueError):  # of a test's own, that only shares the category's name
        return False
    return True


def _write(name: str, category: Category, stream: list[Commit]) -> str:
    last = stream[-1].events[-1].type if stream[-1].events else "empty"
    number = 1
    while (file := FOLDER / name / f"{last}-{number}.json").exists():
        number += 1
    file.parent.mkdir(parents=True, exist_ok=True)
    replace_file(file, rendered(category, stream).encode())
    return str(file.relative_to(FOLDER))


def rendered(category: Category, stream: list[Commit]) -> str:
    """The sample's file: a commit a line, then what they come to."""
    commits = [{"recorded_at": each.recorded_at, "commit": from_json(each.body)} for each in stream]
    lines = ",\n".join(f"  {_json(each)}" for each in commits)
    documents = ",\n".join(f'  "{key}": {_json(value)}' for key, value in category.documents(stream).items())
    return (
        f'{{\n"commits": [\n{lines}\n],\n"state": {_json(category.state(stream))},\n'
        f'"documents": {{\n{documents}\n}}\n}}\n'
    )


def _json(value: Any) -> str:
    return to_json(value).decode()
