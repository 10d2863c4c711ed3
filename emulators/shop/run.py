"""A run of the whole shop: set it up, sell, ship, take some back, let it settle, and ask every witness."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter

from emulators.feed.dataset import Slice, Totals, totals
from emulators.feed.percentiles import Spread, spread, spread_of_counts
from emulators.feed.platform_facts import Delivery, Operations, PlatformFacts, platform_facts
from emulators.feed.tills import FeedResult, Progress
from emulators.shop.answers import Answers, ask, settle
from emulators.shop.cancelling import cancel
from emulators.shop.choose import Fate
from emulators.shop.columns import Expected, expected
from emulators.shop.compare import Difference, Witness, check_sums, compare
from emulators.shop.log import log_witness, read_log
from emulators.shop.mails import mail_server, notifications
from emulators.shop.plan import DEFAULT_SEED, DEFAULT_SHOP_BASKETS, DEFAULT_SHOP_START, Plan, make_plan
from emulators.shop.returning import take_back
from emulators.shop.selling import Selling, sell
from emulators.shop.services import Seen, ledger_sum, witnesses
from emulators.shop.setting_up import set_up
from emulators.shop.staff import Staff, hired
from emulators.shop.warehouse import ship
from emulators.shop.witnesses import data_set
from shared.eventsourcing.event_store import EventStore

DEFAULT_WORKERS = 4
_LAGS: dict[str, Callable[[str], bool]] = {
    "read models": lambda name: name.endswith("-projector"),
    "relays": lambda name: name.endswith("-relay"),
    "the checkout's steps": lambda name: name.endswith("-orchestrator"),
    "analytics": lambda name: name.startswith("analytics-"),
    "services on others' news": lambda name: "-on-" in name,
}
"""Subscriptions by what they do; the first that fits counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopOptions:
    """`concurrency` baskets are sold at a time; each checkout, and the settling of all, has `patience` seconds."""

    chosen: Slice = field(default_factory=lambda: Slice(start=DEFAULT_SHOP_START, limit=DEFAULT_SHOP_BASKETS))
    seed: int = DEFAULT_SEED
    concurrency: int = DEFAULT_WORKERS
    patience: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopReport:
    """What a run did and found. `latencies` in milliseconds by what was timed, `seconds` by phase; `refused` is what
    lines of quantity 0 and baskets that were turned back come to, in cents, as the platform tells it; `refunded` is
    what returns came to.
    """

    options: ShopOptions
    plan: Plan
    facts: PlatformFacts
    data_set: Totals
    sent: FeedResult
    selling: Selling
    answers: Answers
    latencies: Mapping[str, Spread | None]
    deliveries: Mapping[str, Delivery]
    operations: Operations | None
    seconds: Mapping[str, float]
    witnesses: Sequence[Witness]
    turned_back: Mapping[Fate, int]
    refunded: int
    differences: Sequence[Difference]

    @property
    def balanced(self) -> bool:
        """Whether all witnesses agree on everything."""
        return not self.differences


async def run_shop(origin: str, options: ShopOptions, *, log: EventStore | None, progress: Progress) -> ShopReport:
    """Sell the slice at `origin` and reconcile. Without access to its `log` the services alone are asked.

    Raises DataSetError, NoAnswerError or FeedError; witnesses that disagree are a report.
    """
    plan = make_plan(options.chosen, seed=options.seed)
    async with hired(origin, prefix=f"shop-{plan.name}-") as staff:
        return await _Run(options, plan, staff, log, progress).report()


@dataclass(frozen=True, slots=True)
class _Run:
    options: ShopOptions
    plan: Plan
    staff: Staff
    log: EventStore | None
    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    async def report(self) -> ShopReport:
        workers, patience = self.options.concurrency, self.options.patience
        till, operator, sales = self.staff.till, self.staff.operator, self.plan.sales
        at_first, began = await platform_facts(operator.client), perf_counter()
        await set_up(operator, self.plan, workers=workers, progress=self.progress)
        began = self._lap("setting up", began)
        selling = await sell(till, sales, workers=workers, patience=patience, progress=self.progress)
        began = self._lap("selling", began)
        sold = await cancel(operator, sales, selling.sold, workers=workers, patience=patience, progress=self.progress)
        began = self._lap("cancelling", began)
        await ship(operator, sales, sold, workers=workers, patience=patience, progress=self.progress)
        began = self._lap("shipping", began)
        sold = selling.sold = await take_back(
            operator, sales, sold, workers=workers, patience=patience, progress=self.progress
        )
        began = self._lap("returning", began)
        answers = await settle(operator, sales, sold, workers=workers, patience=patience, progress=self.progress)
        began = self._lap("settling", began)
        facts = await platform_facts(operator.client)
        await ask(operator, sales, sold, answers, workers=workers, progress=self.progress)
        seen, columns = Seen(sold, self.plan.received, answers), expected(self.options.chosen)
        asked = await self._witnesses(seen, columns)
        self._lap("reconciling", began)
        deliveries, data = facts.deliveries_since(at_first), totals(self.options.chosen)
        back, refunded = turned_back(self.plan, seen), sum(map(seen.refund, sold.values()))
        return ShopReport(
            options=self.options,
            plan=self.plan,
            facts=facts,
            data_set=data,
            sent=self.staff.sent,
            selling=selling,
            answers=answers,
            latencies=latencies(selling, self.staff.sent, deliveries),
            deliveries=deliveries,
            operations=facts.operations_since(at_first),
            seconds=self.seconds,
            witnesses=asked,
            turned_back=back,
            refunded=refunded,
            differences=(
                *check_sums(sums(data, columns, asked, self.staff.sent, sum(back.values()) + refunded)),
                *_behind(answers),
                *compare(asked),
            ),
        )

    async def _witnesses(self, seen: Seen, columns: Expected) -> list[Witness]:
        found = [data_set(self.plan, columns), *witnesses(seen), notifications(seen)]
        if seen.answers.sink:
            found.append(mail_server(seen, {sale.id: sale.basket.household for sale in self.plan.sales}))
        if self.log is not None:
            found.append(log_witness(await read_log(self.log), seen.sold, self.plan.received))
        return found

    def _lap(self, phase: str, began: float) -> float:
        now = perf_counter()
        self.seconds[phase] = now - began
        return now


def turned_back(plan: Plan, seen: Seen) -> dict[Fate, int]:
    """What their orders would have come to, in cents."""
    cents: Counter[Fate] = Counter({Fate.DECLINED: 0, Fate.SHORT: 0})
    for sale in plan.of_fate(Fate.DECLINED, Fate.SHORT):
        order = seen.answers.orders.get(seen.sold[sale.id].checkout_id)
        cents[sale.fate] += order["total"]["amount"] if order and order["status"] == "cancelled" else 0
    return dict(cents)


def sums(
    data: Totals,
    columns: Expected,
    asked: Sequence[Witness],
    sent: FeedResult,
    gone: int,
) -> dict[str, dict[str, int]]:
    """The data set as a whole against what became of all of it: nothing is left over, to the cent. `gone` are the cents
    of what was turned back and refunded.
    """
    refused = sum(refused.line.total for refused in sent.refused_lines)
    found: dict[str, dict[str, int]] = {
        "lines of quantity 0": {"data set": data.unsold_lines, "refused": len(sent.refused_lines)},
        "cents of lines of quantity 0": {"data set": data.unsold_cents, "refused": refused},
        "cents of sold lines": {"data set, summed": data.sold_cents, "data set, by basket": sum(columns.paid.values())},
    }
    paid = {each.name: each.sums.cents for each in asked if each.sums and each.sums.cents is not None}
    found["cents of all lines"] = {
        "data set": data.sold_cents + data.unsold_cents,
        **{f"{name}, refused, turned back and refunded": cents + refused + gone for name, cents in paid.items()},
    }
    return found


def _behind(answers: Answers) -> Iterator[Difference]:
    for basket in answers.behind:
        yield Difference(f"basket {basket}", "settled", {"in time": "no"})


def latencies(selling: Selling, sent: FeedResult, deliveries: Mapping[str, Delivery]) -> dict[str, Spread | None]:
    """Samples of this run only: what was over before has none."""
    lags: dict[str, Counter[float]] = {}
    for name, delivery in deliveries.items():
        group = next((group for group, fits in _LAGS.items() if fits(name)), "others")
        lags.setdefault(group, Counter()).update(delivery.lags)
    sold = selling.sold.values()
    return {
        "checkout, as the till sees it": spread([it.seen for it in sold if it.seen is not None]),
        "checkout, by its own timeline": spread([it.taken for it in sold if it.taken is not None]),
        "command": spread(sent.command_times),
        "append": spread(sent.append_times),
        "publish": spread(sent.publish_times),
        **{f"lag of {group}": spread_of_counts(lags[group]) for group in _LAGS if group in lags},
    }


def ledger_total(answers: Answers) -> int:
    """Cents that the whole ledger is off by: every payment in it, of this run or not."""
    return sum(map(ledger_sum, answers.ledger.values()))
