"""A stream's commits as they are kept in memory: encoded, one by one or in packs."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from shared.adapters.packs import Pack, PackedCommit, Packer, unpacked
from shared.eventsourcing.errors import CorruptCommitError, CorruptDataError
from shared.eventsourcing.message import Commit

Kept = list[tuple[datetime, bytes | Pack]]
"""By version, from 1: when it was recorded, and its body, or the pack that holds it."""


def commits_between(stream: str, kept: Kept, after: int, up_to: int) -> Iterator[Commit]:
    """Those with `after < version <= up_to`. Raises CorruptCommitError."""
    version = after + 1
    while version <= up_to:
        recorded_at, held = kept[version - 1]
        if isinstance(held, Pack):
            for packed in _opened(stream, held, kept):
                if version <= packed.version <= up_to:
                    yield packed.decoded(stream)
            version = held.last + 1
        else:
            yield PackedCommit(version, recorded_at, held).decoded(stream)
            version += 1


def found_at(stream: str, kept: Kept, version: int) -> Sequence[Commit | CorruptCommitError]:
    """What lies at the place of this commit in the feed."""
    recorded_at, held = kept[version - 1]
    if not isinstance(held, Pack):
        return [PackedCommit(version, recorded_at, held).found(stream)]
    try:
        return [packed.found(stream) for packed in _opened(stream, held, kept)]
    except CorruptCommitError as error:
        return [error]


def page_end(kept: Kept, version: int) -> int:
    """The last version that a page comes to which ends with this one: that of its pack."""
    held = kept[version - 1][1]
    return held.last if isinstance(held, Pack) else version


def is_inside_pack(kept: Kept, version: int) -> bool:
    """Whether the pack of this version lies further on."""
    return version > 0 and page_end(kept, version) != version


def pack_stream(stream: str, kept: Kept, up_to: int) -> Sequence[Pack]:
    """Replaces what can be packed; the new packs."""
    packer, packs = Packer(), list[Pack]()
    for version, (recorded_at, held) in enumerate(kept[: max(up_to, 0)], 1):
        if not isinstance(held, Pack):
            commit = PackedCommit(version, recorded_at, held)
            commit.decoded(stream)
            packs += packer.add(commit)
    packs += packer.rest()
    for pack in packs:
        for version in range(pack.first, pack.last + 1):
            kept[version - 1] = (kept[version - 1][0], pack)
    return packs


def _opened(stream: str, pack: Pack, kept: Kept) -> Sequence[PackedCommit]:
    try:
        return unpacked(pack.data)
    except CorruptDataError as error:
        raise CorruptCommitError(stream, pack.last, kept[pack.last - 1][0], error) from error
