"""A progress bar for each phase of the feed."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from emulators.feed.tills import Progress


@contextmanager
def bars(console: Console) -> Iterator[Progress]:
    """Tell the yielded function what was done; a phase's bar appears with its first news."""
    columns = (TextColumn("{task.description:<14}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    tasks: dict[str, TaskID] = {}
    # Whatever else is printed meanwhile (the embedded functions' log) is sent where it was going.
    with Bars(*columns, console=console, redirect_stdout=False, redirect_stderr=False) as shown:

        def tell(phase: str, done: int, total: int) -> None:
            if phase not in tasks:
                tasks[phase] = shown.add_task(phase, total=total)
            shown.update(tasks[phase], completed=done, total=total)

        yield tell
