"""How long the parts of one request took, for its `Server-Timing` header and its log line."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter

from shared.observability.facts import note_most
from shared.observability.tracing import step_span

_durations: ContextVar[dict[str, float] | None] = ContextVar("durations", default=None)


@contextmanager
def timings() -> Iterator[dict[str, float]]:
    """Collects what is measured inside: name → milliseconds."""
    durations: dict[str, float] = {}
    token = _durations.set(durations)
    try:
        yield durations
    finally:
        _durations.reset(token)


@contextmanager
def measure(name: str) -> Iterator[None]:
    """Adds the time spent inside to the request's `name`, as a span too; outside of a request it measures nothing. Of
    what comes several times in a request, the log line says the longest one, too: `slowest`.
    """
    started = perf_counter()
    try:
        with step_span(name):
            yield
    finally:
        milliseconds = (perf_counter() - started) * 1000
        note_most("slowest", name, round(milliseconds, 2))
        durations = _durations.get()
        if durations is not None:
            durations[name] = durations.get(name, 0.0) + milliseconds


def server_timing(durations: dict[str, float]) -> str:
    """The header's value, such as `append;dur=1.42, publish;dur=0.97`."""
    return ", ".join(f"{name};dur={duration:.2f}" for name, duration in durations.items())
