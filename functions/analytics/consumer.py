"""From a pushed integration event to a row of the analytics store."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from pydantic import JsonValue, TypeAdapter

from functions.analytics.adapters.facts import FactTable
from functions.analytics.port import AnalyticsSink, Fact
from shared.adapters import archive
from shared.bootstrap import at_end
from shared.config import Settings
from shared.eventsourcing.archive import filed_at
from shared.eventsourcing.errors import CorruptDataError

_PAYLOAD = TypeAdapter(dict[str, JsonValue])


def make_consume(settings: Settings) -> Callable[[Mapping[str, str], bytes], Awaitable[None]]:
    """Into the archive's store of this runtime."""
    store = archive.writer(settings)
    at_end(store.close)
    return consume_into(FactTable(store))


def consume_into(sink: AnalyticsSink) -> Callable[[Mapping[str, str], bytes], Awaitable[None]]:
    """Takes one event, of whatever type. CorruptDataError if it is no CloudEvent of this platform."""

    async def consume(headers: Mapping[str, str], body: bytes) -> None:
        await sink.write([fact_of(headers, body)])

    return consume


def fact_of(headers: Mapping[str, str], body: bytes) -> Fact:
    try:
        _PAYLOAD.validate_json(body)
        recorded_at = datetime.fromisoformat(headers["ce-recordedtime"])
        occurred_at, claimed_at = filed_at(datetime.fromisoformat(headers["ce-time"]), recorded_at)
        return Fact(
            id=headers["ce-id"],
            type=headers["ce-type"],
            service=headers["ce-source"].strip("/"),
            subject=headers["ce-subject"],
            occurred_at=occurred_at,
            recorded_at=recorded_at,
            claimed_at=claimed_at,
            correlation_id=headers.get("ce-correlationid", ""),
            payload=body.decode(),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise CorruptDataError(f"this is no integration event: {error!r}") from error
