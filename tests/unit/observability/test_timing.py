"""How long the parts of a request took."""

import asyncio
import re

import pytest

from shared.observability.facts import facts
from shared.observability.timing import measure, server_timing, timings


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds to be read one after the other."""
    readings: list[float] = []
    monkeypatch.setattr("shared.observability.timing.perf_counter", lambda: readings.pop(0))
    return readings


def test_a_part_is_measured_in_milliseconds(clock: list[float]) -> None:
    """The time inside is kept under its name."""
    clock[:] = [10.0, 10.25]

    with timings() as durations, measure("append"):
        pass

    assert durations == {"append": 250.0}


def test_a_part_that_comes_again_adds_up(clock: list[float]) -> None:
    """A retried append took as long as its tries together."""
    clock[:] = [1.0, 1.5, 2.0, 2.25]

    with timings() as durations:
        for _ in range(2):
            with measure("append"):
                pass

    assert durations == {"append": 750.0}


def test_the_longest_of_a_part_is_noted(clock: list[float]) -> None:
    """Two appends of 10 ms are not one of 20 ms."""
    clock[:] = [1.0, 1.010, 2.0, 2.010]

    with facts() as found, timings() as durations:
        for _ in range(2):
            with measure("append"):
                pass

    assert found == {"slowest": {"append": 10.0}}
    assert durations == {"append": pytest.approx(20.0)}


def test_a_part_that_fails_is_measured_too(clock: list[float]) -> None:
    """A failed publish took its time as well."""
    clock[:] = [1.0, 3.0]

    with timings() as durations, pytest.raises(OSError), measure("publish"):  # noqa: PT011 - its own
        raise OSError

    assert durations == {"publish": 2000.0}


def test_outside_of_a_request_nothing_is_kept() -> None:
    """A part may be measured anywhere, also where nobody asks."""
    with measure("append"):
        pass

    with timings() as durations:
        pass
    assert durations == {}


async def test_requests_do_not_mix() -> None:
    """Two requests at once in one process keep their own times."""

    async def request(part: str, mine: asyncio.Event, other: asyncio.Event) -> dict[str, float]:
        with timings() as durations:
            with measure(part):
                mine.set()
                await other.wait()
            return durations

    one, two = asyncio.Event(), asyncio.Event()
    first, second = await asyncio.gather(request("append", one, two), request("publish", two, one))

    assert (list(first), list(second)) == (["append"], ["publish"])


def test_a_request_inside_a_request_has_its_own_times() -> None:
    """Where one function calls another in the same process, the outer one goes on with its own."""
    with timings() as outer:
        with timings() as inner, measure("inner"):
            pass
        with measure("outer"):
            pass

    assert (list(outer), list(inner)) == (["outer"], ["inner"])


def test_the_header_lists_the_parts() -> None:
    """Names and milliseconds in the form of `Server-Timing`."""
    header = server_timing({"append": 1.4249, "publish": 0.966})

    assert header == "append;dur=1.42, publish;dur=0.97"
    assert re.fullmatch(r"\w+;dur=[\d.]+(, \w+;dur=[\d.]+)*", header)
