"""What can go wrong, once.

    KitError
    ├── DomainError            a rule of the domain refuses the command         409
    │   └── NotFoundError      there is no such thing, or not for you           404
    ├── ForbiddenError         the caller may not do this                       403
    ├── VersionMismatchError   the request names another version                412
    ├── KeyReusedError         the idempotency key belongs to another request   422
    ├── InFlightError          the same request is still being handled          409
    ├── TooLargeError          an event or a commit exceeds its limit           413
    ├── TooSoonError           the caller has to wait before they try again     429
    ├── ConcurrencyError       somebody else wrote first                        409
    ├── UnavailableError       a dependency is down or too slow                 503
    ├── CorruptDataError       a stored document cannot be understood           500
    │   ├── CorruptCommitError a commit of the log, with its place              500
    │   └── RefusedError       a store takes some of many items never           500
    └── TopologyError          the declarations contradict each other           (at start)

The edge turns each kind into the status beside it (`shared/http/problems.py`); nothing else decides on statuses.
"""

from collections.abc import Mapping
from datetime import datetime


class KitError(Exception):
    """Base of everything this kit raises on purpose."""


class DomainError(KitError):
    """A rule of the domain refuses the command; nothing was changed.

    `code` is stable and meant for programs (`cart-is-empty`), `message` for people, `field` names the input at fault.
    """

    def __init__(self, code: str, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field


class NotFoundError(DomainError):
    """There is no such entity, or the caller may not know that there is."""


class ForbiddenError(KitError):
    """The caller is known and may not do this."""


class VersionMismatchError(KitError):
    """The precondition that the caller stated in `field` does not hold: the entity is at version `actual`. That is 0 if
    it does not exist, and None of what has no version.
    """

    def __init__(self, field: str, actual: int | None) -> None:
        super().__init__(f"the current version is {actual}" if actual else "there is no version of it")
        self.field = field
        self.actual = actual


class KeyReusedError(KitError):
    """The idempotency key was used before, for a request that differs."""


class InFlightError(KitError):
    """A request with the same idempotency key has not been answered yet."""


class TooLargeError(KitError):
    """An event or a commit is larger than the store may hold."""


class TooSoonError(KitError):
    """The caller tried too often, and may try again after `retry_after` seconds."""

    def __init__(self, code: str, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after = retry_after


class ConcurrencyError(KitError):
    """The stream or document was written by somebody else since it was read."""


class UnavailableError(KitError):
    """A dependency did not answer in time or refused to; the caller may try again after `retry_after` seconds."""

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class CorruptDataError(KitError):
    """A document or message cannot be understood, by this code or by the store; trying again cannot help."""


class CorruptCommitError(CorruptDataError):
    """A commit of the log cannot be decoded: which one, and when it was recorded."""

    def __init__(self, stream: str, version: int, recorded_at: datetime, reason: Exception | str) -> None:
        super().__init__(f"{stream}@{version}: {reason}")
        self.stream = stream
        self.version = version
        self.recorded_at = recorded_at


class RefusedError(CorruptDataError):
    """Some of many items can never be written; all others are. `reasons` are the store's own, by an item's place."""

    def __init__(self, reasons: Mapping[int, str]) -> None:
        super().__init__(f"{len(reasons)} refused for good: {next(iter(reasons.values()), '')}")
        self.reasons = reasons


class TopologyError(KitError):
    """Declarations (manifests, codecs, upcasters) contradict each other."""
