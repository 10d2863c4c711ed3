"""The mails as witnesses: those that the shop says it sent, and those that the mail server got. Pure."""

import re
from collections import Counter, defaultdict

from emulators.shop.answers import Answers
from emulators.shop.compare import Witness
from emulators.shop.people import email_of
from emulators.shop.services import Seen
from emulators.shop.witnesses import of_basket, said_mails

_ABOUT = frozenset({"mails"})
_SUBJECT = re.compile(
    r"(?P<what>Your order|A refund for your order|Your return for order) (?P<order>\S+)"
    r"(?P<news> is on its way| was cancelled)?"
)
_KINDS = {
    "Your order": "order_placed",
    "Your order is on its way": "shipment_dispatched",
    "Your order was cancelled": "order_cancelled",
    "A refund for your order": "payment_refunded",
    "Your return for order": "return_approved",
}


def notifications(seen: Seen) -> Witness:
    """A mail that was not sent is told by its status."""
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for basket, body in seen.of(seen.answers.mails, "order_id"):
        kinds[basket][body["kind"] if body["status"] == "sent" else f"{body['kind']} {body['status']}"] += 1
    return _witness("notifications", kinds)


def mail_server(seen: Seen, households: dict[str, str]) -> Witness:
    """By what stands on the mails; `households` by basket say who should have got them. A repeated mail counts again,
    even if it has the same Message-ID.
    """
    baskets = {sold.checkout_id: basket for basket, sold in seen.sold.items()}
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for mail in seen.answers.sink["mails"]:
        match = _SUBJECT.fullmatch(mail["subject"])
        if match is None or match["order"] not in baskets:
            continue
        basket = baskets[match["order"]]
        mistaken = "" if mail["recipients"] == [email_of(households[basket])] else " to somebody else"
        kind = _KINDS[match["what"] + (match["news"] or "")]
        kinds[basket][kind + mistaken] += 1 + seen.answers.sink["duplicates"].get(mail["message_id"], 0)
    return _witness("mail server", kinds)


def mails_in_all(answers: Answers) -> int:
    """What the mail server got, repetitions included; 0 where nobody can tell."""
    if not answers.sink:
        return 0
    repeated = sum(answers.sink["duplicates"].values())
    return int(answers.sink["count"] + repeated)


def _witness(name: str, kinds: dict[str, Counter[str]]) -> Witness:
    return Witness(
        name=name, about=_ABOUT, says={of_basket(basket): {"mails": said_mails(each)} for basket, each in kinds.items()}
    )
