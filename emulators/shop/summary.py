"""A run of the shop in a few tables, and the same as JSON."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic_core import to_json
from rich.console import Console
from rich.table import Table

from emulators.feed.platform_facts import Operations
from emulators.feed.summary import delivery_as_data, figures, usd
from emulators.shop.choose import Fate
from emulators.shop.compare import Sums
from emulators.shop.mails import mails_in_all
from emulators.shop.run import ShopReport, ledger_total
from emulators.shop.services import outcome
from shared.adapters.files import replace_file

SHOWN_DIFFERENCES = 20
NARROW = 40
"""Characters: what is longer is told in several lines, so that the tables fit into 80 columns."""


def show(report: ShopReport, console: Console) -> None:
    """Print the tables, and the differences if there are any."""
    for title, facts in (("The shop", _shop(report)), ("The work", _work(report))):
        table = Table(title=title, show_header=False, title_justify="left")
        table.add_column()
        table.add_column(justify="right")
        for name, value in facts:
            table.add_row(name, value)
        console.print(table)
    console.print(_latencies(report))
    console.print(_books(report))
    if report.balanced:
        console.print("[bold green]The books balance, to the cent and to the line.[/]")
        return
    console.print(f"[bold red]The books do not balance, differences: {len(report.differences)}.[/]")
    for difference in report.differences[:SHOWN_DIFFERENCES]:
        console.print(f"  {difference}", markup=False, highlight=False)
    if len(report.differences) > SHOWN_DIFFERENCES:
        console.print(f"  ... and {len(report.differences) - SHOWN_DIFFERENCES} more")


def write_json(report: ShopReport, file: Path) -> None:
    """The whole report for programs; money in cents, times in milliseconds unless they say seconds."""
    replace_file(file, to_json(as_data(report), indent=2) + b"\n")


def as_data(report: ShopReport) -> dict[str, Any]:
    sent = report.sent
    return {
        "runtime": report.facts.runtime,
        "slice": asdict(report.options.chosen),
        "seed": report.options.seed,
        "concurrency": report.options.concurrency,
        "data_set": asdict(report.data_set),
        "checkouts": dict(_outcomes(report)),
        "orders": dict(_orders(report)),
        "checkouts_per_second": _rate(report),
        "turned_back_cents": dict(report.turned_back),
        "refunded_cents": report.refunded,
        "coupons": {"presented": _coupons(report), "unused": dict(report.plan.unused_coupons)},
        "commands": {"sent": sent.commands, "accepted": sent.accepted, "replayed": sent.replayed},
        "retries": sent.retries,
        "refused_lines": [{"basket": refused.basket, **asdict(refused.line)} for refused in sent.refused_lines],
        "mails": mails_in_all(report.answers),
        "seconds": dict(report.seconds),
        "milliseconds": {name: asdict(spread) if spread else None for name, spread in report.latencies.items()},
        "deliveries": {name: delivery_as_data(delivery) for name, delivery in report.deliveries.items()},
        "operations": asdict(report.operations) if report.operations else None,
        "books": {each.name: asdict(each.sums) for each in report.witnesses if each.sums},
        "witnesses": {each.name: sorted(each.about) for each in report.witnesses},
        "differences": [asdict(difference) for difference in report.differences],
        "balanced": report.balanced,
    }


def _shop(report: ShopReport) -> Iterator[tuple[str, str]]:
    data, answers = report.data_set, report.answers
    refused = sum(refused.line.total for refused in report.sent.refused_lines)
    ledger = next(each.sums for each in report.witnesses if each.name == "ledger")
    yield "runtime", report.facts.runtime
    yield "baskets of the data set", f"{data.baskets:,} for {usd(data.sold_cents + data.unsold_cents)}"
    yield "  paid", _count_for(ledger.baskets if ledger else 0, (ledger and ledger.cents) or 0)
    for fate, why in ((Fate.DECLINED, "card declined"), (Fate.SHORT, "out of stock")):
        count = len(report.plan.of_fate(fate))
        yield f"  turned back, {why}", _count_for(count, report.turned_back[fate])
    yield "  lines refused, of quantity 0", _count_for(len(report.sent.refused_lines), refused)
    yield "checkouts", _counted(_outcomes(report))
    yield "checkouts a second, carts filled", f"{_rate(report):.1f}"
    yield "orders", _counted(_orders(report))
    yield "coupons presented", _coupons(report)
    for reason, count in report.plan.unused_coupons.items():
        yield f"coupons not used: {reason}", f"{count:,}"
    yield "returns and cancellations", _count_for(len(answers.returns) + len(answers.cancellations), report.refunded)
    yield "shipments", _counted(Counter(each["status"] for each in answers.shipments))
    yield "mails", _counted(Counter(f"{each['kind'].replace('_', ' ')}" for each in answers.mails))
    yield "the ledger is off by", usd(ledger_total(answers))


def _work(report: ShopReport) -> Iterator[tuple[str, str]]:
    sent, plan = report.sent, report.plan
    yield (
        "set up",
        f"{len(plan.households):,} customers, {len(plan.products):,} products, {len(plan.coupons):,} coupons",
    )
    yield "seconds", "\n".join(f"{phase} {seconds:,.1f}" for phase, seconds in report.seconds.items())
    yield "commands sent", f"{sent.commands:,}"
    yield "refused, as they must be", f"{sent.refused:,}"
    if sent.replayed:
        yield "answers repeated", f"{sent.replayed:,}"
    if sent.retries:
        yield "requests sent again", f"{sent.retries:,}"
    messages: Counter[str] = Counter()
    for delivery in report.deliveries.values():
        messages.update(delivered=delivery.delivered, retried=delivery.retried, buried=delivery.dead_lettered)
        messages.update(delivery.faults)
    yield "messages", _counted(messages)
    yield "operations", _operations(report.operations)


def _operations(operations: Operations | None) -> str:
    if operations is None:
        return "not counted: a process does not say, or was restarted"
    return f"documents read {operations.read:,}, written {operations.written:,}, deleted {operations.deleted:,}"


def _outcomes(report: ShopReport) -> Counter[str]:
    return Counter(outcome(sold.document) for sold in report.selling.sold.values())


def _orders(report: ShopReport) -> Counter[str]:
    return Counter(order["status"] for order in report.answers.orders.values())


def _rate(report: ShopReport) -> float:
    """None is counted whose checkout was over before this run."""
    fresh = sum(sold.seen is not None for sold in report.selling.sold.values())
    return fresh / max(report.selling.seconds, 1e-9)


def _coupons(report: ShopReport) -> str:
    stated = [coupon.stated for sale in report.plan.sales for coupon in sale.coupons]
    return f"{len(stated):,}, {sum(map(bool, stated)):,} of them took off {usd(sum(stated))}"


def _latencies(report: ShopReport) -> Table:
    table = Table("milliseconds", title="Latencies", title_justify="left")
    for column in ("p50", "p95", "max", "samples"):
        table.add_column(column, justify="right")
    for name, spread in report.latencies.items():
        table.add_row(name, *figures(spread))
    return table


def _books(report: ShopReport) -> Table:
    table = Table("book", title="The books", title_justify="left")
    for column in ("baskets", "lines", "pieces", "USD"):
        table.add_column(column, justify="right")
    for each in report.witnesses:
        if each.sums:
            table.add_row(each.name, *_sums(each.sums))
    return table


def _sums(sums: Sums) -> tuple[str, ...]:
    counts = (sums.baskets, sums.lines, sums.pieces)
    cents = "-" if sums.cents is None else usd(sums.cents).removesuffix(" USD")
    return (*("-" if count is None else f"{count:,}" for count in counts), cents)


def _counted(counts: Counter[str]) -> str:
    said = [f"{count:,} {name}" for name, count in counts.most_common() if count]
    return (", " if sum(map(len, said)) < NARROW else "\n").join(said) or "none"


def _count_for(count: int, cents: int) -> str:
    return f"{count:,} for {usd(cents)}"
