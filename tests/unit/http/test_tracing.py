"""One trace from the client through the log to the subscribers."""

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.testing.api_spec import ApiSpec
from tests.unit.http.conftest import Shop

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
BODY = {"currency": "USD", "customer_id": "900"}


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """A configured SDK, for one test."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    return exporter


async def test_the_callers_trace_is_handed_on(shop: Shop, till: ApiSpec) -> None:
    """Even where nothing is recorded, a message belongs to the trace of the request that caused it."""
    await till.post("/cart/v1/carts", "k1", BODY, traceparent=PARENT)

    (message,) = shop.topics.on("cart-commits")
    assert message.attributes["traceparent"] == PARENT


async def test_of_two_traces_none_is_believed(shop: Shop, till: ApiSpec) -> None:
    """The request is carried out all the same: tracing refuses nothing."""
    headers = {"Idempotency-Key": "k1", "traceparent": (PARENT, PARENT.replace("b7", "b8"))}

    reply = await till.send("POST", "/cart/v1/carts", json=BODY, headers=headers)

    assert (reply.status, shop.lines[-1]["traceparent"]) == (202, None)


async def test_a_log_line_names_the_trace(shop: Shop, till: ApiSpec) -> None:
    """The line of a request can be found by its trace."""
    await till.post("/cart/v1/carts", "k1", BODY, traceparent=PARENT)

    assert shop.lines[-1]["traceparent"] == PARENT


async def test_a_request_is_a_span_with_its_steps(till: ApiSpec, exporter: InMemorySpanExporter) -> None:
    """With an SDK, a command is a span of the caller's trace, its append and its publish are children."""
    await till.post("/cart/v1/carts", "k1", BODY, traceparent=PARENT)

    spans = {span.name: span for span in exporter.get_finished_spans()}
    assert set(spans) == {"append", "publish", "cart-commands POST"}
    assert {f"{span.context.trace_id:032x}" for span in spans.values()} == {TRACE}
    assert spans["append"].parent == spans["cart-commands POST"].context


async def test_a_message_names_the_span_that_caused_it(
    shop: Shop, till: ApiSpec, exporter: InMemorySpanExporter
) -> None:
    """What is published points at our own span, not past it."""
    await till.post("/cart/v1/carts", "k1", BODY, traceparent=PARENT)

    (message,) = shop.topics.on("cart-commits")
    (span,) = [span for span in exporter.get_finished_spans() if span.name == "cart-commands POST"]
    assert message.attributes["traceparent"] == f"00-{TRACE}-{span.context.span_id:016x}-01"
