"""Calls of other services: what is sent, what of the answer is handed on, and what counts as no answer."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic_core import from_json

from shared.adapters.identity import IdentityToken
from shared.adapters.service_caller import HttpCaller
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.workflow.calls import Request, Response
from shared.testing.doubles import FixedClock

RESERVE = Request(
    service="inventory",
    method="PUT",
    path="/reservations/r1",
    body={"lines": []},
    key="k1",
    correlation_id="flow",
    causation_id="checkout-c1@2",
)
Answer = Callable[[httpx.Request], httpx.Response]


class Identity(IdentityToken):
    """A new token after each refusal."""

    def __init__(self) -> None:
        super().__init__("metadata.test", "functions", FixedClock(), httpx.AsyncClient())
        self.number = 1

    async def __call__(self) -> str:
        return f"token-{self.number}"

    def forget(self) -> None:
        self.number += 1


class Network:
    """The public API: what it was asked, and how it answers."""

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []
        self.answer: Answer = lambda _: httpx.Response(202, json={"id": "r1", "version": 1}, headers={"ETag": '"1"'})
        client = httpx.AsyncClient(transport=httpx.MockTransport(self._take))
        self._caller = HttpCaller("https://shop.test", Identity(), client)

    async def call(self, request: Request = RESERVE) -> Response:
        return await self._caller.call(request)

    @property
    def last(self) -> httpx.Request:
        return self.asked[-1]

    async def _take(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self.answer(request)


@pytest.fixture
def network() -> Network:
    return Network()


def raising(error: Exception) -> Answer:
    def answer(_: httpx.Request) -> httpx.Response:
        raise error

    return answer


async def test_a_request_goes_to_its_service(network: Network) -> None:
    """Below the service's prefix at the platform's origin."""
    await network.call()

    assert (network.last.method, str(network.last.url)) == (
        "PUT",
        "https://shop.test/inventory/v1/reservations/r1",
    )


async def test_a_query_string_is_part_of_the_path(network: Network) -> None:
    """As the step has written it."""
    await network.call(Request(service="pricing", method="GET", path="/quotes?items=milk%3A2"))

    assert network.last.url.query == b"items=milk%3A2"


async def test_an_id_in_a_path_is_percent_encoded(network: Network) -> None:
    """Where it holds what no path does; what is encoded already stays as it is."""
    await network.call(Request(service="cart", method="GET", path="/carts/auth0|1@x:2+3?of=a%7Cb%3A2"))

    assert network.last.url.raw_path == b"/cart/v1/carts/auth0%7C1@x:2+3?of=a%7Cb%3A2"


async def test_the_body_is_json(network: Network) -> None:
    """And says so."""
    await network.call()

    assert from_json(network.last.content) == {"lines": []}
    assert network.last.headers["content-type"] == "application/json"


async def test_without_a_body_nothing_is_sent(network: Network) -> None:
    """A query has none."""
    await network.call(Request(service="cart", method="GET", path="/carts/c1"))

    assert (network.last.content, "content-type" in network.last.headers) == (b"", False)


async def test_the_request_has_its_identity(network: Network) -> None:
    """Key, flow and cause come with it: the other service keeps them."""
    await network.call()

    names = ("idempotency-key", "x-correlation-id", "x-causation-id")
    assert [network.last.headers[name] for name in names] == ["k1", "flow", "checkout-c1@2"]


async def test_a_query_has_no_key(network: Network) -> None:
    """It does nothing that could be done twice."""
    await network.call(Request(service="cart", method="GET", path="/carts/c1", key="k1"))

    assert "idempotency-key" not in network.last.headers


@pytest.mark.parametrize(("version", "stated"), [(7, '"7"'), (None, None)])
async def test_a_command_says_on_which_version_it_was_decided(
    network: Network, version: int | None, stated: str | None
) -> None:
    """As a precondition, if that is the only good one."""
    await network.call(Request(service="cart", method="POST", path="/carts/c1/checkout", key="k", if_match=version))

    assert network.last.headers.get("if-match") == stated


async def test_the_function_says_who_it_is(network: Network) -> None:
    """By its own identity token."""
    await network.call()

    assert network.last.headers["authorization"] == "Bearer token-1"


async def test_an_answer_is_handed_on(network: Network) -> None:
    """Status, JSON object and headers."""
    answer = await network.call()

    assert (answer.status, answer.body, answer.headers["etag"]) == (202, {"id": "r1", "version": 1}, '"1"')


async def test_a_refusal_is_an_answer(network: Network) -> None:
    """What it means is for the workflow to say."""
    network.answer = lambda _: httpx.Response(409, json={"code": "out-of-stock"})

    answer = await network.call()

    assert (answer.status, answer.body) == (409, {"code": "out-of-stock"})


@pytest.mark.parametrize("body", [b"", b"<html>Bad Gateway</html>", b"[1, 2]", b'"text"', b"null", b"\xff\xfe", b"{"])
async def test_what_is_no_json_object_tells_nothing(network: Network, body: bytes) -> None:
    """A proxy's page is no service's answer, whatever its status."""
    network.answer = lambda _: httpx.Response(502, content=body)

    answer = await network.call()

    assert (answer.status, answer.body) == (502, {})


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("cut off")]
)
async def test_no_answer_is_unavailable(network: Network, error: Exception) -> None:
    """Whether it was done nobody knows, and the error names the service."""
    network.answer = raising(error)

    with pytest.raises(UnavailableError, match="inventory did not answer"):
        await network.call()


async def test_an_answer_that_takes_too_long_is_none() -> None:
    """The request's own timeout bounds it as a whole, however its parts drip in."""

    async def drips(_: httpx.Request) -> Any:
        await asyncio.Future()

    client = httpx.AsyncClient(transport=httpx.MockTransport(drips))
    hurried = Request(service="inventory", method="GET", path="/stock/milk", timeout=timedelta(milliseconds=1))

    with pytest.raises(UnavailableError, match="inventory did not answer"):
        await HttpCaller("https://shop.test", Identity(), client).call(hurried)


async def test_a_token_that_was_refused_is_not_used_again(network: Network) -> None:
    """The next call comes with another one."""
    network.answer = lambda _: httpx.Response(401, json={"code": "unauthorized"})
    await network.call()

    await network.call()

    assert network.last.headers["authorization"] == "Bearer token-2"


async def test_a_403_says_nothing_about_the_token(network: Network) -> None:
    """It is good, and not enough."""
    network.answer = lambda _: httpx.Response(403, json={"code": "forbidden"})
    await network.call()

    await network.call()

    assert network.last.headers["authorization"] == "Bearer token-1"
