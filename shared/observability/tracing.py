"""Spans by OpenTelemetry, and the W3C `traceparent` that carries them through HTTP and Pub/Sub.

Without a configured SDK nothing is recorded, and a trace is still passed on.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from secrets import randbits

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_PROPAGATOR = TraceContextTextMapPropagator()
_bits: ContextVar[Callable[[int], int]] = ContextVar("bits", default=randbits)


@dataclass(slots=True)
class _Request:
    """A request whose caller is not known yet. `stated` is the trace that it claims to belong to."""

    name: str
    stated: str | None
    spans: ExitStack = field(default_factory=ExitStack)
    begun: bool = False


_request: ContextVar[_Request | None] = ContextVar("request", default=None)


@contextmanager
def request_trace(name: str, traceparent: str | None) -> Iterator[None]:
    """Around one request or message. Its span begins when `begin_span` says who calls: until then it is in no trace."""
    request = _Request(name, traceparent)
    token = _request.set(request)
    try:
        with request.spans:
            yield
    finally:
        _request.reset(token)


def begin_span(*, trusted: bool) -> None:
    """The span of the request that is being handled, once. A trusted caller's trace goes on; to anybody else's request
    belongs a trace of our own, because what we write down and send on names it.
    """
    request = _request.get()
    if request is None or request.begun:
        return
    request.begun = True
    parent = _PROPAGATOR.extract({"traceparent": request.stated}) if trusted and request.stated else Context()
    tracer = trace.get_tracer("commerce")
    span = request.spans.enter_context(tracer.start_as_current_span(request.name, parent, kind=SpanKind.SERVER))
    if not span.get_span_context().is_valid:
        request.spans.enter_context(trace.use_span(_unrecorded()))


def use_bits(bits: Callable[[int], int]) -> None:
    """Trace ids are made of these, so many at a time, by what runs in this context from now on."""
    _bits.set(bits)


def _unrecorded() -> NonRecordingSpan:
    """Nobody records it: its ids are for those who are called next."""
    bits, sampled = _bits.get(), TraceFlags(TraceFlags.SAMPLED)
    return NonRecordingSpan(SpanContext(bits(128) | 1, bits(64) | 1, is_remote=False, trace_flags=sampled))


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
