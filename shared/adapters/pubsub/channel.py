"""The connection to Pub/Sub: its emulator, or the cloud with the process's own credentials."""

import asyncio
import time
from typing import Any
from urllib.parse import quote

import grpc
import grpc.aio

from shared.adapters.credentials import google_channel_credentials
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.event_store import OperationCounts

_CLOUD = "pubsub.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/pubsub"
_OPTIONS = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),  # a pull may bring 10 MB, gRPC's own limit is 4 MiB
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 5_000),  # how long a connection may take to be made, whatever its name says
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.enable_retries", 0),  # what may be sent twice is decided here
    ("grpc.use_local_subchannel_pool", 1),
)
_CLOUD_OPTIONS = (*_OPTIONS, ("grpc.keepalive_time_ms", 30_000))  # the emulator takes such pings for an attack
_WORTH_A_RETRY = frozenset(
    {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.ABORTED, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN}
)


class PubSubChannel:
    """A lazy gRPC channel, made inside the event loop that uses it first, and the names of things in one project.

    `emulator` is `host:port`, None means the cloud; all names begin with `prefix`.
    """

    def __init__(self, project: str, emulator: str | None, prefix: str = "") -> None:
        self.project = project
        self.prefix = prefix
        self.emulator = emulator
        self._channel: grpc.aio.Channel | None = None
        self._calls: dict[str, Any] = {}

    def topic(self, name: str) -> str:
        return f"projects/{self.project}/topics/{self.prefix}{name}"

    def subscription(self, name: str) -> str:
        return f"projects/{self.project}/subscriptions/{self.prefix}{name}"

    @property
    def grpc(self) -> grpc.aio.Channel:
        """The channel itself, for streams."""
        if self._channel is None:
            self._channel = _connected(self.emulator)
        return self._channel

    async def call(self, method: str, request: Any, answer: Any, *, seconds: float) -> Any:
        """One unary request, such as `Publisher/Publish`, of at most `seconds`; raises AioRpcError."""
        if method not in self._calls:
            self._calls[method] = self.grpc.unary_unary(
                f"/google.pubsub.v1.{method}",
                request_serializer=type(request).SerializeToString,
                response_deserializer=answer.FromString,
            )
        return await self._calls[method](request, timeout=seconds, metadata=_routing(request))

    async def insist(self, method: str, request: Any, answer: Any, *, seconds: float, counts: OperationCounts) -> None:
        """A request that may be sent twice: a stale connection costs one more try within the same `seconds`.

        Raises UnavailableError for everything that keeps Pub/Sub from accepting.
        """
        name = method.partition("/")[2].lower()
        end = time.monotonic() + seconds
        for last_try in (False, True):
            counts.rpc(name)
            try:
                await self.call(method, request, answer, seconds=max(end - time.monotonic(), 0.0))
            except grpc.aio.AioRpcError as error:
                if last_try or error.code() not in _WORTH_A_RETRY or time.monotonic() >= end:
                    raise unavailable(f"{method} {_about(request)}", error) from error
            else:
                return

    async def ready(self, seconds: float) -> None:
        """Connected, or UnavailableError after so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self.grpc.channel_ready()
        except TimeoutError as error:
            raise UnavailableError(f"no connection to Pub/Sub within {seconds} s") from error

    async def close(self) -> None:
        if self._channel is not None:
            await self._channel.close()
            self._channel = None
            self._calls.clear()


def connect(project: str, emulator: str | None, prefix: str = "") -> PubSubChannel:
    """Opens nothing yet: the first request does."""
    return PubSubChannel(project, emulator, prefix)


def unavailable(action: str, error: grpc.aio.AioRpcError) -> UnavailableError:
    """The kit's error for any of gRPC's."""
    return UnavailableError(f"{action}: {error.code().name} {error.details()}")


def _about(request: Any) -> str:
    """`topic=…` or `subscription=…`."""
    names = (name for name in ("topic", "subscription") if name in request.DESCRIPTOR.fields_by_name)
    return next((f"{name}={quote(getattr(request, name), safe='')}" for name in names), "")


def _routing(request: Any) -> tuple[tuple[str, str], ...]:
    """The header by which Google's front end finds the topic's or the subscription's servers."""
    about = _about(request)
    return (("x-goog-request-params", about),) if about else ()


def _connected(emulator: str | None) -> grpc.aio.Channel:
    if emulator is not None:
        return grpc.aio.insecure_channel(emulator, options=_OPTIONS)
    return grpc.aio.secure_channel(_CLOUD, google_channel_credentials(_CLOUD, _SCOPE), options=_CLOUD_OPTIONS)
