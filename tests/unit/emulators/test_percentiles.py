"""Latencies in short."""

from emulators.feed.percentiles import Spread, spread


def test_no_samples_have_no_spread() -> None:
    """Nothing measured is not zero."""
    assert spread([]) is None


def test_every_figure_is_a_sample() -> None:
    """Percentiles are taken by nearest rank."""
    assert spread([float(n) for n in range(100, 0, -1)]) == Spread(100, 50.0, 95.0, 100.0)


def test_one_sample_is_all_of_its_spread() -> None:
    """Middle, tail and worst of one are that one."""
    assert spread([3.0]) == Spread(1, 3.0, 3.0, 3.0)
