"""From a pushed integration event to a row of the analytics store."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from pydantic import JsonValue, TypeAdapter

from functions.analytics.manifest import ANALYTICS_FILE
from functions.analytics.port import AnalyticsSink, Fact
from shared.config import Settings
from shared.eventsourcing.errors import CorruptDataError

_PAYLOAD = TypeAdapter(dict[str, JsonValue])


def make_consume(settings: Settings) -> Callable[[Mapping[str, str], bytes], Awaitable[None]]:
    """Into the sink of this runtime."""
    from functions.analytics.adapters.sqlite import SqliteSink  # noqa: PLC0415 - by the first request

    return consume_into(SqliteSink(settings.value(ANALYTICS_FILE)))


def consume_into(sink: AnalyticsSink) -> Callable[[Mapping[str, str], bytes], Awaitable[None]]:
    """Takes one event, of whatever type. CorruptDataError if it is no CloudEvent of this platform."""

    async def consume(headers: Mapping[str, str], body: bytes) -> None:
        await sink.write([fact_of(headers, body)])

    return consume


def fact_of(headers: Mapping[str, str], body: bytes) -> Fact:
    try:
        _PAYLOAD.validate_json(body)
        return Fact(
            id=headers["ce-id"],
            type=headers["ce-type"],
            service=headers["ce-source"].strip("/"),
            subject=headers["ce-subject"],
            occurred_at=datetime.fromisoformat(headers["ce-time"]),
            recorded_at=datetime.fromisoformat(headers["ce-recordedtime"]),
            correlation_id=headers.get("ce-correlationid", ""),
            payload=body.decode(),
        )
    except (KeyError, ValueError) as error:
        raise CorruptDataError(f"this is no integration event: {error!r}") from error
