"""The connection to Firestore: its emulator, or the cloud with the process's own credentials."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import quote

import grpc
import grpc.aio

from shared.adapters.credentials import google_channel_credentials
from shared.adapters.firestore.emulated import EmulatedQueries
from shared.adapters.firestore.messages import SCHEMA

_CLOUD: Final = "firestore.googleapis.com"
_SCOPE: Final = "https://www.googleapis.com/auth/datastore"
_OPTIONS: Final = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 5_000),  # how long a connection may take to be made, whatever its name says
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.enable_retries", 0),  # the adapters retry, and know what may be sent twice
    ("grpc.use_local_subchannel_pool", 1),
)
_SERVICE: Final = "/google.firestore.v1.Firestore/"


@dataclass(frozen=True, slots=True)
class Stubs:
    """The requests that all adapters together consist of."""

    commit: Any
    batch_write: Any
    run_query: Any
    batch_get: Any


class FirestoreChannel:
    """A lazy gRPC channel, made inside the event loop that uses it first. `emulator` is `host:port`, None the cloud.
    The databases' names begin with `prefix`. `quick` asks the emulator in a way that it answers sooner.
    """

    def __init__(self, project: str, emulator: str | None, prefix: str = "", *, quick: bool = False) -> None:
        self.project = project
        self.prefix = prefix
        self.emulator = emulator
        self._quick = quick and emulator is not None
        self._channel: grpc.aio.Channel | None = None
        self._stubs: Stubs | None = None

    @property
    def stubs(self) -> Stubs:
        """The requests of the channel, which is made now if it was not yet."""
        if self._stubs is None:
            self._channel = _connected(self.emulator)
            self._stubs = _stubs(self._channel)
            if self._quick:
                self._stubs = replace(
                    self._stubs, run_query=EmulatedQueries(self._stubs.run_query, self._stubs.batch_get)
                )
        return self._stubs

    def metadata(self, database: str, *, parameter: str) -> tuple[tuple[str, str], ...]:
        """The headers of requests to one database: Google's front end routes by them; the emulator takes the bearer of
        `owner` past its security rules. `parameter` is the request's field that names the database.
        """
        routing = (
            ("google-cloud-resource-prefix", database),
            ("x-goog-request-params", f"{parameter}={quote(database, safe='')}"),
        )
        return routing if self.emulator is None else (*routing, ("authorization", "Bearer owner"))

    async def close(self) -> None:
        channel, self._channel, self._stubs = self._channel, None, None
        if channel is not None:
            await channel.close()


def connect(project: str, emulator: str | None, prefix: str = "", *, quick: bool = False) -> FirestoreChannel:
    """Opens nothing yet: the first request does."""
    return FirestoreChannel(project, emulator, prefix, quick=quick)


def _connected(emulator: str | None) -> grpc.aio.Channel:
    asyncio.get_running_loop()  # a channel belongs to a loop: better an error here than a hang later
    if emulator is not None:
        return grpc.aio.insecure_channel(emulator, options=_OPTIONS)
    return grpc.aio.secure_channel(_CLOUD, google_channel_credentials(_CLOUD, _SCOPE), options=_OPTIONS)


def _stubs(channel: grpc.aio.Channel) -> Stubs:
    def types(name: str) -> dict[str, Any]:
        return {
            "request_serializer": SCHEMA[f"{name}Request"].SerializeToString,
            "response_deserializer": SCHEMA[f"{name}Response"].FromString,
        }

    return Stubs(
        commit=channel.unary_unary(f"{_SERVICE}Commit", **types("Commit")),
        batch_write=channel.unary_unary(f"{_SERVICE}BatchWrite", **types("BatchWrite")),
        run_query=channel.unary_stream(f"{_SERVICE}RunQuery", **types("RunQuery")),
        batch_get=channel.unary_stream(f"{_SERVICE}BatchGetDocuments", **types("BatchGetDocuments")),
    )
