"""The findings as tables for people and as JSON for programs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.bench.figures import Figure, Result

_DIGITS = ((100, 0), (10, 1), (1, 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One run. `parts` are in the order in which they ran, with the seconds that each took."""

    started: datetime
    command: str
    quick: bool
    machine: Mapping[str, Any]
    parts: Mapping[str, tuple[Result, float]]

    def as_data(self) -> dict[str, Any]:
        return {
            "started": self.started,
            "command": self.command,
            "quick": self.quick,
            "machine": self.machine,
            "parts": {name: _part(result, seconds) for name, (result, seconds) in self.parts.items()},
        }


def _part(result: Result, seconds: float) -> dict[str, Any]:
    return {
        "title": result.title,
        "seconds": round(seconds, 1),
        "figures": [figure.as_data() for figure in result.figures],
        "records": result.records,
        "notes": result.notes,
    }


def show_head(report: Report, console: Console) -> None:
    machine = report.machine
    console.print(f"{report.started:%Y-%m-%d %H:%M} UTC  {report.command}  revision {machine['revision']}")
    console.print(f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['system']}")
    console.print(f"Python {machine['python']}, Java {machine['java']}, {machine['emulators']}")
    console.print(", ".join(f"{name} {version}" for name, version in machine["packages"].items()))
    console.print(f"load average before the run: {machine['load']}")
    if report.quick:
        console.print("a quick run: it shows that everything works; its figures mean nothing", style="bold yellow")


def show(result: Result, console: Console) -> None:
    if result.figures:
        console.print(_figures(result.title, result.figures))
    if result.records:
        console.print(_records(None if result.figures else result.title, result.records))
    for note in result.notes:
        console.print(note, style="italic")
    console.print()


def _figures(title: str, figures: Sequence[Figure]) -> Table:
    table = Table("figure", title=title, title_justify="left")
    for column in ("p50 or value", "p95", "unit", "samples", "target"):
        table.add_column(column, justify="right")
    for figure in figures:
        samples = "" if figure.samples is None else f"{figure.samples:,}"
        p95 = "" if figure.p95 is None else _number(figure.p95)
        table.add_row(figure.name, _number(figure.value), p95, figure.unit, samples, _target(figure))
    return table


def _target(figure: Figure) -> Text:
    if figure.target is None:
        return Text("")
    met = figure.target.met(figure)
    words = f"{'p95 ' if figure.target.p95 else ''}<= {figure.target.limit:g} {'met' if met else 'not met'}"
    return Text(words, "green" if met else "red")


def _records(title: str | None, records: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(records[0]):
        table.add_column(column, justify="right" if number else "left")
    for record in records:
        table.add_row(*(str(value) for value in record.values()))
    return table


def _number(value: float) -> str:
    """Three digits, or all before the point."""
    places = next((places for least, places in _DIGITS if abs(value) >= least), 3)
    return f"{value:,.{places}f}"
