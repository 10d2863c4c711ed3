"""What witnesses say of a run that went well, and that each fault is seen by somebody."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from emulators.feed.dataset import Totals
from emulators.feed.tills import FeedResult, RefusedLine
from emulators.shop.answers import Answers
from emulators.shop.choose import Back, Fate, Sale
from emulators.shop.compare import Difference, Witness, compare
from emulators.shop.mails import mail_server, mails_in_all, notifications
from emulators.shop.people import email_of
from emulators.shop.run import ledger_total, sums, turned_back
from emulators.shop.selling import Sold
from emulators.shop.services import Seen, witnesses
from emulators.shop.staff import usd
from emulators.shop.witnesses import data_set
from tests.unit.emulators.shop_parts import DECLINED, EMPTY, EXPECTED, PLAN, SHORT, SOLD

HOUSEHOLDS = {each.id: each.basket.household for each in PLAN.sales}


def checkout(sale: Sale, status: str, code: str | None) -> Sold:
    reason = {"step": "any", "code": code, "detail": ""} if code else None
    return Sold(f"c{sale.id}", f"o{sale.id}", sale.agreed, {"status": status, "reason": reason}, seen=1.0, taken=1.0)


def lines(sale: Sale) -> list[dict[str, Any]]:
    return [{"sku": x.sku, "quantity": x.quantity, "total": usd(x.total)} for x in sale.charged.lines if x.sold]


def order(sale: Sale, status: str, discount: int = 0) -> dict[str, Any]:
    total = sum(line["total"]["amount"] for line in lines(sale)) - discount
    return {
        "id": f"o{sale.id}",
        "status": status,
        "lines": [{**line, "returned": 0} for line in lines(sale)],
        "total": usd(total),
        "discount": usd(discount),
        "refunded": usd(0),
    }


def ledger(order_id: str, paid: int) -> dict[str, Any]:
    moved = [{"account": "provider", "amount": paid}, {"account": "customers", "amount": -paid}]
    return {
        "id": order_id,
        "entries": [{"lines": moved}] if paid else [],
        "balances": {line["account"]: line["amount"] for line in moved} if paid else {},
    }


def mail(order_id: str, kind: str) -> dict[str, Any]:
    return {"order_id": order_id, "kind": kind, "status": "sent"}


def got(number: int, subject: str) -> dict[str, Any]:
    return {"message_id": f"<{number}>", "subject": subject, "recipients": [email_of("900")]}


def well() -> Seen:
    """A run of the plan in which everything went as it must."""
    sold = {
        "1": checkout(SOLD, "completed", None),
        "2": checkout(DECLINED, "failed", "card-declined"),
        "3": checkout(SHORT, "failed", "out-of-stock"),
        "4": checkout(EMPTY, "failed", "cart-is-empty"),
    }
    carts = {
        f"c{each.id}": {"status": "checked-out" if each is SOLD else "open", "lines": lines(each)}
        for each in PLAN.sales
    }
    shipped = [{"sku": "11", "quantity": 2}]
    answers = Answers(
        carts=carts,
        orders={
            "o1": order(SOLD, "delivered", 100),
            "o2": order(DECLINED, "cancelled"),
            "o3": order(SHORT, "cancelled"),
        },
        payments={
            "o1": {"id": "o1", "status": "captured", "amount": usd(150), "refunded": usd(0)},
            "o2": {"id": "o2", "status": "declined", "amount": usd(75), "refunded": usd(0)},
            "o3": {"id": "o3", "status": "voided", "amount": None, "refunded": None},
        },
        redemptions={"o1": {"id": "o1", "status": "redeemed", "total_discount": usd(100)}},
        ledger={"o1": ledger("o1", 150), "o2": ledger("o2", 0)},
        shipments=[{"order_id": "o1", "status": "delivered", "lines": shipped}],
        reservations={
            "o1": {"id": "o1", "lines": [{"sku": "11", "quantity": 2, "shipped": 2}]},
            "o2": {"id": "o2", "lines": [{"sku": "11", "quantity": 1, "shipped": 0}]},
        },
        stock={
            "11": {"on_hand": 1, "reserved": 0},
            "14": {"on_hand": 3, "reserved": 0},
        },
        mails=[
            mail("o1", "order_placed"),
            mail("o1", "shipment_dispatched"),
            mail("o2", "order_cancelled"),
            mail("o3", "order_cancelled"),
        ],
        sink={
            "count": 4,
            "duplicates": {},
            "mails": [
                got(1, "Your order o1"),
                got(2, "Your order o1 is on its way"),
                got(3, "Your order o2 was cancelled"),
                got(4, "Your order o3 was cancelled"),
            ],
        },
    )
    return Seen(sold, PLAN.received, answers)


def asked(seen: Seen) -> list[Witness]:
    return [data_set(PLAN, EXPECTED), *witnesses(seen), notifications(seen), mail_server(seen, HOUSEHOLDS)]


def differences(fault: Callable[[Answers], object]) -> tuple[Difference, ...]:
    seen = well()
    answers = deepcopy(seen.answers)
    fault(answers)
    return compare(asked(Seen(seen.sold, seen.received, answers)))


def test_all_agree_on_a_run_that_went_well() -> None:
    """Sold, declined, short and empty baskets: nobody contradicts."""
    assert compare(asked(well())) == ()


def test_all_agree_on_what_came_back() -> None:
    """Two pieces were asked for, one arrived sound: half the money, one piece more on the shelf, two mails more."""
    seen, coming = well(), replace(SOLD, back=Back("11", sound=1, damaged=0, missing=1))
    answers = seen.answers
    answers.orders["o1"]["lines"][0]["returned"] = 1
    answers.ledger["o1"]["balances"] |= {"provider": 75, "refunds": 75}
    for document in (answers.orders["o1"], answers.payments["o1"]):
        document["refunded"] = usd(75)
    arrived = {"sku": "11", "sound": 1, "damaged": 0, "missing": 1}
    answers.returns["r1"] = {"order_id": "o1", "received": [arrived], "refund": usd(75)}
    answers.stock["11"]["on_hand"] += 1
    answers.mails += [mail("o1", "payment_refunded"), mail("o1", "return_approved")]
    answers.sink["mails"] += [got(5, "A refund for your order o1"), got(6, "Your return for order o1")]
    back = Seen({**seen.sold, "1": replace(seen.sold["1"], return_id="r1")}, seen.received, answers)
    plan = replace(PLAN, sales=(coming, *PLAN.sales[1:]))

    told = [data_set(plan, EXPECTED), *witnesses(back), notifications(back), mail_server(back, HOUSEHOLDS)]

    assert compare(told) == ()
    assert {each.sums.cents for each in told if each.sums} == {75, None}


def test_everybody_adds_up_the_same() -> None:
    """As far as they have a view of it."""
    found = {each.name: each.sums for each in asked(well()) if each.sums}

    assert {each.baskets for each in found.values()} == {1}
    assert {each.cents for each in found.values()} == {150, None}
    assert {each.pieces for each in found.values()} == {2, None}


@pytest.mark.parametrize(
    ("fault", "subject", "fact"),
    [
        (lambda a: a.orders["o1"]["total"].update(amount=149), "basket 1", "paid"),
        (lambda a: a.orders["o1"]["lines"][0].update(quantity=3), "basket 1", "line 11"),
        (lambda a: a.orders["o1"]["refunded"].update(amount=1), "basket 1", "refunded"),
        (lambda a: a.payments["o2"]["refunded"].update(amount=1), "basket 2", "refunded"),
        (lambda a: a.orders["o1"].update(status="shipped"), "basket 1", "order"),
        (lambda a: a.orders["o2"].update(status="placed"), "basket 2", "paid"),
        (lambda a: a.carts["c2"].update(status="checked-out"), "basket 2", "cart"),
        (lambda a: a.carts["c3"]["lines"].pop(), "basket 3", "line 14"),
        (lambda a: a.payments.pop("o1"), "basket 1", "payment"),
        (lambda a: a.payments["o2"].update(status="captured"), "basket 2", "paid"),
        (lambda a: a.ledger["o1"]["balances"].update(provider=149), "basket 1", "ledger"),
        (lambda a: a.ledger["o1"]["entries"][0]["lines"].pop(), "basket 1", "ledger"),
        (lambda a: a.redemptions["o1"].update(status="released"), "basket 1", "coupons"),
        (lambda a: a.redemptions["o1"]["total_discount"].update(amount=1), "basket 1", "discount"),
        (lambda a: a.shipments.clear(), "basket 1", "pieces 11"),
        (lambda a: a.shipments.append(a.shipments[0]), "basket 1", "pieces 11"),
        (lambda a: a.reservations["o2"]["lines"][0].update(shipped=1), "basket 2", "pieces 11"),
        (lambda a: a.stock["11"].update(on_hand=0), "sku 11", "on-hand"),
        (lambda a: a.stock["14"].update(reserved=1), "sku 14", "reserved"),
        (lambda a: a.stock.pop("14"), "sku 14", "moved"),
        (lambda a: a.mails.pop(0), "basket 1", "mails"),
        (lambda a: a.mails.append(a.mails[0]), "basket 1", "mails"),
        (lambda a: a.mails[2].update(status="waiting"), "basket 2", "mails"),
        (lambda a: a.sink["duplicates"].update({"<1>": 1}), "basket 1", "mails"),
        (lambda a: a.sink["mails"][0].update(recipients=["household-901@example.com"]), "basket 1", "mails"),
    ],
)
def test_each_fault_is_seen(fault: Callable[[Answers], object], subject: str, fact: str) -> None:
    """Whatever a service gets wrong, somebody else knows better."""
    found = differences(fault)

    assert (subject, fact) in {(difference.subject, difference.fact) for difference in found}


def test_a_total_that_was_not_agreed_on_is_seen() -> None:
    """Whatever order, payment and ledger say among each other."""
    seen = well()
    sold = {**seen.sold, "1": replace(seen.sold["1"], agreed=149)}

    found = compare(asked(Seen(sold, seen.received, seen.answers)))

    assert "basket 1, paid: data set: 1.50; checkouts: 1.49; orders: 1.50" in str(found[0])


def test_a_checkout_that_ends_otherwise_is_seen() -> None:
    """One that is stuck, and one that was never seen."""
    seen = well()
    sold = {**seen.sold, "1": checkout(SOLD, "stuck", "stuck"), "2": Sold("c2", "o2", 75, None, seen=None, taken=None)}

    found = compare(asked(Seen(sold, seen.received, seen.answers)))

    assert [str(difference) for difference in found] == [
        "basket 1, checkout: data set: completed; checkouts: stuck stuck",
        "basket 1, paid: data set: 1.50; checkouts: nothing; orders: 1.50; payments: 1.50; ledger: 1.50",
        "basket 2, checkout: data set: failed card-declined; checkouts: not to be seen",
    ]


def test_the_whole_data_set_is_accounted_for() -> None:
    """What was paid, refused and turned back is everything, to the cent."""
    seen = well()
    sent = FeedResult(
        refused_lines=[RefusedLine(x.id, line) for x in PLAN.sales for line in x.basket.lines if not line.sold]
    )
    data = Totals(baskets=4, empty_baskets=1, sold_lines=4, sold_cents=325, unsold_lines=2, unsold_cents=7)
    back = turned_back(PLAN, seen)

    found = sums(data, EXPECTED, asked(seen), sent, sum(back.values()))

    assert back == {Fate.DECLINED: 75, Fate.SHORT: 100}
    assert all(len(set(figures.values())) == 1 for figures in found.values())
    assert found["cents of all lines"]["data set"] == 332


def test_repeated_mails_are_counted() -> None:
    """As often as they came; where nobody can tell, there are none."""
    answers = well().answers
    answers.sink["duplicates"] = {"<1>": 2}

    assert mails_in_all(answers) == 6
    assert mails_in_all(Answers()) == 0


def test_what_the_ledger_is_off_by_adds_up() -> None:
    """Two errors do not cancel each other out."""
    answers = well().answers
    assert ledger_total(answers) == 0

    answers.ledger["o1"]["entries"] = [{"lines": [{"account": "provider", "amount": n}]} for n in (1, -1)]

    assert ledger_total(answers) == 2
