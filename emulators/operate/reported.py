"""How fast replays are in the cloud, told to Cloud Logging: an operator's own terminal is no place to measure them."""

from collections.abc import Callable
from typing import Any, Protocol

from emulators.operating import Say
from shared.adapters.system import utc_now
from shared.config import Runtime, Settings
from shared.eventsourcing.errors import UnavailableError
from shared.observability.logs import OPERATIONS_LOG
from shared.operations.replay import Replayed

_MILLION = 1_000_000


class EntryLog(Protocol):
    """Where an entry goes; UnavailableError if it is not taken."""

    async def write(self, severity: str, message: str, **fields: Any) -> None: ...


def operations_log(settings: Settings) -> EntryLog | None:
    """None where there is no Cloud Logging."""
    if settings.runtime is not Runtime.GCP:
        return None
    from shared.adapters.cloud_logging import SCOPE, CloudLogging  # noqa: PLC0415 - only in the cloud
    from shared.adapters.keys.access_token import AccessToken  # noqa: PLC0415 - as above

    return CloudLogging(settings.project, OPERATIONS_LOG, token=AccessToken(SCOPE), clock=utc_now)


async def report_replay(
    settings: Settings,
    say: Say,
    *,
    service: str,
    read_model: str,
    replayed: Replayed,
    log_of: Callable[[Settings], EntryLog | None] = operations_log,
) -> None:
    """One entry. The replay is done: that it cannot be told of is said, and no failure."""
    log = log_of(settings)
    if log is None or not replayed.events:
        return
    entry = {
        "operation": "replay",
        "environment": settings.prefix.removesuffix("-"),
        "service": service,
        "read_model": read_model,
        "events": replayed.events,
        "documents": replayed.documents,
        "seconds": round(replayed.seconds, 3),
        "events_per_second": round(replayed.events / max(replayed.seconds, 0.001), 1),
        "seconds_per_million": round(replayed.seconds * _MILLION / replayed.events, 3),
    }
    message = f"{service} {read_model}: {replayed.events:,} events replayed in {replayed.seconds:,.1f} s"
    try:
        await log.write("INFO", message, **entry)
    except UnavailableError as error:
        say(f"not written to Cloud Logging, where replays are measured: {error}")
