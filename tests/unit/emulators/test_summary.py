"""The report of a run: what balances, what is printed, what programs read."""

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer
from rich.console import Console

from emulators.feed.client import connect
from emulators.feed.dataset import Line, Slice, Totals
from emulators.feed.percentiles import Spread
from emulators.feed.platform_facts import Delivery, Operations, PlatformFacts, platform_facts
from emulators.feed.reconcile import BookTotals, Difference, Reconciliation
from emulators.feed.run import FeedOptions, Report, check_sums
from emulators.feed.summary import SHOWN_DIFFERENCES, show, write_json
from emulators.feed.tills import FedCart, FeedResult, RefusedLine
from tests.unit.emulators.cart_in_miniature import CartInMiniature

DATA_SET = Totals(baskets=2, empty_baskets=1, sold_lines=2, sold_cents=120049, unsold_lines=2, unsold_cents=7)
BOOK = BookTotals(carts=2, checked_out=1, lines=2, cents=120049)
BOOKS = Reconciliation(dict.fromkeys(("data set", "log", "read model"), BOOK), ())

NOT_COUNTED = "operations not counted: a function process does not say, or was restarted"


def feed_result() -> FeedResult:
    return FeedResult(
        carts={"1": FedCart("c1", "900", 4, checked_out=True), "2": FedCart("c2", "900", 1, checked_out=False)},
        refused_lines=[RefusedLine("1", Line("12", 0, 7)), RefusedLine("2", Line("12", 0, 0))],
        commands=8,
        accepted=5,
        replayed=1,
        retries=3,
        seconds=2.0,
    )


def report(books: Reconciliation = BOOKS) -> Report:
    return Report(
        options=FeedOptions(chosen=Slice(limit=2)),
        facts=PlatformFacts("embedded", {}, Operations()),
        deliveries={"cart-projector": Delivery(5, 0, 0, {1.0: 3, 2.0: 2})},
        opened_by_others=0,
        data_set=DATA_SET,
        fed=feed_result(),
        latencies={"command": Spread(8, 4.0, 5.0, 6.25), "publish": None},
        operations=Operations({"Commit": 10}, read=3, written=20, deleted=0),
        caught_up_seconds=0.25,
        seconds=3.0,
        books=books,
        log_asked=False,
    )


def printed(shown: Report) -> list[str]:
    """The lines of the tables, without their frames and padding."""
    console = Console(file=StringIO(), width=120)
    show(shown, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
    return [" ".join(line.replace("│", " ").split()) for line in text.splitlines()]


def test_the_tables_say_what_ran_and_what_it_cost() -> None:
    """Counts, amounts, operations per command, latencies and the three books are all there."""
    lines = printed(report())

    for expected in (
        "runtime embedded",
        "lines sold 2 for 1,200.49 USD",
        "lines refused, of quantity 0 2 for 0.07 USD",
        "check-outs refused, of empty carts 1",
        "commands sent 8 in 2.0 s, 4/s",
        "commands carried out, a commit each 4",
        "answers repeated, carried out before 1",
        "requests sent again 3",
        "operations of the whole run schedules and polling included",
        "RPC Commit 10, 2.00 per accepted command",
        "documents written 20, 4.00 per accepted command",
        "command 4.0 5.0 6.2 8",
        "publish - - - 0",
        "log 2 1 2 1,200.49 USD",
        "The books balance, to the cent and to the line.",
    ):
        assert expected in lines


def test_differences_are_listed_up_to_a_limit() -> None:
    """The first differences are printed as they are, brackets included, the rest is counted."""
    found = tuple(Difference(str(n), "line [11]", {"log": "missing", "read model": "1"}) for n in range(25))

    lines = printed(report(replace(BOOKS, differences=found)))

    assert "The books do not balance, differences: 25." in lines
    assert "basket 0, line [11]: log: missing; read model: 1" in lines
    assert sum("line [11]" in line for line in lines) == SHOWN_DIFFERENCES
    assert "... and 5 more" in lines


def test_one_difference_is_enough_to_fail() -> None:
    """A run is balanced without any difference, and only then."""
    assert report().balanced
    assert not report(replace(BOOKS, differences=(Difference("1", "cart", {}),))).balanced


def test_a_log_that_was_asked_by_queries_says_so() -> None:
    """Whoever reads the table knows where the figures come from."""
    assert "log (asked by HTTP) 2 1 2 1,200.49 USD" in printed(replace(report(), log_asked=True))


def test_the_json_has_everything(tmp_path: Path) -> None:
    """Programs find every figure of the tables, and each refused line."""
    file = tmp_path / "report.json"

    write_json(report(), file)

    found = json.loads(file.read_text())
    assert found["balanced"] is True
    assert found["slice"] == {"start": "2017-10-23", "end": None, "limit": 2, "skip": 0}
    assert found["feed"]["refused_lines"][0] == {"basket": "1", "sku": "12", "quantity": 0, "total": 7}
    assert found["books"]["log"] == {"carts": 2, "checked_out": 1, "lines": 2, "cents": 120049}
    assert found["milliseconds"]["command"] == {"count": 8, "p50": 4.0, "p95": 5.0, "max": 6.25}
    assert found["operations"]["rpcs"] == {"Commit": 10}
    assert found["deliveries"]["cart-projector"]["lag"] == {"count": 5, "p50": 1.0, "p95": 2.0, "max": 2.0}


def test_sums_that_agree_are_no_difference() -> None:
    """The columns' sums, the book of lines and the refusals fit together."""
    assert list(check_sums(DATA_SET, BOOKS, feed_result())) == []


def test_sums_that_differ_are_named() -> None:
    """A cent in a book and a refusal too few are found without looking at any basket."""
    fed = feed_result()
    fed.refused_lines.pop(0)
    books = replace(BOOKS, totals={**BOOKS.totals, "data set": replace(BOOK, cents=120050)})

    assert [str(difference) for difference in check_sums(DATA_SET, books, fed)] == [
        "basket (all), cents sold: data set, summed: 120049; book: 120050",
        "basket (all), refused lines: data set, summed: 2; feed: 1",
        "basket (all), cents refused: data set, summed: 7; feed: 0",
    ]


def test_operations_are_counted_since_a_moment() -> None:
    """What was asked before does not count; what was not asked since is not shown."""
    earlier = Operations({"Commit": 2, "Get": 1}, read=1, written=1, deleted=0)

    assert Operations({"Commit": 5, "Get": 1, "Put": 1}, read=4, written=1, deleted=2).since(earlier) == Operations(
        {"Commit": 3, "Put": 1}, read=3, written=0, deleted=2
    )


def test_operations_are_unknown_after_a_restart() -> None:
    """A process that was started again forgot what it had counted: no figure is better than a wrong one."""
    before = PlatformFacts("emulators", {}, Operations({"Commit": 9}, written=9), restarts=0)
    after = PlatformFacts("emulators", {}, Operations({"Commit": 10}, written=10), restarts=1)

    assert after.operations_since(before) is None
    assert NOT_COUNTED in printed(replace(report(), operations=None))


async def test_operations_of_a_process_that_does_not_say_are_not_counted() -> None:
    """One process without an answer is enough: a sum without it would be too low."""
    counts = {"rpcs": {"Commit": 1}, "documents_read": 1, "documents_written": 1, "documents_deleted": 0}

    async def status(_: web.Request) -> web.Response:
        return web.json_response({"runtime": "emulators", "delivery": {}, "processes": {}})

    async def operations(_: web.Request) -> web.Response:
        return web.json_response({"cart": counts, "shop": None})

    app = web.Application()
    app.router.add_get("/_local/status", status)
    app.router.add_get("/_local/operations", operations)
    app.router.add_post("/oauth/token", CartInMiniature().token)
    async with TestServer(app) as server, connect(str(server.make_url("/"))) as client:
        facts = await platform_facts(client)

    assert facts.uncounted == ("shop",)
    assert facts.operations_since(facts) is None


def test_deliveries_are_counted_since_a_moment() -> None:
    """Lags of an earlier run are in no figure of this one, not even in its maximum."""
    earlier = Delivery(9, 1, 1, {5.0: 1, 900.0: 1}, {"dropped": 2})
    now = Delivery(19, 3, 1, {5.0: 3, 900.0: 1, 7.0: 1}, {"dropped": 2, "delayed": 1})

    since = now.since(earlier)

    assert since == Delivery(10, 2, 0, {5.0: 2, 7.0: 1}, {"delayed": 1})
    assert since.lag == Spread(3, 5.0, 7.0, 7.0)


def test_faults_are_told_with_what_they_do_to_the_lag() -> None:
    """Whoever reads the lag of a faulty run knows what is not in it."""
    faulty = replace(report(), deliveries={"cart-projector": Delivery(5, 0, 0, {}, {"dropped": 2, "failed": 1})})

    lines = printed(faulty)

    assert "faults on request 2 dropped, 1 failed" in lines
    assert "commits healed by the sweep have no sample in the lag" in lines
    assert not any("faults on request" in line for line in printed(report()))


def test_carts_of_others_are_told() -> None:
    """They are not compared, and the table says so."""
    lines = printed(replace(report(), opened_by_others=2))

    assert "carts opened by others meanwhile, not compared 2" in lines
