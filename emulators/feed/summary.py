"""A run in one table, and the same as JSON."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic_core import to_json
from rich.console import Console
from rich.table import Table

from emulators.feed.percentiles import Spread
from emulators.feed.platform_facts import Delivery, Operations
from emulators.feed.run import Report
from shared.adapters.files import replace_file

SHOWN_DIFFERENCES = 20


def show(report: Report, console: Console) -> None:
    """Print the table, and the differences if there are any."""
    console.print(_work(report))
    console.print(_latencies(report))
    console.print(_books(report))
    if report.balanced:
        console.print("[bold green]The books balance, to the cent and to the line.[/]")
        return
    differences = report.books.differences
    console.print(f"[bold red]The books do not balance, differences: {len(differences)}.[/]")
    for difference in differences[:SHOWN_DIFFERENCES]:
        console.print(f"  {difference}", markup=False, highlight=False)
    if len(differences) > SHOWN_DIFFERENCES:
        console.print(f"  ... and {len(differences) - SHOWN_DIFFERENCES} more")


def write_json(report: Report, file: Path) -> None:
    """The whole report for programs; money in cents, times in milliseconds unless they say seconds."""
    replace_file(file, to_json(as_data(report), indent=2) + b"\n")


def as_data(report: Report) -> dict[str, Any]:
    fed, chosen = report.fed, report.options.chosen
    return {
        "runtime": report.facts.runtime,
        "slice": asdict(chosen),
        "concurrency": report.options.concurrency,
        "data_set": asdict(report.data_set),
        "feed": {
            "seconds": fed.seconds,
            "carts": len(fed.carts),
            "empty_carts": fed.empty_carts,
            "commands": fed.commands,
            "accepted": fed.accepted,
            "carried_out": fed.carried_out,
            "replayed": fed.replayed,
            "refused": fed.refused,
            "retries": fed.retries,
            "refused_lines": [{"basket": refused.basket, **asdict(refused.line)} for refused in fed.refused_lines],
        },
        "opened_by_others": report.opened_by_others,
        "caught_up_seconds": report.caught_up_seconds,
        "seconds": report.seconds,
        "milliseconds": {name: asdict(spread) if spread else None for name, spread in report.latencies.items()},
        "deliveries": {name: delivery_as_data(delivery) for name, delivery in report.deliveries.items()},
        "operations": asdict(report.operations) if report.operations else None,
        "operations_not_counted_by": report.facts.uncounted,
        "books": {name: asdict(totals) for name, totals in report.books.totals.items()},
        "log_asked": report.log_asked,
        "differences": [asdict(difference) for difference in report.books.differences],
        "balanced": report.balanced,
    }


def _work(report: Report) -> Table:
    table = Table(title="The feed", show_header=False, title_justify="left")
    table.add_column()
    table.add_column(justify="right")
    for name, value in _facts(report):
        table.add_row(name, value)
    return table


def _facts(report: Report) -> Iterator[tuple[str, str]]:
    fed, data = report.fed, report.data_set
    yield "runtime", report.facts.runtime
    yield "baskets", f"{data.baskets:,}"
    yield "lines sold", f"{data.sold_lines:,} for {usd(data.sold_cents)}"
    yield "lines refused, of quantity 0", f"{len(fed.refused_lines):,} for {usd(_refused_cents(report))}"
    yield "check-outs refused, of empty carts", f"{fed.empty_carts:,}"
    yield "commands sent", f"{fed.commands:,} in {fed.seconds:.1f} s, {fed.commands / max(fed.seconds, 1e-9):,.0f}/s"
    yield "commands carried out, a commit each", f"{fed.carried_out:,}"
    if fed.replayed:
        yield "answers repeated, carried out before", f"{fed.replayed:,}"
    if fed.retries:
        yield "requests sent again", f"{fed.retries:,}"
    yield "read models caught up", f"{report.caught_up_seconds:.2f} s after the last command"
    if report.opened_by_others:
        yield "carts opened by others meanwhile, not compared", f"{report.opened_by_others:,}"
    yield from _faults(report)
    yield from _operations(report.operations, fed.accepted)


def _faults(report: Report) -> Iterator[tuple[str, str]]:
    total: Counter[str] = Counter()
    for delivery in report.deliveries.values():
        total.update(delivery.faults)
    if total:
        yield "faults on request", ", ".join(f"{count:,} {name}" for name, count in sorted(total.items()))
        yield "commits healed by the sweep", "have no sample in the lag"


def _operations(operations: Operations | None, commands: int) -> Iterator[tuple[str, str]]:
    if operations is None:
        yield "operations", "not counted: a function process does not say, or was restarted"
        return
    yield "operations of the whole run", "schedules and polling included"
    for name, count in sorted(operations.rpcs.items()):
        yield f"RPC {name}", _per_command(count, commands)
    for what, count in (("read", operations.read), ("written", operations.written), ("deleted", operations.deleted)):
        yield f"documents {what}", _per_command(count, commands)


def _latencies(report: Report) -> Table:
    table = Table("milliseconds", title="Latencies", title_justify="left")
    for column in ("p50", "p95", "max", "samples"):
        table.add_column(column, justify="right")
    for name, spread in report.latencies.items():
        table.add_row(name, *figures(spread))
    return table


def _books(report: Report) -> Table:
    table = Table("book", title="The books", title_justify="left")
    for column in ("carts", "checked out", "lines", "USD"):
        table.add_column(column, justify="right")
    for name, totals in report.books.totals.items():
        asked = " (asked by HTTP)" if name == "log" and report.log_asked else ""
        figures = (totals.carts, totals.checked_out, totals.lines)
        table.add_row(name + asked, *(f"{figure:,}" for figure in figures), usd(totals.cents))
    return table


def delivery_as_data(delivery: Delivery) -> dict[str, Any]:
    """Without each single lag."""
    counts = {"delivered": delivery.delivered, "retried": delivery.retried, "dead_lettered": delivery.dead_lettered}
    return {**counts, "faults": dict(delivery.faults), "lag": asdict(delivery.lag) if delivery.lag else None}


def figures(spread: Spread | None) -> tuple[str, ...]:
    if spread is None:
        return ("-", "-", "-", "0")
    return (*(f"{value:,.1f}" for value in (spread.p50, spread.p95, spread.max)), f"{spread.count:,}")


def _per_command(count: int, commands: int) -> str:
    return f"{count:,}, {count / max(commands, 1):.2f} per accepted command"


def _refused_cents(report: Report) -> int:
    return sum(refused.line.total for refused in report.fed.refused_lines)


def usd(cents: int) -> str:
    return f"{cents // 100:,}.{cents % 100:02d} USD"
