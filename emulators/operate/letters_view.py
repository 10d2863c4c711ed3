"""Dead letters as lines for people."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from pydantic_core import from_json

from shared.eventsourcing.codec import decode_commit
from shared.eventsourcing.dead_letters import Buried, Parked
from shared.eventsourcing.errors import CorruptDataError
from shared.eventsourcing.message import Commit, message_id
from shared.eventsourcing.provenance import changed_fields

_LINE = 160


def commit_id(parked: Parked) -> str:
    """Of the commit at fault."""
    return message_id(parked.stream, parked.version)


def parked_in_short(parked: Parked) -> Iterator[str]:
    """Two lines of the list."""
    yield f"  parked  {parked.projection}  {commit_id(parked)}  {_first_line(parked.error)}"
    yield f"          {_about(parked)}; {_followers(parked)}"


def buried_in_short(message: Buried) -> Iterator[str]:
    """Two lines of the list."""
    yield f"  buried  {message.subscription}  {message.message_id}  {_first_line(message.error)}"
    kind = message.attributes.get("ce-type", "a message without a type")
    yield f"          {kind} for {_owner(message)}; {_history(message)}"


def parked_in_full(parked: Parked) -> Iterator[str]:
    """All that is known about it."""
    yield f"stream {parked.stream} is parked for {parked.projection} since {_when(parked.parked_at)}"
    yield f"commit {commit_id(parked)}: {_about(parked)}"
    yield f"{_followers(parked)}{': versions ' if parked.held else ''}{', '.join(map(str, parked.held))}"
    yield from _section("error", parked.error)
    yield from _section("commit", _pretty(parked.body))


def buried_in_full(message: Buried) -> Iterator[str]:
    """All that is known about it."""
    yield f"message {message.message_id} of {message.subscription} is buried for {_owner(message)}"
    yield _history(message)
    yield from _section("error", message.error)
    yield from _section("attributes", "\n".join(f"{name}: {text}" for name, text in sorted(message.attributes.items())))
    yield from _section("body, its beginning" if message.cut else "body", _pretty(message.body))


def changes(before: BaseModel | None, after: BaseModel | None) -> Iterator[str]:
    """One line for each field of the read model that differs."""
    found = changed_fields(before, after)
    for path, (was, now) in found.items():
        yield f"  {path}: {_json(was)} → {_json(now)}"
    if not found:
        yield "  no field changes"


def _about(parked: Parked) -> str:
    commit = _commit(parked)
    if commit is None:
        return "its commit cannot be decoded"
    types = ", ".join(event.type for event in commit.events)
    return f"{commit.context.command} by {commit.context.actor} at {_when(commit.context.occurred_at)}: {types}"


def _commit(parked: Parked) -> Commit | None:
    try:
        return decode_commit(parked.body, parked.parked_at)  # when it was recorded is not asked here
    except CorruptDataError:
        return None


def _followers(parked: Parked) -> str:
    count = len(parked.held)
    return "1 follower held" if count == 1 else f"{count} followers held"


def _owner(message: Buried) -> str:
    return f"{message.service}-{message.function}" if message.function else f"nobody: {message.service} only pulls it"


def _history(message: Buried) -> str:
    attempts = f" after {message.attempts} attempts" if message.attempts else ""
    again = f", {message.times} times until {_when(message.last_at)}" if message.times > 1 else ""
    redriven = f", re-driven in vain: {message.redrives}" if message.redrives else ""
    return f"given up by the {message.origin}{attempts} at {_when(message.first_at)}{again}{redriven}"


def _when(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _section(title: str, text: str) -> Iterator[str]:
    yield f"{title}:"
    yield from (f"  {line}" for line in text.splitlines())


def _pretty(body: bytes) -> str:
    try:
        return json.dumps(from_json(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body.decode(errors="replace")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _first_line(error: str) -> str:
    line = error.partition("\n")[0]
    return line if len(line) <= _LINE else f"{line[:_LINE]}…"
