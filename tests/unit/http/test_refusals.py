"""Refusals speak HTTP: what the kit and its libraries know beside that stays inside."""

from typing import Annotated, Literal

import pytest
from pydantic import Field
from starlette.requests import Request

from shared.adapters.firestore.rpc_errors import RefusedError
from shared.eventsourcing.errors import ConcurrencyError, KitError, TooLargeError, UnavailableError
from shared.http.edge import guarded
from shared.http.problems import ProblemError, problem_of
from shared.http.requests import Body, BoundedMoment, Id, parse_body
from shared.testing.api_spec import ApiSpec

INSIDE = "cart-900: Firestore: UNAVAILABLE ipv4:10.0.0.1 failed"


class Percent(Body):
    kind: Literal["percent"]
    percent: int


class Amount(Body):
    kind: Literal["amount"]
    amount: int


class Code(Body):
    code: Id


class Odd(Body):
    at: BoundedMoment | None = None
    discount: Annotated[Percent | Amount, Field(discriminator="kind")] | None = None
    codes: tuple[Id | Code, ...] = Field((), max_length=2)
    lines: tuple[Code, ...] = Field((Code(code="x"),), min_length=1)
    pairs: dict[str, int] = Field({"x": 1, "y": 1}, min_length=2)


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (b'{"at":"1960-01-01T00:00:00Z"}', {"at": "must lie between the years 1970 and 2200"}),
        (b'{"at":5}', {"at": "must be a date and a time with a time zone, as RFC 3339 writes them"}),
        (b'{"discount":{"kind":"percent","percent":"x"}}', {"discount.percent": "Input should be a valid integer"}),
        (b'{"discount":{"kind":"percent"}}', {"discount.percent": "Field required"}),
        (b'{"discount":{}}', {"discount.kind": "Field required"}),
        (b'{"discount":{"kind":"x"}}', {"discount.kind": "Input should be one of 'percent', 'amount'"}),
        (b'{"discount":5}', {"discount": "Input should be an object"}),
        (b'{"codes":[{}]}', {"codes.0.code": "Field required"}),
        (b'{"codes":[5]}', {"codes.0": "Input should be a valid string or an object"}),
        (b'{"codes":"x"}', {"codes": "Input should be an array"}),
        (b'{"codes":["a","b","c"]}', {"codes": "Input should have at most 2 items, not 3"}),
        (b'{"lines":[{}]}', {"lines.0.code": "Field required"}),
        (b'{"lines":[]}', {"lines": "Input should have at least 1 item, not 0"}),
        (b'{"pairs":{"x":1,"y":"z"}}', {"pairs.y": "Input should be a valid integer"}),
        (b'{"pairs":{"x":1}}', {"pairs": "Input should have at least 2 items, not 1"}),
        (b"[]", {"body": "Input should be an object"}),
    ],
)
def test_a_fault_of_the_input_is_told_once_and_plainly(body: bytes, errors: dict[str, str]) -> None:
    """By its place in the input: the kinds of value that were not meant, and the models' names, are not told."""
    with pytest.raises(ProblemError) as refused:
        parse_body(Odd, Request({"type": "http", "headers": []}), body)

    assert dict(refused.value.errors) == errors
    assert len(refused.value.errors) == 1


def test_of_a_text_that_fits_no_kind_its_own_fault_is_told() -> None:
    """It was meant as an id."""
    with pytest.raises(ProblemError) as refused:
        parse_body(Odd, Request({"type": "http", "headers": []}), b'{"codes":["a b"]}')

    ((field, message),) = refused.value.errors
    assert (field, message.startswith("String should match pattern")) == ("codes.0", True)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UnavailableError(INSIDE), 503),
        (ConcurrencyError(INSIDE), 409),
        (RefusedError(INSIDE, retried=True), 409),
        (TooLargeError(INSIDE), 413),
    ],
    ids=lambda each: type(each).__name__,
)
async def test_what_a_store_says_stays_in_the_log(error: KitError, status: int) -> None:
    """The caller gets a fixed sentence."""
    lines: list[dict[str, object]] = []

    async def fails(_: Request) -> None:
        raise error

    function = guarded("cart", fails, lambda *_, **found: lines.append(found))  # type: ignore[arg-type] # never returns
    reply = await ApiSpec(function).get("/")

    assert reply.status == status
    assert problem_of(error) is not None
    assert INSIDE not in reply.body.decode()
    assert INSIDE in str(lines[0]["error"])
