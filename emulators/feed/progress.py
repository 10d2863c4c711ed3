"""A progress bar for each phase of what takes long."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.text import Text

from emulators.feed.tills import Progress


class _Rate(ProgressColumn):
    """How many are done in a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "", style="progress.data.speed")


@contextmanager
def bars(console: Console) -> Iterator[Progress]:
    """Tell the yielded function what was done; a phase's bar appears with its first news."""
    columns = (
        TextColumn("{task.description:<14}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    tasks: dict[str, TaskID] = {}
    # Whatever else is printed meanwhile (the embedded functions' log) is sent where it was going.
    shown = Bars(*columns, console=console, redirect_stdout=False, redirect_stderr=False)

    def tell(phase: str, done: int, total: int) -> None:
        if not tasks:
            shown.start()
        if phase not in tasks:
            tasks[phase] = shown.add_task(phase, total=total or None)
        shown.update(tasks[phase], completed=done, total=total or None)

    try:
        yield tell
    finally:
        if tasks:
            shown.stop()
