"""What a step asks of a service, what the service answers, and what that answer means."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from shared.eventsourcing.errors import DomainError, NotFoundError, TopologyError, UnavailableError
from shared.eventsourcing.workflow.commands import Outcome, Refused, Succeeded, Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request to another service. `path` lies below `/<service>/v1`.

    A step states service, method, path and body, and the version that it was decided on if that is the only good one;
    the engine adds the rest. `key` is the idempotency key: the same
    request under the same key is the same deed, however often it is sent.
    """

    service: str
    method: str
    path: str
    body: Mapping[str, Any] | None = None
    if_match: int | None = None
    key: str = ""
    correlation_id: str = ""
    causation_id: str = ""
    timeout: timedelta = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: `body` is its JSON object, empty if it had none."""

    status: int
    body: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class Caller(Protocol):
    """The port to the other services."""

    async def call(self, request: Request) -> Response:
        """Send once, no retries. UnavailableError if no answer came within the request's timeout: what was asked for
        may or may not have happened, or may yet happen.
        """
        ...


class NoServices:
    """`Caller` of a service whose `main.py` names none."""

    async def call(self, request: Request) -> Response:
        raise TopologyError(f"{request.service} cannot be asked: the composition names no way to other services")


PASSING_STATUSES = frozenset({401, 403, 408, 425, 429})
"""Refusals that say nothing about the request: too much at once, or this platform's own credentials."""
PASSING_CODES = frozenset({"conflict", "in-flight", "idempotency-key-reused"})
"""The first two pass. The last says that something was done under this key, by a request that was not quite the same:
no proof that nothing happened.
"""
_SUCCESS = range(200, 300)
_REFUSAL = range(400, 500)
_NOT_FOUND = 404
_MAX_DETAIL = 300


def outcome_of(response: Response) -> Outcome:
    """2xx: done. A 4xx problem with a code of the domain: refused, nothing happened. All else tells nothing."""
    if response.status in _SUCCESS:
        return Succeeded(learned=dict(response.body))
    code = response.body.get("code")
    if response.status in _REFUSAL and response.status not in PASSING_STATUSES and isinstance(code, str):
        if code in PASSING_CODES:
            return Unknown(error=f"{response.status} {code}")
        return Refused(code=code, detail=str(response.body.get("detail", ""))[:_MAX_DETAIL])
    return Unknown(error=f"status {response.status}")


def version_of(response: Response) -> int:
    """Of its entity tag; 0 without one."""
    tag = response.headers.get("etag", "").strip('"')
    return int(tag) if tag.isdecimal() else 0


def answer_of(request: Request, response: Response) -> Mapping[str, Any]:
    """What a service answered to somebody who waits for it. A refusal is theirs as well, with its code;
    UnavailableError where the answer tells nothing.
    """
    match outcome_of(response):
        case Succeeded(learned=body):
            return body
        case Refused(code=code, detail=detail):
            raise (NotFoundError if response.status == _NOT_FOUND else DomainError)(code, detail)
        case Unknown(error=error):
            raise UnavailableError(f"{request.service} cannot answer now: {error}")
