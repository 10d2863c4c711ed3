"""How a return is started over HTTP."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from functions.returns.command_api import (
    RETURN_COMMANDS,
    RETURN_STARTS,
    LineBody,
    ReceivedLineBody,
    ReceptionBody,
    RefusalBody,
    ReturnBody,
    may_touch,
)
from shared.eventsourcing.errors import DomainError, NotFoundError
from shared.eventsourcing.workflow.calls import Request, Response
from shared.eventsourcing.workflow.commands import Decide, Decline, Start
from shared.eventsourcing.workflow.state import Saga, Status
from shared.http.auth import Principal, Role
from shared.http.command_api import Call, CommandEndpoint, JointEndpoint, NoBody
from shared.http.problems import ProblemError
from shared.testing.doubles import NOON
from shared.testing.memory_platform import memory_personal

START = RETURN_STARTS.endpoints[0]
MILK = LineBody(sku="milk", quantity=1)


class Customers:
    """The customers service: what it says of the erasure of anybody."""

    def __init__(self, status: str) -> None:
        self.status = status

    async def call(self, request: Request) -> Response:
        assert (request.service, request.path) == ("customers", "/customers/900/erasure")
        return Response(200, {"status": self.status})


def call(role: Role, erasure: str = "none") -> Call:
    return Call(
        principal=Principal("900", frozenset({role})),
        now=NOON,
        entity_id="",
        path={},
        personal=memory_personal(lambda: NOON),
        services=Customers(erasure),
    )


async def started(role: Role, *lines: LineBody, erasure: str = "none", at: datetime | None = None) -> Start:
    async def read(_: str, __: str) -> Saga:
        return Saga()

    assert isinstance(START, JointEndpoint)
    body = ReturnBody(order_id="o1", lines=lines or (MILK,), reason="damaged", at=at)
    (target,) = await START.plan(body, call(role, erasure), read)
    assert isinstance(target.command, Start)
    return target.command


@pytest.mark.parametrize(("role", "customer_id"), [(Role.CUSTOMER, "900"), (Role.OPERATOR, None)])
async def test_customers_return_of_their_own_orders(role: Role, customer_id: str | None) -> None:
    """Staff return of any: the order says whose it is."""
    command = await started(role, MILK)

    assert command.data["customer_id"] == customer_id
    assert (command.workflow_id, command.data["order_id"], command.at) == (
        "o1-r1",
        "o1",
        datetime(2026, 3, 1, 12, tzinfo=UTC),
    )


async def test_a_product_has_one_line() -> None:
    """Twice the same is refused, and named."""
    with pytest.raises(ProblemError) as problem:
        await started(Role.CUSTOMER, MILK, MILK)

    assert problem.value.errors[0][0] == "lines"


async def test_a_return_knows_until_when_its_goods_were_delivered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting says how many days before the request: 30, if it is not set."""
    first = (await started(Role.CUSTOMER, MILK)).data
    monkeypatch.setenv("RETURN_DAYS", "14")
    second = (await started(Role.CUSTOMER, MILK)).data

    assert first["delivered_since"] == "2026-01-30T12:00:00+00:00"
    assert second["delivered_since"] == "2026-02-15T12:00:00+00:00"


async def test_only_staff_say_when_it_was_asked_for() -> None:
    """Or a customer could always be in time."""
    with pytest.raises(ProblemError) as problem:
        await started(Role.CUSTOMER, at=NOON)

    assert (problem.value.status, problem.value.errors[0][0]) == (403, "at")
    assert (await started(Role.OPERATOR, at=NOON)).data["delivered_since"] == "2026-01-30T12:00:00+00:00"


@pytest.mark.parametrize("erasure", ["requested", "erased"])
async def test_who_leaves_begins_no_return(erasure: str) -> None:
    """From the request on; staff may still start one."""
    with pytest.raises(DomainError) as refused:
        await started(Role.CUSTOMER, erasure=erasure)

    assert refused.value.code == "customer-is-leaving"
    assert await started(Role.OPERATOR, erasure=erasure)


def endpoint(name: str) -> CommandEndpoint:
    (found,) = [each for each in RETURN_COMMANDS.endpoints if each.path == f"/returns/{{return_id}}/{name}"]
    assert isinstance(found, CommandEndpoint)
    return found


def test_people_decide_with_their_names() -> None:
    """Who approved, received or refused is kept; lines are in one order, so that the same said twice is the same."""
    staff = call(Role.OPERATOR)
    milk, tea = (ReceivedLineBody(sku=sku, sound=1, damaged=0, missing=0) for sku in ("milk", "tea"))
    received = endpoint("receive").build(ReceptionBody(lines=(tea, milk)), staff)

    assert endpoint("approve").build(NoBody(), staff) == Decide(
        step="approval", decision={}, actor=staff.principal.actor, at=NOON
    )
    assert [line["sku"] for line in received.decision["lines"]] == ["milk", "tea"]
    assert endpoint("refuse").build(RefusalBody(reason="used"), staff) == Decline(
        code="refused", actor=staff.principal.actor, reason="used", at=NOON
    )


@pytest.mark.parametrize("name", ["approve", "refuse", "receive"])
def test_customers_do_not_decide_on_their_returns(name: str) -> None:
    """That is for the shop's people."""
    assert Role.CUSTOMER not in endpoint(name).roles


def test_only_a_customer_withdraws_and_only_their_own_return() -> None:
    """Staff refuse. Of somebody else's a customer does not learn that it exists; whose it is may not be known yet."""
    ann, staff = call(Role.CUSTOMER).principal, call(Role.OPERATOR).principal
    theirs, others, unknown = (Saga(status=Status.WAITING, data={"customer_id": each}) for each in ("900", "901", None))

    may_touch(ann, theirs)
    may_touch(ann, Saga())
    may_touch(staff, others)
    for saga in (others, unknown):
        with pytest.raises(NotFoundError):
            may_touch(ann, saga)
    assert endpoint("withdraw").build(NoBody(), call(Role.CUSTOMER)).code == "withdrawn"
    assert endpoint("withdraw").roles == {Role.CUSTOMER}


@pytest.mark.parametrize("word", ["fraud", "mistake"])
def test_a_refusal_is_a_word_for_the_customer(word: str) -> None:
    """The word is shown to them and published with their id."""
    with pytest.raises(ValidationError):
        RefusalBody.model_validate({"reason": word})


def test_nothing_cannot_come_back() -> None:
    """A return has at least one line."""
    with pytest.raises(ValidationError):
        ReturnBody(order_id="o1", lines=(), reason="damaged")


def test_returns_know_the_ways_of_operators() -> None:
    """As every workflow: retry, and turn back."""
    paths = [endpoint.path for endpoint in RETURN_COMMANDS.endpoints]

    assert paths[-2:] == ["/returns/{return_id}/retry", "/returns/{return_id}/force-compensate"]
