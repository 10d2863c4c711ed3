"""One line of an entity's history: who changed what, when and why."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from shared.eventsourcing.message import Commit


def history_entry(commit: Commit, before: BaseModel | None, after: BaseModel | None, *, staff: bool) -> dict[str, Any]:
    """`changes` is what a reader of the document would notice. Stored events, ids of flows and the names of others are
    for staff: to everybody else they are private.
    """
    context = commit.context
    entry: dict[str, Any] = {
        "version": commit.version,
        "command": context.command,
        "actor": context.actor if staff else context.actor.partition(":")[0],
        "occurred_at": context.occurred_at,
        "recorded_at": commit.recorded_at,
        "changes": _changes(before, after),
    }
    if staff:
        entry["correlation_id"] = context.correlation_id
        entry["causation_id"] = context.causation_id
        entry["events"] = [{"type": event.type, "data": event.data} for event in commit.events]
    return entry


def _changes(before: BaseModel | None, after: BaseModel | None) -> dict[str, Sequence[Any]]:
    """Field → [before, after], for the document's fields that differ."""
    old = before.model_dump(mode="json") if before else {}
    new = after.model_dump(mode="json") if after else {}
    names = [*old, *(name for name in new if name not in old)]
    return {name: [old.get(name), new.get(name)] for name in names if old.get(name) != new.get(name)}
