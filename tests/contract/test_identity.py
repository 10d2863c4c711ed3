"""A function's own identity token: fetched from the metadata server, kept while it is good."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import httpx
import jwt
import pytest

from shared.adapters.identity import IdentityToken
from shared.eventsourcing.errors import UnavailableError
from shared.testing.doubles import FixedClock

HOUR = timedelta(hours=1)
SECRET = "any key will do: nobody checks the signature here"  # noqa: S105 - of this test


class Metadata:
    """A metadata server: its tokens last an hour."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.asked: list[httpx.Request] = []
        self.answer: Callable[[], httpx.Response] = lambda: httpx.Response(200, text=self.minted())
        client = httpx.AsyncClient(transport=httpx.MockTransport(self._take))
        self.token = IdentityToken("metadata.test", "functions", self.clock, client)

    def minted(self, **claims: object) -> str:
        return jwt.encode({"exp": self.clock() + HOUR, "number": len(self.asked), **claims}, SECRET)

    async def number(self) -> int:
        """Of the token that is given."""
        return int(jwt.decode(await self.token(), options={"verify_signature": False})["number"])

    async def _take(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        self.asked.append(request)
        return self.answer()


@pytest.fixture
def metadata() -> Metadata:
    return Metadata()


async def test_it_is_asked_of_the_metadata_server(metadata: Metadata) -> None:
    """For the audience, with the header that the server insists on."""
    await metadata.token()

    (request,) = metadata.asked
    assert (request.url.host, request.url.params["audience"]) == ("metadata.test", "functions")
    assert request.headers["metadata-flavor"] == "Google"


async def test_one_serves_many(metadata: Metadata) -> None:
    """Those that begin at once wait for the same one."""
    assert set(await asyncio.gather(*(metadata.number() for _ in range(20)))) == {1}


async def test_one_is_kept(metadata: Metadata) -> None:
    """As long as it is good for five minutes more."""
    await metadata.token()
    metadata.clock.advance(minutes=54)

    assert await metadata.number() == 1


async def test_another_is_asked_for_before_it_expires(metadata: Metadata) -> None:
    """Five minutes early: it must last for the call."""
    await metadata.token()
    metadata.clock.advance(minutes=55)

    assert await metadata.number() == 2


async def test_a_forgotten_one_is_not_given_again(metadata: Metadata) -> None:
    """It was refused somewhere."""
    await metadata.token()

    metadata.token.forget()

    assert await metadata.number() == 2


async def test_white_space_around_it_is_none_of_it(metadata: Metadata) -> None:
    """A header could not hold it."""
    metadata.answer = lambda: httpx.Response(200, text=f"{metadata.minted()}\n")

    assert not (await metadata.token()).endswith("\n")


@pytest.mark.parametrize("status", [403, 404, 500, 503])
async def test_no_token_is_unavailable(metadata: Metadata, status: int) -> None:
    """Whatever the reason: the caller tries again later."""
    metadata.answer = lambda: httpx.Response(status)

    with pytest.raises(UnavailableError, match="functions"):
        await metadata.token()


@pytest.mark.parametrize("text", ["", "no token", "a.b.c", "<html></html>", jwt.encode({}, SECRET)])
async def test_what_is_no_token_is_unavailable(metadata: Metadata, text: str) -> None:
    """Garbage, and a token that does not say when it expires."""
    metadata.answer = lambda: httpx.Response(200, text=text)

    with pytest.raises(UnavailableError):
        await metadata.token()


@pytest.mark.parametrize("expires", ["soon", [], {}, None])
async def test_a_token_of_no_known_end_is_unavailable(metadata: Metadata, expires: object) -> None:
    """It cannot be kept."""
    metadata.answer = lambda: httpx.Response(200, text=metadata.minted(exp=expires))

    with pytest.raises(UnavailableError):
        await metadata.token()


async def test_a_server_that_does_not_answer_is_unavailable(metadata: Metadata) -> None:
    """Within the client's bounds."""

    def hangs() -> httpx.Response:
        raise httpx.ConnectTimeout("no route")

    metadata.answer = hangs

    with pytest.raises(UnavailableError):
        await metadata.token()


async def test_after_a_failure_it_is_asked_for_again(metadata: Metadata) -> None:
    """Nothing of the failure is kept."""
    good, metadata.answer = metadata.answer, lambda: httpx.Response(503)
    with pytest.raises(UnavailableError):
        await metadata.token()
    metadata.answer = good

    assert await metadata.number() == 2
