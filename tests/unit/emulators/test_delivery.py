"""The local push: what a function is sent, when again, and when no more. On virtual time and the memory broker."""

import asyncio
from datetime import timedelta

import pytest

from emulators.delivery.stats import LagCounts
from shared.testing.virtual_time import START, on_virtual_time, virtual_now
from tests.unit.emulators.delivery_world import hanging, pushed, status, taking, until, world


@on_virtual_time
async def test_request_is_an_unwrapped_push() -> None:
    """Attributes are headers, the body is the raw data, and Pub/Sub adds where it came from and who calls."""
    async with world() as w:
        await w.publish("a", traceparent="00-1-2-01")
        await w.settled()

    ((_, target, headers, body),) = w.functions.requests
    assert (target, body) == ("fast/projector/", b"a")
    assert headers == {
        "ce-id": "a",
        "traceparent": "00-1-2-01",
        "x-goog-pubsub-subscription-name": "projects/test/subscriptions/fast-sub",
        "x-goog-pubsub-message-id": "1",
        "x-goog-pubsub-publish-time": START.isoformat(),
        "x-goog-pubsub-delivery-attempt": "1",
        "authorization": "Bearer token",
    }


@on_virtual_time
async def test_accepted_message_is_acknowledged() -> None:
    """Any 2xx is an acknowledgement; a pulled subscription is left to who pulls it."""
    async with world() as w:
        w.functions.answers["b"] = status(202)
        await w.publish("a", "b", "c")
        stats = await w.settled()

        assert (stats.counters.acked, stats.counters.nacked, stats.backlog) == (3, 0, 0)
        assert w.broker.backlog("fast-pulled") == 3


@on_virtual_time
async def test_refused_message_backs_off() -> None:
    """A refused message comes again after 1 s, 2 s, 4 s: doubled up to the subscription's longest backoff."""
    async with world() as w:
        w.functions.answers["a"] = status(500, 404, 301, 503, 200)
        await w.publish("a")
        stats = await w.settled()

    assert w.functions.times("a") == [0, 1, 3, 7, 11]
    assert [headers["x-goog-pubsub-delivery-attempt"] for _, _, headers, _ in w.functions.requests] == list("12345")
    assert (stats.counters.nacked, stats.counters.retried, stats.counters.acked) == (4, 4, 1)


@on_virtual_time
async def test_dead_letter_after_last_attempt() -> None:
    """After `max_attempts` refusals the message goes to the dead letters with its origin, and is not sent again."""
    async with world() as w:
        w.functions.answers["a"] = status(500)
        await w.publish("a", kind="poison")
        stats = await w.settled()

        (letter,) = w.broker.lease("fast-sub-dead", 10)
    assert (len(w.functions.requests), stats.counters.dead_lettered, stats.counters.acked) == (5, 1, 0)
    assert letter.data == b"a"
    assert letter.attributes == {
        "ce-id": "a",
        "kind": "poison",
        "CloudPubSubDeadLetterSourceSubscription": "fast-sub",
        "CloudPubSubDeadLetterSourceSubscriptionProject": "test",
        "CloudPubSubDeadLetterSourceDeliveryCount": "5",
        "CloudPubSubDeadLetterSourceTopicPublishTime": START.isoformat(),
    }


@on_virtual_time
async def test_waiting_for_a_retry_keeps_the_lease() -> None:
    """While a message waits here for its next attempt, or for a slow answer, the broker gives it to nobody else."""
    async with world() as w:
        w.functions.answers["a"] = taking(29)
        w.functions.answers["b"] = status(500, 500, 500, 500, 200)
        await w.publish("a", "b")
        await w.settled()

    assert len(w.functions.times("a")) == 1
    assert len(w.functions.times("b")) == 5


@on_virtual_time
async def test_concurrency_is_bounded() -> None:
    """No more requests run to a function than its manifest and the local option allow."""
    async with world(pushed(concurrency=3)) as w:
        for number in range(12):
            w.functions.answers[str(number)] = taking(1)
        await w.publish(*map(str, range(12)))
        await w.settled()
    assert (w.functions.most_running, w.functions.times("11")) == (3, [3])

    async with world(pushed(concurrency=80), max_concurrency=4) as w:
        w.functions.answers.update({str(number): taking(1) for number in range(12)})
        await w.publish(*map(str, range(12)))
        await w.settled()
    assert w.functions.most_running == 4


@on_virtual_time
async def test_hanging_endpoint_holds_up_nobody_else() -> None:
    """One function that never answers leaves the deliveries to all others as they are."""
    async with world(pushed("fast"), pushed("stuck")) as w:
        w.functions.answers.update({f"s{number}": hanging for number in range(50)})
        await w.publish(*(f"s{number}" for number in range(50)), topic="stuck")
        await w.publish("a")
        await until(lambda: w.delivery.idle("fast-sub"), within=1)

        assert w.functions.times("a") == [0]
        assert not w.delivery.idle()
        assert w.delivery.stats()["stuck-sub"].in_flight == 16


@on_virtual_time
async def test_request_ends_with_its_ack_deadline() -> None:
    """A function that does not answer within the ack deadline has refused; its place is free again."""
    async with world(pushed(concurrency=1)) as w:
        w.functions.answers["a"] = hanging
        await w.publish("a", "b")
        await until(lambda: "b" in w.functions.order, within=40)

    assert w.functions.times("b") == [30]


@on_virtual_time
async def test_exception_of_a_request_is_a_refusal() -> None:
    """Whatever a request raises, the message comes again and the others go on."""

    async def broken(_: str) -> int:
        raise OSError("connection reset")

    async with world() as w:
        w.functions.answers["a"] = broken
        await w.publish("a", "b")
        stats = await w.settled()

    assert (stats.counters.acked, stats.counters.dead_lettered) == (1, 1)


@on_virtual_time
async def test_filter_is_applied() -> None:
    """What a subscription's filter keeps out is acknowledged and never sent."""
    async with world(pushed(filter_text='attributes.kind = "public"')) as w:
        await w.publish("a", kind="private")
        await w.publish("b", kind="public")
        await w.settled()

    assert w.functions.order == ["b"]


@on_virtual_time
async def test_messages_in_hand_are_bounded() -> None:
    """A backlog stays with the broker: no more than `max_held` messages and one batch leave it."""
    async with world(max_held=10, max_concurrency=1) as w:
        w.functions.answers.update({str(number): taking(1) for number in range(500)})
        await w.publish(*map(str, range(500)))
        await asyncio.sleep(0.5)

        assert w.delivery.stats()["fast-sub"].waiting == 9
        assert len(w.broker.lease("fast-sub", 500)) == 400


def test_lags_are_counted_all_of_them() -> None:
    """However many there were, number and maximum are true, percentiles to three digits, and little is kept."""
    lags = LagCounts()
    for value in range(1, 100_001):
        lags.add(value / 7)

    assert lags.spread is not None
    assert (lags.spread.count, lags.spread.max) == (100_000, 14_300)
    assert lags.spread.p50 == pytest.approx(50_000 / 7, rel=0.005)
    assert len(lags.counts) < 5_000


@on_virtual_time
async def test_lag_ends_with_the_acknowledgement() -> None:
    """Lag is the time from the commit's recording to the accepted request, in milliseconds."""
    async with world() as w:
        w.functions.answers["a"] = taking(0.25)
        await w.publish("a", **{"ce-recordedtime": (virtual_now() - timedelta(seconds=1)).isoformat()})
        await w.publish("b", **{"ce-recordedtime": "yesterday"})
        stats = await w.settled()

    assert stats.lag is not None
    assert stats.lag.count == 1
    assert stats.lag.p95 == pytest.approx(1250)
