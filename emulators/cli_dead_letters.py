"""Dead letters from the command line: what could not be processed, why, and taking it again."""

from typing import Annotated

import typer

from emulators.cli_operating import operate
from emulators.terminal import FOLDER, FolderOption

dead_letters = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="""What could not be processed: streams that a read model cannot get past, and messages that a function could
    not take. Nothing of it is lost; each waits until it is re-driven, or thrown away by its name.""",
)

ServiceArgument = Annotated[str, typer.Argument(metavar="SERVICE", help="Whose dead letters.")]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Show what would change, field by field, and change nothing.")
]


@dead_letters.command("list")
def list_letters(
    service: Annotated[str | None, typer.Argument(metavar="SERVICE", help="Whose; all, if none is named.")] = None,
    folder: FolderOption = FOLDER,
) -> None:
    """List what waits: per read model and stream the commit at fault, the error and the followers held; per
    subscription the messages.
    """
    operate("list_letters", folder=folder, arguments={"service": service})


@dead_letters.command("show")
def show_letter(
    service: ServiceArgument,
    identity: Annotated[str, typer.Argument(metavar="ID", help="Of a commit or a message, as the list shows it.")],
    folder: FolderOption = FOLDER,
) -> None:
    """Show one in full: the error, and the commit or the message as it is."""
    operate("show_letter", folder=folder, arguments={"service": service, "identity": identity})


@dead_letters.command("redrive")
def redrive_letters(
    *,
    service: ServiceArgument,
    identity: Annotated[
        str, typer.Argument(metavar="[ID]", help="Of a commit or a message, as the list shows it.")
    ] = "",
    stream: Annotated[str, typer.Option("--stream", help="A parked stream, such as cart-42.")] = "",
    projection: Annotated[str, typer.Option("--projection", help="For this read model only, such as cart.carts.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="All that waits in the service.")] = False,
    dry_run: DryRunOption = False,
    folder: FolderOption = FOLDER,
) -> None:
    """Take dead letters again: a parked stream goes on in its order, a message goes to its handler once more. What is
    done is released; what fails again stays, with its error. Exits with 1 if any fails.
    """
    if sum(map(bool, (identity, stream, everything))) != 1:
        raise typer.BadParameter("say which: an ID, or --stream, or --all")
    if projection and not stream:
        raise typer.BadParameter("--projection goes with --stream")
    arguments = {
        "service": service,
        "identity": identity,
        "stream": stream,
        "projection": projection,
        "dry_run": dry_run,
    }
    operate("redrive_letters", folder=folder, arguments=arguments)


@dead_letters.command("discard")
def discard_letter(
    service: ServiceArgument,
    identity: Annotated[str, typer.Argument(metavar="ID", help="Of a message, as the list shows it.")],
    folder: FolderOption = FOLDER,
) -> None:
    """Throw a message away that can never be taken, and say which it was. A parked stream cannot be thrown away: its
    commit is part of the log.
    """
    operate("discard_letter", folder=folder, arguments={"service": service, "identity": identity})
