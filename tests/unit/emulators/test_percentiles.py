"""Latencies in short."""

from emulators.feed.percentiles import Spread, spread, spread_of_counts


def test_no_samples_have_no_spread() -> None:
    """Nothing measured is not zero."""
    assert spread([]) is None


def test_every_figure_is_a_sample() -> None:
    """Percentiles are taken by nearest rank."""
    assert spread([float(n) for n in range(100, 0, -1)]) == Spread(100, 50.0, 95.0, 100.0)


def test_one_sample_is_all_of_its_spread() -> None:
    """Middle, tail and worst of one are that one."""
    assert spread([3.0]) == Spread(1, 3.0, 3.0, 3.0)


def test_counted_samples_have_the_spread_of_single_ones() -> None:
    """Whether samples are listed or counted by value makes no difference."""
    samples = [1.0] * 50 + [2.0] * 45 + [3.0] * 4 + [9.0]

    assert spread_of_counts({9.0: 1, 3.0: 4, 2.0: 45, 1.0: 50, 7.0: 0}) == spread(samples) == Spread(100, 1.0, 2.0, 9.0)
    assert spread_of_counts({}) is None
