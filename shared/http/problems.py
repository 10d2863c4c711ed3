"""RFC 9457 problems: every refusal of the edge, and what each error of the kit becomes."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import to_json
from starlette.responses import Response

from shared.eventsourcing.errors import (
    ConcurrencyError,
    DomainError,
    ForbiddenError,
    InFlightError,
    KeyReusedError,
    NotFoundError,
    TooLargeError,
    TooSoonError,
    UnavailableError,
    VersionMismatchError,
)

MEDIA_TYPE = "application/problem+json"
MAX_NAME = 100
"""Field names of a body are the caller's own: a large body must not come back as a larger problem."""


class ProblemError(Exception):
    """A refusal by the edge itself. `errors` are (field, message) pairs: what was wrong with the input, and where."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})

    def response(self) -> Response:
        body: dict[str, Any] = {
            "type": f"urn:commerce:problem:{self.code}",
            "title": self.code.replace("-", " "),
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        if self.errors:
            body["errors"] = [{"field": field, "message": message} for field, message in self.errors]
        return Response(to_json(body), self.status, self.headers, MEDIA_TYPE)


def bad_field(field: str, message: str, code: str = "invalid-input") -> ProblemError:
    """The input is wrong in one field."""
    return ProblemError(400, code, f"{field}: {message}", errors=[(field, message)])


def etag_of(version: int | None) -> str | None:
    """The entity tag of a version; None for an entity that does not exist."""
    return f'"{version}"' if version else None


def problem_of(error: Exception) -> ProblemError | None:
    """The problem that an error of the kit becomes; None for anything unforeseen (a 500)."""
    match error:
        case ProblemError():
            return error
        case DomainError():
            status = 404 if isinstance(error, NotFoundError) else 409
            fields = [(error.field, error.message)] if error.field else []
            return ProblemError(status, error.code, error.message, errors=fields)
        case VersionMismatchError():
            return _mismatch(error)
        case TooSoonError():
            wait = {"Retry-After": str(error.retry_after)}
            return ProblemError(429, error.code, f"{error}; try again later", headers=wait)
        case UnavailableError():
            return ProblemError(503, "unavailable", _UNAVAILABLE, headers={"Retry-After": str(error.retry_after)})
        case _:
            return _plain(error)


def _mismatch(error: VersionMismatchError) -> ProblemError:
    etag = etag_of(error.actual)
    fields = [(error.field, str(error))]
    headers = {"ETag": etag} if etag else None
    return ProblemError(412, "version-mismatch", f"{error.field}: {error}", errors=fields, headers=headers)


_UNAVAILABLE = "this cannot be done right now; the same request may succeed in a moment"
_PLAIN: dict[type[Exception], tuple[int, str, str]] = {
    ForbiddenError: (403, "forbidden", "you may not do this"),
    KeyReusedError: (422, "idempotency-key-reused", "this idempotency key was used for another request"),
    InFlightError: (409, "in-flight", "the same request is still being handled"),
    ConcurrencyError: (409, "conflict", "somebody else changed this at the same time; the same request may succeed"),
    TooLargeError: (413, "too-large", "what this request makes is too large to be kept"),
}
"""What these errors say themselves is for the log: names of streams, and what a store or another service said."""
_PASSING = {"in-flight", "conflict"}
"""Nothing is wrong with the request itself: the same one may succeed in a moment."""


def _plain(error: Exception) -> ProblemError | None:
    for kind, (status, code, detail) in _PLAIN.items():
        if isinstance(error, kind):
            return ProblemError(status, code, detail, headers={"Retry-After": "1"} if code in _PASSING else None)
    return None
