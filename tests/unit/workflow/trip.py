"""A workflow in miniature: a room is booked, its price is read, it is paid, a mail is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.workflow.calls import Request, Response
from shared.eventsourcing.workflow.declaration import Data, Refuse, Step, Undo, Workflow
from shared.eventsourcing.workflow.state import Saga, Status


def _book(data: Data) -> Request:
    return Request(service="rooms", method="PUT", path=f"/bookings/{data['trip_id']}")


def _release(data: Data) -> Request:
    return Request(service="rooms", method="POST", path=f"/bookings/{data['trip_id']}/release")


def _read_price(data: Data) -> Request:
    return Request(service="rooms", method="GET", path=f"/prices/{data['trip_id']}")


def _learn_price(_: Data, body: Mapping[str, Any]) -> Mapping[str, Any]:
    if body["price"] > 1000:
        raise Refuse("too-dear", "that is more than the guest has")
    return {"price": body["price"]}


def _learn_agreement(_: Data, decision: Mapping[str, Any]) -> Mapping[str, Any]:
    if decision["breakfasts"] > 2:
        raise DomainError("too-many", "there are two beds")
    return {"breakfasts": decision["breakfasts"]}


def _hold(data: Data) -> Request:
    return Request(service="bank", method="PUT", path=f"/holds/{data['trip_id']}", body={"amount": data["price"]})


def _let_go(data: Data) -> Request:
    return Request(service="bank", method="POST", path=f"/holds/{data['trip_id']}/let-go")


def _pay(data: Data) -> Request:
    return Request(service="bank", method="POST", path=f"/holds/{data['trip_id']}/pay")


def _confirm(data: Data) -> Request:
    return Request(service="mail", method="PUT", path=f"/mails/{data['trip_id']}")


def _result(data: Data) -> Mapping[str, Any]:
    return {"price": data.get("price")}


RELEASE = Undo(call=_release, idempotent="A released booking stays released, and cannot be booked any more.")
LET_GO = Undo(
    call=_let_go, idempotent="What is let go stays let go, and cannot be held.", settled=frozenset({"already-gone"})
)
TRIP = Workflow(
    category="trip",
    steps=(
        Step(name="book", call=_book, undo=RELEASE),
        Step(name="read_price", call=_read_price, learn=_learn_price, effect_free=True),
        Step(name="hold", call=_hold, undo=LET_GO, skip=lambda data: data.get("price") == 0),
        Step(name="pay", call=_pay, pivot=True, skip=lambda data: data.get("price") == 0),
        Step(name="confirm", call=_confirm, settled=frozenset({"no-guest"})),
    ),
    deadline=timedelta(minutes=15),
    result=_result,
)


AGREE = Step(name="agree", waits=True, learn=_learn_agreement)
ASKED_TRIP = replace(TRIP, steps=(*TRIP.steps[:2], AGREE, *TRIP.steps[2:]))
"""The same, but the guest is asked before anything is held on a card."""
AGREED: Mapping[str, Any] = {"breakfasts": 2}

_MOVES: dict[tuple[str, str], tuple[str, dict[str, str], str]] = {
    ("bookings", ""): ("booked", {"free": "booked"}, "booked"),
    ("bookings", "release"): ("booked", {"free": "released", "booked": "released"}, "released"),
    ("holds", ""): ("money", {"free": "held"}, "held"),
    ("holds", "let-go"): ("money", {"free": "gone", "held": "gone"}, "gone"),
    ("holds", "pay"): ("money", {"held": "paid"}, "paid"),
}


def trip_data(_: datetime) -> Mapping[str, Any]:
    return {"trip_id": "w1"}


@dataclass
class TripServices:
    """One room, one account, one mailbox."""

    price: int = 100
    booked: str = "free"
    money: str = "free"
    mails: int = 0
    answers: dict[str, Response] = field(default_factory=dict)

    async def answer(self, request: Request) -> Response:
        if request.key in self.answers:
            return self.answers[request.key]
        response = self._answer(request)
        if response.status < 300:
            self.answers[request.key] = response
        return response

    def troubles(self, saga: Saga) -> list[str]:
        good = saga.status is Status.COMPLETED
        expected = ("booked", "paid", 1) if good else ("released", "gone", 0)
        found = (self.booked, self.money, self.mails)
        untouched = "free" if not good else ""
        wrong = [(e, f) for e, f in zip(expected, found, strict=True) if f not in (e, untouched)]
        return [f"{saga.status}: expected {e}, found {f}" for e, f in wrong]

    def _answer(self, request: Request) -> Response:
        words = request.path.split("/")
        match words[1], words[-1]:
            case "prices", _:
                return Response(200, {"price": self.price})
            case "mails", _:
                self.mails += 1
                return Response(202)
            case _, word:
                return self._move(*_MOVES.get((words[1], word), _MOVES[words[1], ""]))

    def _move(self, name: str, moves: Mapping[str, str], end: str) -> Response:
        state = getattr(self, name)
        if state == end:
            return Response(202)
        if state not in moves:
            return Response(409, {"code": f"is-{state}", "detail": state})
        setattr(self, name, moves[state])
        return Response(202)
