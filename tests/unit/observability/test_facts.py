"""What a request found out, for its log line."""

import asyncio

from shared.observability.facts import facts, note, note_most, tally


def test_what_is_noted_is_kept_by_name() -> None:
    """The last word counts."""
    with facts() as found:
        note("lag", 5.0)
        note("lag", 7.0)

    assert found == {"lag": 7.0}


def test_what_is_tallied_is_counted() -> None:
    """One for each time."""
    with facts() as found:
        for _ in range(3):
            tally("conflicts")

    assert found == {"conflicts": 3}


def test_of_each_kind_the_most_is_kept() -> None:
    """In whatever order they come."""
    with facts() as found:
        for of, value in (("forwards", 3.0), ("backwards", 1.0), ("forwards", 9.0), ("forwards", 4.0)):
            note_most("waiting", of, value)

    assert found == {"waiting": {"forwards": 9.0, "backwards": 1.0}}


def test_outside_of_a_request_nothing_is_kept() -> None:
    """A part may tell anywhere, also where nobody asks."""
    note("lag", 1.0)
    tally("conflicts")
    note_most("waiting", "stuck", 1.0)

    with facts() as found:
        pass

    assert found == {}


async def test_requests_that_run_together_are_told_apart() -> None:
    """Each has its own."""

    async def request(value: float) -> dict[str, object]:
        with facts() as found:
            note("lag", value)
            await asyncio.sleep(0)
            tally("conflicts")
        return found

    first, second = await asyncio.gather(request(1.0), request(2.0))

    assert (first, second) == ({"lag": 1.0, "conflicts": 1}, {"lag": 2.0, "conflicts": 1})
