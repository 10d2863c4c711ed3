"""What the Pub/Sub adapters ask, how often and how long, against a server that answers by script."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf.empty_pb2 import Empty

from shared.adapters import pubsub
from shared.adapters.pubsub.messages import SCHEMA
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.publishing import Message

Answer = Callable[[Any, Any], Awaitable[Any]]


def failing(code: grpc.StatusCode) -> Answer:
    async def answer(_: Any, context: Any) -> Any:
        await context.abort(code, "by script")

    return answer


async def accepting(_: Any, __: Any) -> Any:
    return SCHEMA["PublishResponse"]()


async def hanging(_: Any, __: Any) -> Any:
    await asyncio.Event().wait()


class ScriptedServer(grpc.GenericRpcHandler):
    """Answers one call after the other as it was told; the last answer stays."""

    def __init__(self) -> None:
        self.script: list[Answer] = [accepting]
        self.requests: list[Any] = []
        self.metadata: list[dict[str, Any]] = []

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        method = handler_call_details.method.rpartition("/")[2]

        async def answer(request: Any, context: Any) -> Any:
            self.requests.append(request)
            self.metadata.append(dict(context.invocation_metadata() or ()))
            return await (self.script.pop(0) if len(self.script) > 1 else self.script[0])(request, context)

        return grpc.unary_unary_rpc_method_handler(
            answer,
            request_deserializer=SCHEMA[f"{method}Request"].FromString,
            response_serializer=Empty.SerializeToString if method == "Acknowledge" else _serialized,
        )


def _serialized(message: Any) -> bytes:
    return bytes(message.SerializeToString())


@dataclass
class Case:
    server: ScriptedServer
    channel: pubsub.PubSubChannel
    counts: OperationCounts = field(default_factory=OperationCounts)

    async def publish(self, *messages: Message, timeout: float = 5.0) -> None:  # noqa: ASYNC109 - the publisher's own
        await pubsub.PubSubPublisher(self.channel, self.counts, timeout=timeout).publish("orders", messages)

    async def pull(self, *, limit: float = 5.0) -> list[Any]:
        subscriber = pubsub.PubSubSubscriber(self.channel, self.counts, empty_after=0.3, limit=limit)
        return [each async for batch in subscriber.pull("orders-sub") for each in batch]


@pytest.fixture
async def case() -> AsyncIterator[Case]:
    server, script = grpc.aio.server(options=(("grpc.max_receive_message_length", -1),)), ScriptedServer()
    server.add_generic_rpc_handlers((script,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    channel = pubsub.connect("test", f"127.0.0.1:{port}")
    await channel.ready(5)
    yield Case(script, channel)
    await channel.close()
    await server.stop(None)


A = Message("a", b"a", {"ce-id": "a"})


async def test_request_names_what_it_is_about(case: Case) -> None:
    """Google's front end routes by a header with the topic's full name."""
    await case.publish(A)

    assert case.server.requests[0].topic == "projects/test/topics/orders"
    assert case.server.metadata[0]["x-goog-request-params"] == "topic=projects%2Ftest%2Ftopics%2Forders"


async def test_stale_connection_costs_one_more_try(case: Case) -> None:
    """A publish that meets a connection gone stale is sent once more, and succeeds."""
    case.server.script = [failing(grpc.StatusCode.UNAVAILABLE), accepting]

    await case.publish(A)

    assert case.counts.rpcs == {"publish": 2}


async def test_there_is_no_third_try(case: Case) -> None:
    """A broker that refuses twice is unavailable; the outbox row stands."""
    case.server.script = [failing(grpc.StatusCode.UNAVAILABLE)]

    with pytest.raises(UnavailableError, match="UNAVAILABLE"):
        await case.publish(A)

    assert case.counts.rpcs == {"publish": 2}


@pytest.mark.parametrize("code", [grpc.StatusCode.NOT_FOUND, grpc.StatusCode.PERMISSION_DENIED])
async def test_hopeless_request_is_not_repeated(case: Case, code: grpc.StatusCode) -> None:
    """A missing topic or permission does not come back in a moment."""
    case.server.script = [failing(code)]

    with pytest.raises(UnavailableError, match=code.name):
        await case.publish(A)

    assert case.counts.rpcs == {"publish": 1}


async def test_broker_that_hangs_is_left_at_the_timeout(case: Case) -> None:
    """A broker that takes the request and never answers costs the timeout, once."""
    case.server.script = [hanging]
    started = time.monotonic()

    with pytest.raises(UnavailableError, match="DEADLINE_EXCEEDED"):
        await case.publish(A, timeout=0.3)

    assert time.monotonic() - started < 2
    assert case.counts.rpcs == {"publish": 1}


async def test_request_stays_below_the_limits(case: Case) -> None:
    """At most 1,000 messages and 10 MB go into one request; all of them go, in order."""
    await case.publish(*(Message(str(number), b"x", {"ce-id": str(number)}) for number in range(1001)))
    await case.publish(*(Message(str(number), b"x" * 900 * 1024, {"ce-id": str(number)}) for number in range(12)))

    assert [len(request.messages) for request in case.server.requests] == [1000, 1, 10, 2]
    assert all(request.ByteSize() <= 10_000_000 for request in case.server.requests)
    sent = [message.attributes["ce-id"] for request in case.server.requests for message in request.messages]
    assert sent == [*map(str, range(1001)), *map(str, range(12))]


async def test_pull_without_messages_ends_at_its_deadline(case: Case) -> None:
    """The cloud waits until the deadline when there is nothing: that is no error, but the end of the pull."""
    case.server.script = [hanging]

    assert await case.pull() == []


async def test_pull_that_never_runs_dry_ends(case: Case) -> None:
    """While others keep publishing a pull ends after its limit, and leaves the rest for the next run."""

    async def one(_: Any, __: Any) -> Any:
        return SCHEMA["PullResponse"](received_messages=[{"ack_id": "1", "message": {"data": b"x"}}])

    case.server.script = [one]

    assert len(await case.pull(limit=0.1)) >= 1


async def test_pull_from_a_broken_broker_is_unavailable(case: Case) -> None:
    """An error is not mistaken for an empty subscription."""
    case.server.script = [failing(grpc.StatusCode.NOT_FOUND)]

    with pytest.raises(UnavailableError, match="NOT_FOUND"):
        await case.pull()


async def test_acknowledgements_are_split(case: Case) -> None:
    """More ids than a request may carry are several requests."""

    async def done(_: Any, __: Any) -> Any:
        return Empty()

    case.server.script = [done]

    await pubsub.PubSubSubscriber(case.channel, case.counts).acknowledge("orders-sub", ["x"] * 1500)

    assert [len(request.ack_ids) for request in case.server.requests] == [1000, 500]
