"""Files that a command writes: whole, or as they were before."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(file: Path) -> Iterator[BinaryIO]:
    """What is written lies beside `file` and takes its place when the block has ended well; until then, and whatever
    goes wrong, the old file stays as it was. What is no file, such as a pipe, is written to as it comes.
    """
    target = file.resolve()  # of a link, what it leads to is replaced
    if target.exists() and not target.is_file():
        with target.open("wb") as out:
            yield out
        return
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        if target.exists():
            part.chmod(stat.S_IMODE(target.stat().st_mode))
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def replace_file(file: Path, content: bytes) -> None:
    """All of it at once."""
    with replacing(file) as out:
        out.write(content)
