"""The format of packs."""

import struct
import zlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.packs import PackedCommit, Packer, compressed, unpacked
from shared.eventsourcing.errors import CorruptDataError

TIMES = st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
COMMITS = st.builds(PackedCommit, st.integers(1, 2**63), TIMES, st.binary(max_size=200))
NOON = datetime(2017, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)


@given(st.lists(COMMITS, min_size=1, max_size=20))
def test_what_is_packed_is_unpacked(commits: list[PackedCommit]) -> None:
    """To the byte, to the microsecond, and in the same order."""
    assert unpacked(compressed(commits)) == commits


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no pack",
        compressed([PackedCommit(1, NOON, b"{}")])[:-1],
        zlib.compress(b"\x02"),
        zlib.compress(b"\x01"),
        zlib.compress(b"\x01" + b"cut"),
        zlib.compress(b"\x01" + struct.pack(">QqI", 1, 0, 9) + b"short"),
        zlib.compress(b"\x01" + struct.pack(">QqI", 1, 2**62, 0)),
    ],
)
def test_what_is_no_pack_is_corrupt_data(data: bytes) -> None:
    """Cut off, of another format, without a commit, or with a time that cannot be."""
    with pytest.raises(CorruptDataError):
        unpacked(data)


def test_a_pack_holds_neighbours_only() -> None:
    """Where commits were packed before, a new pack begins behind them."""
    packer = Packer()

    packs = [pack for version in (1, 2, 5, 6, 7) for pack in packer.add(PackedCommit(version, NOON, b"{}"))]

    assert [(pack.first, pack.last) for pack in (*packs, *packer.rest())] == [(1, 2), (5, 7)]


def test_times_rise_in_a_pack() -> None:
    """A commit whose time lies before its forerunner's begins another one: none may move to before its own place."""
    packer = Packer()
    seconds = (0, 0, 2, 1, 1, 3)

    commits = [PackedCommit(version, NOON + timedelta(seconds=at), b"{}") for version, at in enumerate(seconds, 1)]
    packs = [pack for commit in commits for pack in packer.add(commit)]

    assert [(pack.first, pack.last) for pack in (*packs, *packer.rest())] == [(1, 3), (4, 6)]
