"""Who tries one card or coupon after the other is slowed down, given / when / then."""

from datetime import UTC, datetime, timedelta

import pytest

from functions.checkout.commands import AttemptCommand, BeginAttempt, Fate
from functions.checkout.decider import ATTEMPTS_DECIDER, MAX_LIMIT
from functions.checkout.events import AttemptBegun, AttemptEvent
from functions.checkout.state import Attempts
from shared.eventsourcing.errors import TooSoonError
from shared.testing.decider_spec import DeciderSpec

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
PAUSE = timedelta(minutes=5)
attempts = DeciderSpec[AttemptCommand, AttemptEvent, Attempts](ATTEMPTS_DECIDER)


def begun(number: int, *forgotten: int) -> AttemptBegun:
    """One a second."""
    return AttemptBegun(
        customer_id="900",
        checkout_id=f"c{number}",
        request_id=f"r{number}",
        forgotten=tuple(f"c{each}" for each in forgotten),
        at=AT + timedelta(seconds=number),
    )


def begin(number: int, *fates: Fate, after: timedelta = timedelta(), limit: int = 3) -> BeginAttempt:
    """`fates` are those of the first attempts, in their order."""
    return BeginAttempt(
        customer_id="900",
        checkout_id=f"c{number}",
        request_id=f"r{number}",
        fates={f"c{each}": fate for each, fate in enumerate(fates)},
        limit=limit,
        pause=PAUSE,
        at=AT + timedelta(seconds=number) + after,
    )


def waits(history: list[AttemptBegun], command: BeginAttempt) -> int:
    """For how many seconds the attempt is put off."""
    with pytest.raises(TooSoonError) as refused:
        attempts.given(*history).when(command).then()
    return refused.value.retry_after


THREE = [begun(0), begun(1), begun(2)]
BAD, GOOD, OTHER, RUNNING = Fate.BAD, Fate.GOOD, Fate.OTHER, Fate.RUNNING


class TestAnAttempt:
    def test_is_remembered(self) -> None:
        """A first one is nothing to be slowed down for."""
        attempts.given().when(begin(0)).then(begun(0))

    def test_that_comes_again_is_one(self) -> None:
        """A request that is repeated is no other attempt, whatever became of it."""
        attempts.given(*THREE).when(begin(2, BAD, BAD, BAD)).then_nothing()

    def test_below_the_limit_goes_on(self) -> None:
        """Who mistypes a card twice tries again."""
        attempts.given(begun(0), begun(1)).when(begin(2, BAD, BAD)).then(begun(2))

    def test_behind_too_many_bad_ones_waits(self) -> None:
        """From the last one on, and the caller is told for how long."""
        assert waits(THREE, begin(3, BAD, BAD, BAD)) == PAUSE.total_seconds() - 1

    def test_goes_on_after_the_pause(self) -> None:
        """Once; then the next pause begins."""
        late = begin(3, BAD, BAD, BAD, after=PAUSE)
        fourth = begun(3).model_copy(update={"at": late.at})
        attempts.given(*THREE).when(late).then(fourth)

        again = begin(4, BAD, BAD, BAD, BAD, after=PAUSE)
        assert waits([*THREE, fourth], again) == PAUSE.total_seconds() - 1

    def test_counts_those_that_are_running(self) -> None:
        """Many at a time are no way around it, also those of which nothing was read yet."""
        assert waits(THREE, begin(3, RUNNING, RUNNING, RUNNING)) > 0
        assert waits(THREE, begin(3)) > 0

    @pytest.mark.parametrize(
        ("fates", "forgotten"),
        [((BAD, BAD, GOOD), (0, 1, 2)), ((GOOD, BAD, BAD), (0,)), ((BAD, OTHER, BAD), (1,))],
    )
    def test_forgets_what_is_not_in_a_row(self, fates: tuple[Fate, ...], forgotten: tuple[int, ...]) -> None:
        """A good one ends the row; one that failed for another reason neither ends nor lengthens it."""
        attempts.given(*THREE).when(begin(3, *fates)).then(begun(3, *forgotten))

    def test_is_not_forgotten_for_others_in_between(self) -> None:
        """A checkout that fails for want of stock is no way to have the bad ones forgotten."""
        history = [*THREE[:2], begun(2), begun(3, 2)]
        assert waits(history, begin(4, BAD, BAD, OTHER, BAD)) > 0

    def test_is_not_kept_for_ever(self) -> None:
        """A state has the latest only, and a limit beyond them is that of them."""
        history = [begun(number) for number in range(MAX_LIMIT + 5)]
        state = attempts.given(*history).state()

        assert [each.checkout_id for each in state.latest] == [f"c{n}" for n in range(5, MAX_LIMIT + 5)]
        assert waits(history, begin(MAX_LIMIT + 5, limit=1000)) > 0
