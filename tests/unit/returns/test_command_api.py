"""How a return is started over HTTP."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from functions.returns.command_api import RETURN_COMMANDS, LineBody, ReturnBody
from shared.eventsourcing.workflow.commands import Start
from shared.http.auth import Principal, Role
from shared.http.command_api import Call, CommandEndpoint
from shared.http.problems import ProblemError
from shared.testing.doubles import NOON
from shared.testing.memory_platform import memory_personal

START = RETURN_COMMANDS.endpoints[0]
MILK = LineBody(sku="milk", quantity=1)


def call(role: Role) -> Call:
    principal = Principal("900", frozenset({role}))
    return Call(principal=principal, now=NOON, entity_id="r1", path={}, personal=memory_personal(lambda: NOON))


def started(role: Role, *lines: LineBody) -> Start:
    assert isinstance(START, CommandEndpoint)
    command = START.build(ReturnBody(order_id="o1", lines=lines, reason="damaged"), call(role))
    assert isinstance(command, Start)
    return command


@pytest.mark.parametrize(("role", "customer_id"), [(Role.CUSTOMER, "900"), (Role.OPERATOR, None)])
def test_customers_return_of_their_own_orders(role: Role, customer_id: str | None) -> None:
    """Staff return of any: the order says whose it is."""
    command = started(role, MILK)

    assert command.data["customer_id"] == customer_id
    assert (command.workflow_id, command.data["order_id"], command.at) == (
        "r1",
        "o1",
        datetime(2026, 3, 1, 12, tzinfo=UTC),
    )


def test_a_product_has_one_line() -> None:
    """Twice the same is refused, and named."""
    with pytest.raises(ProblemError) as problem:
        started(Role.CUSTOMER, MILK, MILK)

    assert problem.value.errors[0][0] == "lines"


def test_nothing_cannot_come_back() -> None:
    """A return has at least one line."""
    with pytest.raises(ValidationError):
        ReturnBody(order_id="o1", lines=(), reason="damaged")


def test_returns_know_the_ways_of_operators() -> None:
    """As every workflow: retry, and turn back."""
    paths = [endpoint.path for endpoint in RETURN_COMMANDS.endpoints]

    assert paths == ["/returns", "/returns/{return_id}/retry", "/returns/{return_id}/force-compensate"]
