"""A file that a command writes is whole, or as it was before."""

import asyncio
import os
import threading
from pathlib import Path

import pytest

from emulators.operate.read_models import _lines
from shared.adapters.files import replace_file, replacing
from shared.eventsourcing.projection import Row
from shared.testing.doubles import NOON


def names(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


def fail(file: Path, error: type[BaseException]) -> None:
    """Before all is written."""
    with replacing(file) as out:
        out.write(b"half of")
        raise error


async def replayed(file: Path, *rows: Row, error: type[BaseException] | None = None) -> None:
    with _lines(str(file)) as write:
        await write(rows)
        if error is not None:
            raise error


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """There is something in it."""
    file = tmp_path / "carts.ndjson"
    file.write_bytes(b"old")
    return file


def test_a_file_is_replaced_when_all_is_written(file: Path) -> None:
    """Not before, and nothing is left beside it."""
    with replacing(file) as out:
        out.write(b"new")
        out.flush()
        assert file.read_bytes() == b"old"

    assert (file.read_bytes(), names(file.parent)) == (b"new", [file.name])


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_command_that_fails_leaves_the_old_file(file: Path, error: type[BaseException]) -> None:
    """Also one that is interrupted."""
    with pytest.raises(error):
        fail(file, error)

    assert (file.read_bytes(), names(file.parent)) == (b"old", [file.name])


def test_a_command_that_fails_makes_no_file(tmp_path: Path) -> None:
    """Nobody takes half a file for the whole."""
    with pytest.raises(ConnectionResetError):
        fail(tmp_path / "new", ConnectionResetError)

    assert names(tmp_path) == []


def test_who_may_read_it_stays(file: Path) -> None:
    """What is written is as private as the file that it replaces."""
    file.chmod(0o640)

    replace_file(file, b"new")

    assert file.stat().st_mode & 0o777 == 0o640


def test_a_link_stays_a_link(file: Path) -> None:
    """What it leads to is replaced."""
    link = file.with_name("link")
    link.symlink_to(file)

    replace_file(link, b"new")

    assert (link.is_symlink(), file.read_bytes()) == (True, b"new")


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    """There is nothing to replace."""
    pipe, read = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()

    replace_file(pipe, b"new")

    reader.join()
    assert read == [b"new"]


def test_a_replay_that_fails_leaves_the_file_of_the_last_one(file: Path) -> None:
    """`commerce replay --out`: the documents are in the file when all of them are there."""
    with pytest.raises(ConnectionResetError):
        asyncio.run(replayed(file, Row("1", 1, NOON, b"{}", {}), error=ConnectionResetError))

    assert file.read_bytes() == b"old"


def test_a_replay_writes_a_line_for_each_document(file: Path) -> None:
    """None for one that was removed."""
    asyncio.run(replayed(file, Row("1", 1, NOON, b'{"id":"\xc3\xa4"}', {}), Row("2", 1, NOON, None, {})))

    assert file.read_bytes() == b'{"id":"\xc3\xa4"}\n'
