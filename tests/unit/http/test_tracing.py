"""One trace from the client through the log to the subscribers."""

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.testing.api_spec import ApiSpec
from tests.unit.http.conftest import Shop
from tests.unit.http.test_command_api import MILK

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
BODY = {"currency": "USD", "customer_id": "900"}
CHECKOUT = {"checkout_id": "k1", "customer_id": "900"}


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """A configured SDK, for one test."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    return exporter


@pytest.fixture
async def cart(till: ApiSpec) -> str:
    """With something in it."""
    cart = str((await till.post("/cart/v1/carts", "k0", BODY)).json["id"])
    assert (await till.post(f"/cart/v1/carts/{cart}/items", "i0", MILK)).status == 202
    return cart


@pytest.fixture
def checkout(shop: Shop) -> ApiSpec:
    return shop.caller("checkout", "service")


async def test_a_services_trace_is_handed_on(shop: Shop, checkout: ApiSpec, cart: str) -> None:
    """Even where nothing is recorded, a message belongs to the trace of the request that caused it."""
    await checkout.post(f"/cart/v1/carts/{cart}/checkout", "k1", CHECKOUT, traceparent=PARENT)

    assert shop.topics.on("cart-commits")[-1].attributes["traceparent"] == PARENT


async def test_of_two_traces_none_is_believed(shop: Shop, checkout: ApiSpec, cart: str) -> None:
    """The request is carried out all the same, in a trace of its own: tracing refuses nothing."""
    headers = {"Idempotency-Key": "k1", "traceparent": (PARENT, PARENT.replace("b7", "b8"))}

    reply = await checkout.send("POST", f"/cart/v1/carts/{cart}/checkout", json=CHECKOUT, headers=headers)

    assert (reply.status, TRACE in str(shop.lines[-1]["traceparent"])) == (202, False)


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize("role", ["customer", "pos", "operator"])
async def test_a_stranger_joins_no_trace(shop: Shop, role: str, recorded: bool, request: pytest.FixtureRequest) -> None:
    """Log, messages and log line name a trace of our own, whatever the caller states."""
    if recorded:
        request.getfixturevalue("exporter")
    stated = {"traceparent": PARENT, "tracestate": "a=stranger", "baggage": "b=stranger", "user-agent": "stranger"}

    reply = await shop.caller("900", role).post("/cart/v1/carts", "k1", {"currency": "USD"}, **stated)

    (commit,), (message,) = await shop.log(reply.json["id"]), shop.topics.on("cart-commits")
    own = message.attributes["traceparent"]
    assert own == commit.context.traceparent == shop.lines[-1]["traceparent"]
    assert len(own) == len(PARENT)
    assert not any(word in repr((commit, message, shop.lines)) for word in (TRACE, "stranger"))


async def test_a_log_line_names_the_trace(shop: Shop, checkout: ApiSpec, cart: str) -> None:
    """The line of a request can be found by its trace."""
    await checkout.post(f"/cart/v1/carts/{cart}/checkout", "k1", CHECKOUT, traceparent=PARENT)

    assert shop.lines[-1]["traceparent"] == PARENT


async def test_a_request_is_a_span_with_its_steps(cart: str, checkout: ApiSpec, exporter: InMemorySpanExporter) -> None:
    """With an SDK, a command is a span of the caller's trace, its append and its publish are children."""
    exporter.clear()

    await checkout.post(f"/cart/v1/carts/{cart}/checkout", "k1", CHECKOUT, traceparent=PARENT)

    spans = {span.name: span for span in exporter.get_finished_spans()}
    assert set(spans) == {"append", "publish", "cart-commands POST"}
    assert {f"{span.context.trace_id:032x}" for span in spans.values()} == {TRACE}
    assert spans["append"].parent == spans["cart-commands POST"].context


async def test_a_message_names_the_span_that_caused_it(
    shop: Shop, cart: str, checkout: ApiSpec, exporter: InMemorySpanExporter
) -> None:
    """What is published points at our own span, not past it."""
    exporter.clear()

    await checkout.post(f"/cart/v1/carts/{cart}/checkout", "k1", CHECKOUT, traceparent=PARENT)

    message = shop.topics.on("cart-commits")[-1]
    (span,) = [span for span in exporter.get_finished_spans() if span.name == "cart-commands POST"]
    assert message.attributes["traceparent"] == f"00-{TRACE}-{span.context.span_id:016x}-01"
