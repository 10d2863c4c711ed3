"""Read models from the command line: `replay`, `rebuild`, `generations`, `read`."""

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from emulators.cli_operating import operate
from emulators.terminal import FOLDER, FolderOption
from shared.adapters.system import utc_now
from shared.http.requests import Moment

_MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)
_SINCE = datetime(1970, 1, 1, tzinfo=UTC)


class Flip(StrEnum):
    """When a new generation is to become the live one."""

    NEVER = "never"
    EQUAL = "equal"
    ALWAYS = "always"


def moment(text: str) -> str:
    """A time that a person typed, in UTC and with its zone."""
    try:
        at = _MOMENT.validate_python(text).astimezone(UTC)
    except (ValidationError, OverflowError):
        raise typer.BadParameter(f"{text!r} is no time with its zone, such as 2017-06-01T12:00:00Z") from None
    if not _SINCE <= at <= utc_now():
        raise typer.BadParameter(f"{text} lies before all history, or is yet to come")
    return at.isoformat()


ServiceArgument = Annotated[str, typer.Argument(metavar="SERVICE", help="Whose read model, such as [b]cart[/b].")]
ReadModelArgument = Annotated[
    str,
    typer.Argument(
        metavar="READ_MODEL", help="Its collection, such as [b]carts[/b]; a wrong one is told the right ones."
    ),
]
AsOfOption = Annotated[
    str | None,
    typer.Option("--as-of", metavar="TIME", parser=moment, help="By the time at which the log recorded the commits."),
]
FromLogOption = Annotated[
    bool, typer.Option("--from-log", help="Read the log alone, also where there is an archive: slower, billed by read.")
]


def replay(
    service: ServiceArgument,
    read_model: ReadModelArgument,
    *,
    as_of: AsOfOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the documents here, a line of JSON each.", dir_okay=False)
    ] = None,
    from_log: FromLogOption = False,
    folder: FolderOption = FOLDER,
) -> None:
    """Fold the whole history into the documents of a read model; nothing that runs is changed.

    Without --out the documents are thrown away: it shows that they can be made, and how fast. Exit code 1: some streams
    could not be folded.
    """
    arguments = {
        "service": service,
        "read_model": read_model,
        "as_of": as_of,
        "out": str(out.resolve()) if out else None,
        "from_log": from_log,
    }
    operate("replay", folder=folder, arguments=arguments)


def rebuild(
    service: ServiceArgument,
    read_model: ReadModelArgument,
    *,
    flip: Annotated[
        Flip | None,
        typer.Option("--flip", help="Make it live: never (the default), if it is equal to the live one, or always."),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", metavar="FIELD", help="Leave this field, and what lies in it, out; repeatable."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write the rows that differ here, JSON lines.", dir_okay=False)
    ] = None,
    as_of: AsOfOption = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Of the generation as of a time, to be found again by.")
    ] = None,
    from_log: FromLogOption = False,
    folder: FolderOption = FOLDER,
) -> None:
    """Build a new generation of a read model beside the live one, catch up, and compare the two row by row.

    The shop goes on meanwhile, and no side effect fires. A rebuild that was killed goes on when it is called again.
    With --as-of: the read model as it was, in a generation that nobody keeps up to date.

    Exit codes: 0 done, 3 the generations differ and the new one is not live.
    """
    chosen = {"service": service, "read_model": read_model, "from_log": from_log}
    if as_of is None and name is not None:
        raise typer.BadParameter("--name is for --as-of; other generations are numbered")
    if as_of is not None and (flip or ignore or report):
        raise typer.BadParameter("one as of a time is not compared and never live: no --flip, --ignore or --report")
    if as_of is not None:
        named = name or f"as-of-{as_of}"
        operate("rebuild_as_of", folder=folder, arguments={**chosen, "as_of": as_of, "name": named})
    else:
        compared = {"ignore": ignore or [], "report": str(report.resolve()) if report else None}
        operate("rebuild", folder=folder, arguments={**chosen, **compared, "flip": (flip or Flip.NEVER).value})


def generations(
    service: ServiceArgument,
    read_model: ReadModelArgument,
    *,
    live: Annotated[str | None, typer.Option("--live", metavar="NAME", help="Make this one live.")] = None,
    back: Annotated[bool, typer.Option("--back", help="Make the one live that was live before.")] = False,
    drop: Annotated[str | None, typer.Option("--drop", metavar="NAME", help="Delete one that is not live.")] = None,
    folder: FolderOption = FOLDER,
) -> None:
    """Show the generations of a read model, those as of a time included; make another one live, or drop one."""
    if sum((live is not None, back, drop is not None)) > 1:
        raise typer.BadParameter("only one of --live, --back and --drop can be given")
    arguments = {"service": service, "read_model": read_model, "live": live, "back": back, "drop": drop}
    operate("generations", folder=folder, arguments=arguments)


def read(
    service: ServiceArgument,
    read_model: ReadModelArgument,
    key: Annotated[str | None, typer.Argument(metavar="KEY", help="Of one document.")] = None,
    *,
    generation: Annotated[
        str | None, typer.Option("--generation", metavar="NAME", help="Another one than the live one.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many documents.")] = 20,
    folder: FolderOption = FOLDER,
) -> None:
    """Print documents of a read model as lines of JSON, from any generation of it."""
    arguments = {
        "service": service,
        "read_model": read_model,
        "key": key,
        "generation": generation,
        "limit": limit,
    }
    operate("read", folder=folder, arguments=arguments)


COMMANDS = (replay, rebuild, generations, read)
