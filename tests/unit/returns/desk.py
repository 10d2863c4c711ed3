"""The services that a return talks to, in memory: they keep first answers under their keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.eventsourcing.workflow.calls import Request, Response
from shared.eventsourcing.workflow.state import Saga, Status

DELIVERED = {"milk": 2, "tea": 1}


def usd(cents: int) -> dict[str, object]:
    return {"amount": cents, "currency": "USD"}


def refused(code: str) -> Response:
    return Response(409, {"code": code, "detail": code})


@dataclass
class Desk:
    """One order that was delivered, what was paid for it, and the shelf. `sound` is what of it is to be there at the
    end, `held` what another return has taken meanwhile. `refund_fails` is the bank's answer to any refund,
    `no_refund` the payments' refusal of it, `unanswered` how often the order is asked in vain to open the return.
    """

    refund: int = 250
    sound: dict[str, int] = field(default_factory=lambda: {"milk": 1})
    held: dict[str, int] = field(default_factory=dict)
    refund_fails: bool = False
    no_refund: str = ""
    unanswered: int = 0
    state: str = "absent"
    refunded: int = 0
    shelf: dict[str, int] = field(default_factory=dict)
    receipts: set[str] = field(default_factory=set)
    mails: list[str] = field(default_factory=list)
    answers: dict[str, Response] = field(default_factory=dict)

    async def answer(self, request: Request) -> Response:
        if request.key in self.answers:
            return self.answers[request.key]
        words = request.path.partition("?")[0].strip("/").split("/")
        response: Response = getattr(self, f"_{request.service}")(request, words)
        if response.status < 300 and request.method != "GET":
            self.answers[request.key] = response
        return response

    def troubles(self, saga: Saga) -> list[str]:
        """What money, shelf, order and mails say against each other, and against how it ended."""
        done = saga.status is Status.COMPLETED
        facts = {
            "the order says so": self.state == "completed" if done else self.state == "absent",
            "refunded once, or not at all": self.refunded == (self.refund if done else 0),
            "on the shelf once, or not at all": self.shelf == (self.sound if done else {}),
            "one mail per fact": self.mails == (["refunded"] if done and self.refund else []),
        }
        return [f"{saga.status}: not so: {fact}" for fact, holds in facts.items() if not holds]

    def _orders(self, request: Request, words: list[str]) -> Response:
        if request.method == "GET":
            return Response(200, self._order())
        if self.unanswered:
            self.unanswered -= 1
            return Response(503)
        match words[2:], self.state:
            case ["returns"], "absent":
                return self._open((request.body or {})["lines"])
            case [_, _, "complete"], _:
                self.state = "completed"
            case _:
                pass
        return Response(202, {"id": "o1", "version": 9})

    def _open(self, lines: list[dict[str, Any]]) -> Response:
        if any(line["quantity"] > DELIVERED.get(line["sku"], 0) - self.held.get(line["sku"], 0) for line in lines):
            return refused("not-returnable")
        self.state = "open"
        return Response(202, {"id": "o1", "version": 9})

    def _order(self) -> Mapping[str, Any]:
        mine = [{"return_id": "w1", "status": self.state, "lines": [], "refund": usd(self.refund)}]
        opened = mine if self.state != "absent" else []
        lines = [{"sku": sku, "quantity": quantity} for sku, quantity in DELIVERED.items()]
        shipment = {"shipment_id": "s1", "status": "delivered", "lines": lines, "delivered_at": "2026-02-20T12:00:00Z"}
        return {"customer_id": "900", "payment_id": "p1", "returns": opened, "shipments": [shipment]}

    def _payments(self, request: Request, _: list[str]) -> Response:
        if self.no_refund:
            return refused(self.no_refund)
        if self.refund_fails:
            return Response(202, {"id": "p1", "version": 5, "refunds": {"w1": "failed"}})
        self.refunded += (request.body or {})["amount"]["amount"]
        self.mails.append("refunded")
        return Response(202, {"id": "p1", "version": 5})

    def _inventory(self, request: Request, words: list[str]) -> Response:
        if words[1] not in self.receipts:
            self.receipts.add(words[1])
            for line in (request.body or {})["lines"]:
                self.shelf[line["sku"]] = self.shelf.get(line["sku"], 0) + line["quantity"]
        return Response(202, {"id": words[1], "version": 1})
