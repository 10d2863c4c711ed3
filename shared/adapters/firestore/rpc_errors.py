"""What gRPC's status codes mean here."""

from typing import Final

import grpc
import grpc.aio

from shared.eventsourcing.errors import ConcurrencyError, KitError, TooLargeError, UnavailableError

_Code = grpc.StatusCode
_REFUSED: Final = {_Code.ALREADY_EXISTS, _Code.FAILED_PRECONDITION, _Code.NOT_FOUND}
_TRANSIENT: Final = {_Code.UNAVAILABLE, _Code.DEADLINE_EXCEEDED, _Code.ABORTED, _Code.INTERNAL, _Code.UNKNOWN}
_CODES: Final = {code.value[0]: code for code in _Code}
_DOWN: Final = _TRANSIENT | {_Code.RESOURCE_EXHAUSTED, _Code.CANCELLED}
_SIZE_WORDS: Final = (
    "exceeds maximum size",
    "larger than max",
    "longer than",
    "exceeds the maximum",
    "maximum entity size",
)


class RefusedError(ConcurrencyError):
    """A precondition of a write does not hold. `retried`: the write was sent before and its answer lost, so that it may
    have been refused because it had succeeded.
    """

    def __init__(self, message: str, *, retried: bool) -> None:
        super().__init__(message)
        self.retried = retried


def is_refused(error: grpc.aio.AioRpcError) -> bool:
    """A precondition of a write did not hold."""
    return error.code() in _REFUSED


def write_failed(code: int) -> bool:
    """Of one write of many: it did not go through, and may if it is sent again."""
    return _CODES[code] in _DOWN


def write_is_invalid(code: int) -> bool:
    """Of one write of many: no store will ever take it."""
    return _CODES[code] is _Code.INVALID_ARGUMENT


def is_transient(error: grpc.aio.AioRpcError) -> bool:
    """The same request may well succeed if it is sent again now."""
    return error.code() in _TRANSIENT


def translated(error: grpc.aio.AioRpcError) -> KitError | grpc.aio.AioRpcError:
    """The kit's error; what is nobody's expected trouble (a request that makes no sense, a missing permission) stays
    as it is.
    """
    details = error.details() or ""
    text = f"Firestore: {error.code().name} {details}"
    if error.code() in (_Code.RESOURCE_EXHAUSTED, _Code.INVALID_ARGUMENT) and any(w in details for w in _SIZE_WORDS):
        return TooLargeError(text)
    return UnavailableError(text) if error.code() in _DOWN else error
