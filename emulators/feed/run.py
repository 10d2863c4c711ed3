"""The main job on real data: feed a slice of baskets, wait for the read models, balance the books."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter

from emulators.feed.books import carts_in_log, data_set_book, log_book, opened_by_others
from emulators.feed.catch_up import CatchUp, caught_up
from emulators.feed.client import PlatformClient, connect
from emulators.feed.dataset import DataSetError, Slice, Totals, baskets, rows, totals
from emulators.feed.percentiles import Spread, spread
from emulators.feed.platform_facts import Delivery, Operations, PlatformFacts, platform_facts
from emulators.feed.query_book import QueryBook
from emulators.feed.reconcile import Book, Difference, Reconciliation, reconcile
from emulators.feed.tills import FeedResult, Progress, feed
from shared.eventsourcing.event_store import EventStore

DATA_SET, LOG, READ_MODEL = "data set", "log", "read model"
DEFAULT_CONCURRENCY = 4
AUDITOR = "feed-auditor"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedOptions:
    """`concurrency` baskets are sold at a time; the read models have `patience` seconds to catch up."""

    chosen: Slice = field(default_factory=Slice)
    concurrency: int = DEFAULT_CONCURRENCY
    patience: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run did and found. `latencies` in milliseconds by what was timed.

    `deliveries` and `operations` are those between the first command and the last read model; no operations where a
    restarted process forgot some, or one does not count. `opened_by_others` is how many carts somebody else opened
    meanwhile. `log_asked` says that the log was asked through queries, not read itself.
    """

    options: FeedOptions
    facts: PlatformFacts
    data_set: Totals
    fed: FeedResult
    latencies: Mapping[str, Spread | None]
    deliveries: Mapping[str, Delivery]
    operations: Operations | None
    opened_by_others: int
    caught_up_seconds: float
    seconds: float
    books: Reconciliation
    log_asked: bool

    @property
    def balanced(self) -> bool:
        """Whether all books agree, to the cent and to the line."""
        return self.books.balanced


async def run_feed(origin: str, options: FeedOptions, *, log: EventStore | None, progress: Progress) -> Report:
    """Feed the platform at `origin` and reconcile. Without access to its `log` that book is filled by queries for
    earlier states, which are answered from the log.

    Raises DataSetError, NoAnswerError, FeedError, CatchUpError or BookError; books that differ are a Report.
    """
    async with connect(origin) as till, connect(origin, subject=AUDITOR, role="operator") as auditor:
        return await _Run(till, auditor, options, log, progress).report()


@dataclass(frozen=True, slots=True)
class _Run:
    """The `till` sells; lists and histories, which are not for tills, are asked for by the `auditor`."""

    till: PlatformClient
    auditor: PlatformClient
    options: FeedOptions
    log: EventStore | None
    progress: Progress

    async def report(self) -> Report:
        began = perf_counter()
        chosen = baskets(self.options.chosen)
        if not chosen:
            raise DataSetError(f"there are no baskets {_in_words(self.options.chosen)}: nothing to feed")
        before = await self._carts_before({basket.household for basket in chosen})
        at_first = await platform_facts(self.auditor)
        fed = await feed(self.till, chosen, concurrency=self.options.concurrency, progress=self.progress)
        waited = await self._caught_up(fed)
        facts = await platform_facts(self.auditor)
        queries = self._queries(fed)
        await queries.ask()
        await queries.ask_lists(before)
        in_log, others = await self._log_book(fed, before)
        data_set, deliveries = totals(self.options.chosen), facts.deliveries_since(at_first)
        return Report(
            options=self.options,
            facts=facts,
            data_set=data_set,
            fed=fed,
            latencies=_latencies(fed, deliveries, queries),
            deliveries=deliveries,
            operations=facts.operations_since(at_first),
            opened_by_others=len(others | queries.others),
            caught_up_seconds=waited.seconds,
            books=self._reconciled(data_set, fed, in_log, queries.carts),
            log_asked=self.log is None,
            seconds=perf_counter() - began,
        )

    async def _carts_before(self, households: Collection[str]) -> set[str]:
        """The carts that were there before this run: none of its business, unless they turn out to be its own."""
        if self.log is not None:
            return set(await carts_in_log(self.log))
        return {body["id"] for body in await self._queries(FeedResult()).listed(households)}

    async def _caught_up(self, fed: FeedResult) -> CatchUp:
        return await caught_up(
            self.till,
            [*fed.carts.values()],
            within=self.options.patience,
            progress=self.progress,
        )

    def _queries(self, fed: FeedResult) -> QueryBook:
        return QueryBook(self.auditor, fed.carts, workers=self.options.concurrency, progress=self.progress)

    async def _log_book(self, fed: FeedResult, before: Collection[str]) -> tuple[Book, set[str]]:
        """The book, and the carts that others opened meanwhile, as far as the log itself was read."""
        if self.log is not None:
            carts = await carts_in_log(self.log)
            return log_book(carts, fed.carts, before), opened_by_others(carts, fed.carts, before)
        asked = self._queries(fed)
        await asked.ask(past=True)
        return asked.carts, set()

    def _reconciled(self, data_set: Totals, fed: FeedResult, in_log: Book, in_queries: Book) -> Reconciliation:
        books = reconcile({DATA_SET: data_set_book(rows(self.options.chosen)), LOG: in_log, READ_MODEL: in_queries})
        return replace(books, differences=(*check_sums(data_set, books, fed), *books.differences))


def check_sums(expected: Totals, books: Reconciliation, fed: FeedResult) -> Iterator[Difference]:
    """The sums of the columns against those of the book of lines, and what was refused against what had to be."""
    book = books.totals[DATA_SET]
    refused = sum(refused.line.total for refused in fed.refused_lines)
    checks = {
        "baskets": ("book", expected.baskets, book.carts),
        "sold lines": ("book", expected.sold_lines, book.lines),
        "cents sold": ("book", expected.sold_cents, book.cents),
        "empty baskets": ("feed", expected.empty_baskets, fed.empty_carts),
        "refused lines": ("feed", expected.unsold_lines, len(fed.refused_lines)),
        "cents refused": ("feed", expected.unsold_cents, refused),
    }
    for fact, (other, summed, counted) in checks.items():
        if summed != counted:
            yield Difference("(all)", fact, {"data set, summed": str(summed), other: str(counted)})


def _in_words(chosen: Slice) -> str:
    start, end = chosen.start, chosen.end
    return " ".join([f"from {start}" if start else "from the first day", f"to {end}" if end else "to the last day"])


def _latencies(fed: FeedResult, deliveries: Mapping[str, Delivery], queries: QueryBook) -> dict[str, Spread | None]:
    lags = {f"lag of {name}, repeats included": delivery.lag for name, delivery in deliveries.items() if delivery.lag}
    return {
        "command": spread(fed.command_times),
        "append": spread(fed.append_times),
        "publish": spread(fed.publish_times),
        **lags,
        "query of a cart": spread(queries.cart_times),
        "query of a list": spread(queries.list_times),
    }
