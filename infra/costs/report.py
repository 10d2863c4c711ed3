"""The tables of docs/costs.md, as Markdown."""

from collections.abc import Iterable, Sequence

from infra.costs.choices import choices
from infra.costs.counts import kept, report
from infra.costs.idle import Fixed, by_size, standing, told
from infra.costs.instances import STEP
from infra.costs.model import Bill, Line, late_walks
from infra.costs.prices import AS_OF, GIB, MILLION, List
from infra.costs.schedules import schedules, uncounted
from shared.topology import Service

Services = Sequence[Service]
Row = tuple[str, ...]


def run() -> str:
    """When and how it was counted."""
    counted = report()
    machine = counted["machine"]
    return (
        f"Counted on {counted['measured']} with `{counted['command']}`: {counted['checkouts']} checkouts of"
        f" {counted['lines']} lines, by customers that the shop knew, on {machine['cores']} cores, {machine['system']},"
        f" {machine['emulators']}."
    )


def in_short(services: Services) -> str:
    """The sums of the tables, to be read without them."""
    paid, shipped = (
        f"{_all_told(each):,.0f} USD"
        for each in (Bill.until_paid(report(), services), Bill.of_shipping(report(), services))
    )
    return (
        f"{paid} for a million checkouts, {shipped} more to ship them, {_idle(services):,.0f} USD for a month without"
        f" customers: operations counted on {report()['measured']}, list prices of {AS_OF}"
    )


def bill(services: Services) -> str:
    """The first table."""
    paid, shipped = Bill.until_paid(report(), services), Bill.of_shipping(report(), services)
    at_once = [_row(*both) for both in zip(paid.lines, shipped.lines, strict=True)]
    later = [_row(*both) for both in zip(late_walks(paid), late_walks(shipped), strict=True)]
    return _table(
        ("component", "what", "a checkout", "price", "USD", "shipping it", "USD more"),
        [
            *at_once,
            _sum("at once", paid.dollars, shipped.dollars),
            *later,
            _sum("all told", _all_told(paid), _all_told(shipped)),
        ],
    )


def instance_time(services: Services) -> str:
    """What is assumed beside what was measured."""
    paid, shipped = Bill.until_paid(report(), services), Bill.of_shipping(report(), services)
    (assumed, took), (assumed_later, took_later) = (
        (sum(each.seconds().values()) / STEP, each.counted.slots) for each in (paid, shipped)
    )
    return (
        f"Steps of instance time that are assumed: {assumed:.0f} a checkout, {assumed_later:.0f} to ship it."
        f" When they were counted, with stand-ins on a machine that all shared: {took:.1f} and {took_later:.1f}."
    )


def _all_told(paid: Bill) -> float:
    """Of a million checkouts, with what comes later."""
    return paid.dollars + sum(line.dollars for line in late_walks(paid))


def _paid_each_month(services: Services) -> list[Fixed]:
    """Beside the runs of schedules."""
    return [*told(report(), services), *standing(services)]


def _idle(services: Services) -> float:
    """Of a month without customers."""
    runs = sum(each.dollars for each in schedules(report(), services))
    return runs + sum(each.dollars for each in _paid_each_month(services))


def _row(paid: Line, shipped: Line) -> Row:
    told = (_number(paid.units), paid.price.value.told, _dollars(paid.dollars))
    return (paid.component, paid.what, *told, _number(shipped.units), _dollars(shipped.dollars))


def _sum(name: str, paid: float, shipped: float) -> Row:
    return ("**sum**", f"**{name}**", "", "", f"**{_dollars(paid)}**", "", f"**{_dollars(shipped)}**")


def other_choices(services: Services) -> str:
    """The second table."""
    found = choices(Bill.until_paid(report(), services))
    return _table(
        ("if", "arithmetic", "USD"), [(each.what, each.arithmetic, f"{each.dollars:+,.2f}") for each in found]
    )


def idle_month(services: Services) -> str:
    """The third table: schedules, what they say, then the rest. Below it, schedules that nobody has counted yet."""
    runs = schedules(report(), services)
    rows = [
        (
            each.kind,
            f"{each.jobs} jobs, {each.runs:,.0f} runs, {each.reads:,.0f} documents read",
            _dollars(each.dollars),
        )
        for each in runs
    ]
    fixed = [(each.what, each.amount, _dollars(each.dollars)) for each in _paid_each_month(services)]
    total = ("**sum**", "", f"**{_dollars(_idle(services))}**")
    table = _table(("what", "amount", "USD a month"), [*rows, *fixed, total])
    new = ", ".join(f"`{name}`" for name in uncounted(report(), services))
    return f"{table}\n\nNot counted yet, taken for the average of their kind: {new}." if new else table


def sizes(services: Services) -> str:
    """What is paid by size."""
    return _table(
        ("what", "of", "USD a month"), [(each.what, each.amount, _small(each.dollars)) for each in by_size(services)]
    )


def growth() -> str:
    """What a million checkouts leave behind, by database."""
    paid, shipped = kept(report(), "cart and checkout"), kept(report(), "shipping")
    databases = [name for name in {**paid, **shipped} if not name.endswith(" bytes")]
    rows = []
    for name in databases:
        size = sum(each.get(f"{name} bytes", 0) for each in (paid, shipped)) * MILLION
        documents = sum(each.get(name, 0) for each in (paid, shipped))
        rows.append((f"`{name}`", _number(documents), f"{size / GIB:,.1f}", _dollars(List.STORAGE.of(size))))
    return _table(("database", "documents a checkout", "GiB", "USD a month"), rows)


def price_list() -> str:
    """All prices, and how sure they are."""
    return _table(
        ("price (USD)", "source", "read at the source"),
        [(each.value.told, each.value.source, "yes" if each.value.verified else "no") for each in List],
    )


def _table(head: Row, rows: Iterable[Row]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:,.2f}".rstrip("0").rstrip(".")  # noqa: PLR2004 - digits enough


def _dollars(value: float) -> str:
    return f"{value:,.2f}"


def _small(value: float) -> str:
    return f"{value:,.3f}"
