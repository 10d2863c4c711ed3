"""The notation of faults, and the draws that decide whom they meet."""

import pytest

from emulators.delivery.faults import NO_FAULTS, Faults, FaultSyntaxError, Plan, parse_faults


def test_notation_is_read() -> None:
    """Every fault can be asked for in one line."""
    faults = parse_faults("duplicate=0.1, delay=0.05:200ms,reorder=0.2,drop=0.01,fail=0.02,seed=7")

    assert faults == Faults(duplicate=0.1, delay=0.05, delay_seconds=0.2, reorder=0.2, drop=0.01, fail=0.02, seed=7)


def test_no_text_is_no_faults() -> None:
    """Without options nothing happens to any message."""
    assert parse_faults("") == NO_FAULTS
    assert NO_FAULTS.plan("s", "1") == Plan()


def test_duration_may_be_in_seconds() -> None:
    """A delay takes milliseconds or seconds."""
    assert parse_faults("delay=1:1.5s").delay_seconds == 1.5


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("explode=0.1", "there are duplicate, delay, reorder, drop, fail and seed"),
        ("drop", "a probability between 0 and 1"),
        ("drop=much", "a probability between 0 and 1"),
        ("drop=1.1", "a probability between 0 and 1"),
        ("drop=nan", "a probability between 0 and 1"),
        ("delay=0.1:soon", "has a duration"),
        ("drop=0.1:200ms", "only a delay has a duration"),
        ("seed=x", "a seed is a whole number"),
    ],
)
def test_bad_notation_is_named(text: str, complaint: str) -> None:
    """The part at fault is named, with what is possible."""
    with pytest.raises(FaultSyntaxError) as refused:
        parse_faults(text)
    assert complaint in str(refused.value)


def test_same_seed_same_faults() -> None:
    """Draws depend on the seed, the subscription and the message, not on the order of arrival."""
    faults = Faults(drop=0.3, duplicate=0.3, seed=1)

    forwards = {number: faults.plan("s", str(number)) for number in range(100)}
    backwards = {number: faults.plan("s", str(number)) for number in reversed(range(100))}

    assert forwards == backwards
    assert forwards != {number: Faults(drop=0.3, duplicate=0.3, seed=2).plan("s", str(number)) for number in range(100)}


def test_probability_is_kept() -> None:
    """Over many messages a fault is as frequent as asked for."""
    faults = Faults(drop=0.1, fail=0.2)

    assert sum(faults.plan("s", str(number)).drop for number in range(5000)) == pytest.approx(500, rel=0.15)
    assert sum(faults.fails("s", str(number), 1) for number in range(5000)) == pytest.approx(1000, rel=0.15)


def test_each_attempt_draws_anew() -> None:
    """A message whose first attempt fails may pass at the second."""
    faults = Faults(fail=0.5)
    unlucky = next(str(number) for number in range(100) if faults.fails("s", str(number), 1))

    assert not all(faults.fails("s", unlucky, attempt) for attempt in range(1, 20))
