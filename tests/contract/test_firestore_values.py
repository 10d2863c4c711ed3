"""Names, times and channels of the Firestore adapters."""

import time
from datetime import UTC, datetime, timedelta, timezone

import google.auth
import grpc.aio
import pytest
from google.auth.credentials import AnonymousCredentials
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.firestore import connect
from shared.adapters.firestore.rpc_errors import translated
from shared.adapters.firestore.values import document_id, moment, set_moment, text_of
from shared.adapters.system import full_jitter_pause, new_id, utc_now
from shared.eventsourcing.errors import TooLargeError, UnavailableError

Code = grpc.StatusCode


@given(st.text() | st.from_regex(r"[._/%]{0,4}\w{0,3}[._/%]{0,4}", fullmatch=True))
def test_any_text_survives_as_a_document_id(text: str) -> None:
    """It comes back as it was, names one document, and is none of the ids that Firestore keeps for itself."""
    identity = document_id(text)

    assert text_of(identity) == text
    assert identity
    assert "/" not in identity
    assert identity not in {".", ".."}
    assert not identity.startswith("__")


@pytest.mark.parametrize(
    ("entity", "identity"), [("auth0|900", "auth0%7C900"), ("26.51380041013", None), ("a@b:c+d", None)]
)
def test_an_id_is_a_document_id_almost_as_it_is(entity: str, identity: str | None) -> None:
    """Whoever looks at the database finds it."""
    assert document_id(entity) == (identity or entity)
    assert text_of(document_id(entity)) == entity


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-5, minutes=-30))])))
def test_a_time_survives_as_a_timestamp(time: datetime) -> None:
    """To the microsecond, before 1970 as well, and it is UTC afterwards."""
    timestamp = Timestamp()

    set_moment(timestamp, time)

    assert moment(timestamp) == time
    assert moment(timestamp).tzinfo is UTC
    assert 0 <= timestamp.nanos < 1_000_000_000


async def test_in_the_cloud_the_process_uses_its_own_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """A secure channel with the default credentials; nothing of the emulator's owner."""
    asked = []

    def default(scopes: list[str]) -> tuple[AnonymousCredentials, str]:
        asked.append(scopes)
        return AnonymousCredentials(), "shop"  # type: ignore[no-untyped-call] # it has no types

    monkeypatch.setattr(google.auth, "default", default)
    channel = connect("shop", None)

    assert channel.stubs.commit is not None
    assert asked == [["https://www.googleapis.com/auth/datastore"]]
    assert "authorization" not in dict(channel.metadata("projects/shop/databases/events", parameter="database"))
    await channel.close()


def test_a_channel_opens_nothing_before_its_first_request() -> None:
    """Importing and wiring need no event loop and no network."""
    with pytest.raises(RuntimeError, match="loop"):
        _ = connect("shop", "127.0.0.1:1").stubs


@pytest.mark.parametrize(
    ("code", "details", "expected"),
    [
        (Code.UNAVAILABLE, "connection refused", UnavailableError),
        (Code.DEADLINE_EXCEEDED, "", UnavailableError),
        (Code.RESOURCE_EXHAUSTED, "quota exceeded", UnavailableError),
        (Code.RESOURCE_EXHAUSTED, "gRPC message exceeds maximum size 4194304", TooLargeError),
        (Code.INVALID_ARGUMENT, 'The value of property "body" is longer than 1048487 bytes.', TooLargeError),
        (Code.INVALID_ARGUMENT, "no such field", grpc.aio.AioRpcError),
        (Code.PERMISSION_DENIED, "Missing or insufficient permissions.", grpc.aio.AioRpcError),
    ],
)
def test_a_status_becomes_the_kits_error(code: grpc.StatusCode, details: str, expected: type[Exception]) -> None:
    """Down or slow is one error, too large another; what is a mistake of ours stays visible as it is."""
    error = grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(), details)

    assert type(translated(error)) is expected


def test_the_clock_is_aware_utc() -> None:
    """And it is the time."""
    assert utc_now().tzinfo is UTC


def test_ids_do_not_repeat() -> None:
    """Thirty-two hexadecimal digits each."""
    ids = {new_id() for _ in range(1000)}

    assert len(ids) == 1000
    assert all(len(identity) == 32 and int(identity, 16) for identity in ids)


@pytest.mark.parametrize(("attempt", "longest"), [(1, 0.02), (1000, 0.5)])
async def test_a_pause_has_a_bound(attempt: int, longest: float) -> None:
    """However often a request failed."""
    start = time.perf_counter()

    await full_jitter_pause(attempt)

    assert time.perf_counter() - start < longest + 1.0
