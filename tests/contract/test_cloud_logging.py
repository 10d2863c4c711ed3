"""Cloud Logging's REST interface, as its documentation describes `entries.write`; here a stand-in takes the entries."""

from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest
from pydantic_core import from_json

from shared.adapters.cloud_logging import CloudLogging
from shared.eventsourcing.errors import UnavailableError

AT = datetime(2026, 1, 2, 3, 4, 5, 600_000, tzinfo=UTC)


async def token() -> str:
    return "a-token"


def log_at(take: Callable[[httpx.Request], httpx.Response]) -> CloudLogging:
    return CloudLogging("shop", "operations", token=token, clock=lambda: AT, transport=httpx.MockTransport(take))


async def test_an_entry_is_of_the_project_and_its_log() -> None:
    """With severity, time and fields where Cloud Logging has them."""
    asked: list[httpx.Request] = []

    def take(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={})

    await log_at(take).write("INFO", "done", events=5)

    (request,) = asked
    assert (request.method, str(request.url)) == ("POST", "https://logging.googleapis.com/v2/entries:write")
    assert request.headers["authorization"] == "Bearer a-token"
    assert from_json(request.content) == {
        "entries": [
            {
                "logName": "projects/shop/logs/operations",
                "resource": {"type": "global", "labels": {"project_id": "shop"}},
                "severity": "INFO",
                "timestamp": "2026-01-02T03:04:05.600000Z",
                "jsonPayload": {"message": "done", "events": 5},
            }
        ]
    }


async def test_a_refusal_is_told_with_its_reason() -> None:
    """Whoever operates may lack the role."""
    refused = log_at(lambda _: httpx.Response(403, text="logging.logEntries.create denied"))

    with pytest.raises(UnavailableError, match=r"403: logging\.logEntries\.create denied"):
        await refused.write("INFO", "done")


async def test_no_answer_is_no_entry() -> None:
    """A broken connection looks like a service that is down."""

    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(UnavailableError, match="did not answer"):
        await log_at(fail).write("INFO", "done")
