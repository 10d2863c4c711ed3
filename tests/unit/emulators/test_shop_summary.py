"""The report of a run of the shop: what is printed, what programs read."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path

from rich.console import Console

from emulators.feed.dataset import Slice, Totals
from emulators.feed.percentiles import Spread
from emulators.feed.platform_facts import Delivery, Operations, PlatformFacts
from emulators.feed.tills import FeedResult
from emulators.shop.choose import Fate
from emulators.shop.compare import Difference
from emulators.shop.run import ShopOptions, ShopReport, latencies
from emulators.shop.selling import Selling
from emulators.shop.summary import SHOWN_DIFFERENCES, show, write_json
from tests.unit.emulators.shop_parts import PLAN
from tests.unit.emulators.test_shop_witnesses import asked, well

WRONG = Difference("basket 1", "paid", {"data set": "1.50", "ledger": "1.49"})


def report(differences: Sequence[Difference] = ()) -> ShopReport:
    seen = well()
    selling = Selling(dict(seen.sold), seconds=2.0)
    deliveries = {"orders-projector": Delivery(5, 1, 0, {1.0: 3, 2.0: 2}), "analytics-on-orders": Delivery(4, 0, 0)}
    sent = FeedResult(commands=9, accepted=8, retries=1, command_times=[1.0, 2.0])
    return ShopReport(
        options=ShopOptions(chosen=Slice(limit=4)),
        plan=PLAN,
        facts=PlatformFacts("embedded", {}, Operations()),
        data_set=Totals(baskets=4, empty_baskets=1, sold_lines=4, sold_cents=325, unsold_lines=2, unsold_cents=7),
        sent=sent,
        selling=selling,
        answers=seen.answers,
        latencies=latencies(selling, sent, deliveries),
        deliveries=deliveries,
        operations=Operations({"Commit": 10}, read=3, written=20, deleted=0),
        seconds={"setting up": 1.0, "selling": 2.0},
        witnesses=asked(seen),
        turned_back={Fate.DECLINED: 75, Fate.SHORT: 100},
        refunded=0,
        differences=differences,
    )


def printed(shown: ShopReport, width: int = 80) -> list[str]:
    """The lines of the tables, without their frames and padding."""
    console = Console(file=StringIO(), width=width)
    show(shown, console)
    assert isinstance(console.file, StringIO)
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    return [" ".join(line.replace("│", " ").split()) for line in lines]


def test_a_run_that_balanced_says_so() -> None:
    """With the figures that were asked for."""
    lines = printed(report())

    assert lines[-1] == "The books balance, to the cent and to the line."
    for line in (
        "baskets of the data set 4 for 3.32 USD",
        "paid 1 for 1.50 USD",
        "turned back, card declined 1 for 0.75 USD",
        "turned back, out of stock 1 for 1.00 USD",
        "checkouts a second, carts filled 2.0",
        "orders 2 cancelled, 1 delivered",
        "coupons presented 1, 1 of them took off 1.00 USD",
        "the ledger is off by 0.00 USD",
        "data set 1 1 2 1.50",
        "payments 1 - - 1.50",
        "lag of read models 1.0 2.0 2.0 5",
        "requests sent again 1",
    ):
        assert line in lines


def test_differences_are_shown_up_to_a_point() -> None:
    """And how many more there are."""
    lines = printed(report([WRONG] * (SHOWN_DIFFERENCES + 3)))

    assert "The books do not balance, differences: 23." in lines
    assert lines.count("basket 1, paid: data set: 1.50; ledger: 1.49") == SHOWN_DIFFERENCES
    assert lines[-1] == "... and 3 more"


def test_programs_read_the_same(tmp_path: Path) -> None:
    """As JSON."""
    file = tmp_path / "report.json"

    write_json(report([WRONG]), file)

    data = json.loads(file.read_text())
    assert data["balanced"] is False
    assert data["differences"] == [{"subject": "basket 1", "fact": "paid", "said": dict(WRONG.said)}]
    assert data["checkouts"]["completed"] == 1
    assert data["books"]["ledger"] == {"baskets": 1, "lines": None, "pieces": None, "cents": 150}
    assert data["turned_back_cents"] == {"declined": 75, "short": 100}


def test_what_was_over_before_is_no_sample() -> None:
    """Neither of how long a checkout takes, nor of how many there are in a second."""
    first = report()
    before = {basket: replace(sold, seen=None, taken=None) for basket, sold in first.selling.sold.items()}
    selling = Selling(before, seconds=2.0)

    again = replace(first, selling=selling, latencies=latencies(selling, first.sent, {}))

    assert "checkouts a second, carts filled 0.0" in printed(again)
    assert again.latencies["checkout, as the till sees it"] is None


def test_lags_are_told_by_what_waits_for_them() -> None:
    """Not by each of the many subscriptions."""
    deliveries = {
        name: Delivery(1, 0, 0, Counter({lag: 1}))
        for lag, name in enumerate(("cart-projector", "orders-projector", "inventory-on-orders", "analytics-on-cart"))
    }

    found = latencies(Selling(), FeedResult(), deliveries)

    assert found["lag of read models"] == Spread(2, 0, 1, 1)
    assert found["lag of services on others' news"] == Spread(1, 2, 2, 2)
    assert found["lag of analytics"] == Spread(1, 3, 3, 3)
    assert "lag of relays" not in found
