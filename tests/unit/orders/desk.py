"""The services that a cancellation talks to, in memory: they keep first answers under their keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.eventsourcing.workflow.calls import Request, Response
from shared.eventsourcing.workflow.state import Saga, Status

PRICE = 250


def refused(code: str) -> Response:
    return Response(409, {"code": code, "detail": code})


@dataclass
class Desk:
    """One order of two pieces. `here` of them have not left. `refuses` are services that answer with this code and
    nothing else.
    """

    here: int = 2
    stopped: int = 0
    cancelled: int = 0
    released: int = 0
    refunded: int = 0
    refuses: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Response] = field(default_factory=dict)

    async def answer(self, request: Request) -> Response:
        if request.key in self.answers:
            return self.answers[request.key]
        if code := self.refuses.get(request.service):
            return refused(code)
        response: Response = getattr(self, f"_{request.service}")(request)
        if response.status < 300 and request.method != "GET":
            self.answers[request.key] = response
        return response

    def troubles(self, saga: Saga) -> list[str]:
        """What shipment, order, stock and money say against each other, and against how it ended."""
        pieces = self.stopped if saga.status is Status.COMPLETED else 0
        facts = {
            "stopped": self.stopped == pieces,
            "cancelled": self.cancelled == pieces,
            "released": self.released == pieces,
            "refunded": self.refunded == pieces * PRICE,
        }
        return [f"{saga.status}: not so: {fact}" for fact, holds in facts.items() if not holds]

    def _fulfillment(self, request: Request) -> Response:
        if request.method == "GET":
            return Response(200, {"lines": [{"sku": "milk", "quantity": self.stopped}]})
        lines = (request.body or {})["lines"]
        wanted = self.here if lines is None else lines[0]["quantity"]
        if not 0 < wanted <= self.here:
            return refused("shipment-is-dispatched")
        self.stopped, self.here = wanted, self.here - wanted
        return Response(202, {"id": "o1"})

    def _orders(self, request: Request) -> Response:
        if request.method == "GET":
            return Response(200, self._order())
        self.cancelled = (request.body or {})["lines"][0]["quantity"]
        return Response(202, {"id": "o1", "version": 4})

    def _order(self) -> Mapping[str, Any]:
        refund = {"amount": self.cancelled * PRICE, "currency": "USD"}
        return {"cancellations": [{"cancellation_id": "w1", "refund": refund}]}

    def _inventory(self, request: Request) -> Response:
        self.released += (request.body or {})["lines"][0]["quantity"]
        return Response(202, {"id": "r1", "version": 3})

    def _payments(self, request: Request) -> Response:
        self.refunded += (request.body or {})["amount"]["amount"]
        return Response(202, {"id": "p1", "version": 5})
