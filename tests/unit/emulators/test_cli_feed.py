"""The feed's command line: what is refused before anything runs."""

import errno
from collections.abc import Sequence
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from emulators import cli_feed, cli_shop, terminal
from emulators.feed.client import PlatformClient
from emulators.feed.dataset import DataSetError, Slice
from emulators.feed.run import FeedOptions, run_feed
from tests.unit.emulators.cart_in_miniature import silent

FAR = Slice(start=date(2031, 1, 1), end=date(2031, 1, 2))


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.command()(cli_feed.feed)
    app.command()(cli_shop.demo)
    app.command()(cli_shop.shop)
    return app


def refusal(app: typer.Typer, options: Sequence[str]) -> str:
    """What is said on the way to exit code 2, in one line."""
    result = CliRunner(env={"COLUMNS": "400", "NO_COLOR": "1"}).invoke(app, options)
    assert result.exit_code == 2, result.output
    return " ".join(result.output.split())


@pytest.mark.parametrize("command", ["feed", "demo", "shop"])
@pytest.mark.parametrize("end", ["2017-03-06", "2017-03-05"])
def test_days_that_end_before_they_begin_are_refused(app: typer.Typer, command: str, end: str) -> None:
    """A choice that can hold no basket is a mistake of the command."""
    said = refusal(app, [command, "--from", "2017-03-06", "--to", end])

    assert f"--to {end} must be later than --from 2017-03-06" in said


@pytest.mark.parametrize("command", ["feed", "demo", "shop"])
def test_a_report_that_cannot_be_written_is_found_out_before_the_run(
    app: typer.Typer, command: str, tmp_path: Path
) -> None:
    """Neither a folder nor a file in a folder that does not exist will do."""
    assert "is a folder" in refusal(app, [command, "--json", str(tmp_path)])
    assert "there is no folder" in refusal(app, [command, "--json", str(tmp_path / "none" / "report.json")])


@pytest.mark.parametrize("command", ["feed", "demo", "shop"])
@pytest.mark.parametrize(
    ("baskets", "said"),
    [
        ("0", "'--baskets': Input should be greater than or equal to 1"),
        ("-1", "'--baskets': Input should be greater than or equal to 1"),
        ("many", "'--baskets': Input should be a valid integer"),
        ("2.5", "'--baskets': Input should be a valid integer"),
        ("155849", "--baskets 155849 is more than there are on these days: 155848"),
    ],
)
def test_a_number_of_baskets_that_cannot_be_sold_is_refused(
    app: typer.Typer, command: str, baskets: str, said: str
) -> None:
    """Before anything runs: nothing is taken for all, and more than there are is not fewer."""
    assert said in refusal(app, [command, "--baskets", baskets, "--from", "2017-01-01"])


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "x"), "No space left on device: where the platform keeps its files, see --folder"),
        (PermissionError(errno.EACCES, "x", "/of/others"), "Permission denied: /of/others"),
        (OSError(errno.EROFS, "x", "/a/disc"), "Read-only file system: /a/disc"),
        (NotADirectoryError(errno.ENOTDIR, "x", "/a/file/logs"), "Not a directory: /a/file/logs"),
        (ExceptionGroup("of the jobs", [OSError(errno.ENOSPC, "x", "/full")]), "No space left on device: /full"),
    ],
)
def test_what_a_person_can_mend_is_one_line(error: Exception, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full and a folder that is not theirs are no bugs: the reason, and exit code 1."""
    printed = StringIO()
    monkeypatch.setattr(terminal, "err", Console(file=printed))

    with pytest.raises(typer.Exit) as ended, terminal.for_people():
        raise error

    assert ended.value.exit_code == 1
    assert printed.getvalue() == f"error: {said}\n"


def test_a_bug_keeps_its_traceback() -> None:
    """A file that ought to be there is nothing that a person can mend."""
    with pytest.raises(FileNotFoundError), terminal.for_people():
        raise FileNotFoundError(errno.ENOENT, "x", "/a/file")


async def test_an_empty_choice_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was fed, so nothing may balance."""
    monkeypatch.setattr(PlatformClient, "get", None)  # nobody is asked

    with pytest.raises(DataSetError, match="there are no baskets from 2031-01-01 to 2031-01-02: nothing to feed"):
        await run_feed("http://127.0.0.1:1", FeedOptions(chosen=FAR), log=None, progress=silent)
