"""What the archive says: the views of the shop's figures, and how much the log grows."""

from typing import Annotated

import typer

from emulators.cli_operating import operate
from emulators.terminal import FOLDER, FolderOption


def analytics(
    view: Annotated[
        str | None, typer.Argument(metavar="VIEW", help="Its name; without one all views are named.")
    ] = None,
    folder: FolderOption = FOLDER,
) -> None:
    """Print a view of the archive as a table, such as [b]revenue_by_department_week[/b]. Money is in minor units."""
    operate("analytics", folder=folder, arguments={"view": view})


def growth(folder: FolderOption = FOLDER) -> None:
    """Print how much each category has stored: streams, commits, events and bytes, in all and by day."""
    operate("growth", folder=folder, arguments={})
