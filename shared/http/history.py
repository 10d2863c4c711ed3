"""An entity's past over HTTP: who changed what, when and why, commit by commit and field by field."""

from collections.abc import Mapping
from typing import Any

from shared.eventsourcing.message import Commit, parse_message_id
from shared.eventsourcing.provenance import Setter

Entry = dict[str, Any]


def history_entry(commit: Commit, changes: Mapping[str, tuple[Any, Any]] | None, *, staff: bool) -> Entry:
    """`changes` is what a reader of the document would notice, None where nobody looked. Stored events, with the
    reasons in them, ids of flows and the names of others are for people of the shop (`staff`): to everybody else they
    are private.
    """
    context = commit.context
    entry: Entry = {
        "version": commit.version,
        "command": context.command,
        "actor": _actor(context.actor, staff=staff),
        "occurred_at": context.occurred_at,
        "recorded_at": commit.recorded_at,
        "changes": changes,
    }
    if staff:
        entry["reason"] = next((event.data["reason"] for event in commit.events if event.data.get("reason")), None)
        entry["correlation_id"] = context.correlation_id
        entry["causation_id"] = context.causation_id
        entry["events"] = [{"type": event.type, "data": event.data} for event in commit.events]
    return entry


def setter_entry(setter: Setter, *, staff: bool) -> Entry:
    """One of the events that set a field, with as much about it as `history_entry` tells the same caller."""
    entry: Entry = {
        "version": parse_message_id(setter.id)[1],
        "command": setter.command,
        "actor": _actor(setter.actor, staff=staff),
        "occurred_at": setter.occurred_at,
        "recorded_at": setter.recorded_at,
        "before": setter.before,
        "after": setter.after,
    }
    return {**entry, "id": setter.id, "type": setter.type} if staff else entry


def _actor(actor: str, *, staff: bool) -> str:
    return actor if staff else actor.partition(":")[0]
