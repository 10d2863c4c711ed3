"""The state of a running platform as tables."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table


def show_status(out: Console, status: Mapping[str, Any]) -> None:
    """`status` is the answer of `/_local/status`."""
    out.print(f"[b]{status['origin']}[/b]  runtime {status['runtime']}, process {status['pid']}")
    for name, host in status["emulators"].items():
        out.print(f"  {name} emulator at {host}")
    if status["processes"]:
        out.print(_processes(status["processes"]))
    out.print(_deliveries(status["delivery"]))
    out.print(_schedules(status["schedules"]))


def _processes(processes: Mapping[str, Any]) -> Table:
    table = _table("process", "pid", "port", "restarts")
    for name, process in processes.items():
        table.add_row(name, str(process["pid"]), str(process["port"]), str(process["restarts"]))
    return table


def _deliveries(delivery: Mapping[str, Any]) -> Table:
    table = _table("subscription", "acked", "nacked", "dead", "in flight", "waiting", "lag p50 / p95 ms")
    for name, stats in delivery.items():
        counters, lag = stats["counters"], stats["lag"]
        numbers = (
            counters["acked"],
            counters["nacked"],
            counters["dead_lettered"],
            stats["in_flight"],
            stats["waiting"],
        )
        table.add_row(name, *map(str, numbers), f"{lag['p50']:.0f} / {lag['p95']:.0f}" if lag else "-")
    return table


def _schedules(schedules: Mapping[str, Any]) -> Table:
    table = _table("schedule", "succeeded", "failed", "skipped")
    for name, stats in schedules.items():
        table.add_row(name, *(str(stats[column]) for column in ("succeeded", "failed", "skipped")))
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(first, box=None, padding=(0, 2, 0, 0))
    for name in others:
        table.add_column(name, justify="right")
    return table
