"""Publishing again what a consumer never had."""

from typing import Annotated

import typer

from emulators.cli_operating import operate
from emulators.cli_read_models import moment
from emulators.terminal import FOLDER, FolderOption


def republish(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="Whose events, such as [b]orders[/b].")],
    *,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", parser=moment, help="Recorded at this time or later.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", parser=moment, help="Recorded before this time.")
    ] = None,
    folder: FolderOption = FOLDER,
) -> None:
    """Publish the integration events of a service again, from its log, with the ids that they had.

    For a consumer that is new, or whose messages were lost. All consumers get them, and each takes an event once.
    Exit code 1: some commits could not be read.
    """
    operate("republish", folder=folder, arguments={"service": service, "since": since, "until": until})
