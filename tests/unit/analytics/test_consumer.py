"""What the analytics consumer makes of messages."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from functions.analytics.consumer import consume_into, fact_of
from functions.analytics.port import Fact
from shared.eventsourcing.errors import CorruptDataError, UnavailableError

HEADERS = {
    "ce-specversion": "1.0",
    "ce-id": "order-42@3.0",
    "ce-type": "commerce.orders.OrderPlaced.v1",
    "ce-source": "/orders",
    "ce-subject": "42",
    "ce-time": "2017-03-06T12:00:00+00:00",
    "ce-recordedtime": "2026-03-01T12:00:00.123456+00:00",
    "ce-correlationid": "flow-1",
    "ce-causationid": "command-1",
    "content-type": "application/json",
}
BODY = b'{"order_id":"42","total":{"amount":398,"currency":"USD"}}'


class RecordingSink:
    """Remembers what was written; `down` makes it refuse."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.down = False

    async def write(self, facts: Sequence[Fact]) -> None:
        if self.down:
            raise UnavailableError("the sink is down")
        self.facts += facts


async def test_an_event_becomes_a_row() -> None:
    """Whatever its type: the attributes by column, the payload as it was published."""
    sink = RecordingSink()

    await consume_into(sink)(HEADERS, BODY)

    assert sink.facts == [
        Fact(
            id="order-42@3.0",
            type="commerce.orders.OrderPlaced.v1",
            service="orders",
            subject="42",
            occurred_at=datetime(2017, 3, 6, 12, 0, tzinfo=UTC),
            recorded_at=datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC),
            correlation_id="flow-1",
            payload=BODY.decode(),
        )
    ]


def test_a_fact_of_a_time_that_no_row_may_have_is_filed_under_its_recording() -> None:
    """What it claims stands beside it."""
    fact = fact_of({**HEADERS, "ce-time": "1970-01-01T00:00:00+00:00"}, BODY)

    assert fact.occurred_at == fact.recorded_at
    assert fact.claimed_at == datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("missing", ["ce-id", "ce-type", "ce-source", "ce-subject", "ce-time", "ce-recordedtime"])
def test_an_event_without_an_attribute_is_none(missing: str) -> None:
    """It can never be taken: it goes to the dead letters."""
    headers = {name: value for name, value in HEADERS.items() if name != missing}

    with pytest.raises(CorruptDataError):
        fact_of(headers, BODY)


@pytest.mark.parametrize("body", [b"", b"no", b"[]", b"1", b"\xff", b'{"a":', b'{"a":NaN'])
def test_a_payload_is_a_json_object(body: bytes) -> None:
    """Anything else can never be taken."""
    with pytest.raises(CorruptDataError):
        fact_of(HEADERS, body)


def test_a_time_is_a_time() -> None:
    """An event that does not say when it happened can never be taken."""
    for no_time in ("yesterday", "2017-03-06T12:00:00"):
        with pytest.raises(CorruptDataError):
            fact_of({**HEADERS, "ce-time": no_time}, BODY)


async def test_a_sink_that_is_down_makes_the_event_come_again() -> None:
    """The trouble is passed on: nothing is lost, nothing is acknowledged."""
    sink = RecordingSink()
    sink.down = True

    with pytest.raises(UnavailableError):
        await consume_into(sink)(HEADERS, BODY)
