"""Spans by OpenTelemetry, and the W3C `traceparent` that carries them through HTTP and Pub/Sub.

Without a configured SDK nothing is recorded, and the caller's trace is still passed on.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_PROPAGATOR = TraceContextTextMapPropagator()


@contextmanager
def request_span(name: str, traceparent: str | None) -> Iterator[Span]:
    """The span of one request or message, a child of whatever its `traceparent` names."""
    parent = _PROPAGATOR.extract({"traceparent": traceparent} if traceparent else {})
    with trace.get_tracer("commerce").start_as_current_span(name, parent, kind=SpanKind.SERVER) as span:
        yield span


@contextmanager
def step_span(name: str) -> Iterator[None]:
    """A part of the request, such as the append; nothing where the request itself is not recorded, which is cheap."""
    if not trace.get_current_span().is_recording():
        yield
        return
    with trace.get_tracer("commerce").start_as_current_span(name):
        yield


def current_traceparent() -> str | None:
    """What to hand on to whoever is called next; None outside of any trace."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent")
