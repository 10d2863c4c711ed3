"""The client: what it puts up with, and for how long."""

import pytest
from aiohttp.test_utils import TestServer

from emulators.feed.client import NoAnswerError, connect, server_timing
from tests.unit.emulators.cart_in_miniature import BREAK, FULL, IMPATIENT, CartInMiniature, fed


@pytest.mark.parametrize(
    ("status", "headers"), [(503, {"Retry-After": "1"}), (429, {}), (502, {}), (504, {}), (409, {"Retry-After": "1"})]
)
async def test_what_passes_is_tried_again_under_the_same_key(status: int, headers: dict[str, str]) -> None:
    """A platform that says "not now" gets the same request again."""
    platform = CartInMiniature(instead=[(status, headers)])

    result = await fed(platform, FULL)

    assert result.retries == 1
    assert platform.seen[0] == platform.seen[1]
    assert result.carts["1"].checked_out


async def test_retries_are_bounded() -> None:
    """A platform that stays down fails the feed, with its last answer."""
    platform = CartInMiniature(instead=[(503, {})] * 3)

    with pytest.raises(NoAnswerError, match="given up after 3 attempts, the last: 503"):
        await fed(platform, FULL)

    assert len(platform.seen) == 3


async def test_a_lost_connection_is_tried_again() -> None:
    """A connection that breaks before the answer says nothing about the command: it is sent again."""
    platform = CartInMiniature(instead=[BREAK])

    result = await fed(platform, FULL)

    assert result.retries == 1
    assert platform.seen[0] == platform.seen[1]


async def test_a_connection_that_keeps_breaking_fails_the_feed() -> None:
    """The last attempt's error is reported, with the request."""
    with pytest.raises(NoAnswerError, match="POST /cart/v1/carts: given up after 3 attempts, the last: ServerDisc"):
        await fed(CartInMiniature(instead=[BREAK] * 3), FULL)


async def test_an_unreachable_platform_is_reported_at_once() -> None:
    """Nobody listening is an error that names the address."""
    async with TestServer(CartInMiniature().app()) as server:
        origin = str(server.make_url("/"))
    async with connect(origin, patience=IMPATIENT) as client:
        with pytest.raises(NoAnswerError, match=f"no token from {origin}oauth/token: ClientConnectorError"):
            await client.get("/cart/v1/carts/x")


async def test_a_refused_token_is_replaced_once() -> None:
    """After a 401 the request goes out again with a new token."""
    platform = CartInMiniature(instead=[(401, {})])

    await fed(platform, FULL)

    assert [authorization for authorization, _, _ in platform.seen[:3]] == [
        "Bearer token-1",
        "Bearer token-2",
        "Bearer token-2",
    ]


def test_server_timings_are_read_by_name() -> None:
    """Durations in milliseconds; entries without one are left out."""
    assert server_timing('append;dur=3.2, cache;desc="hit", publish;dur=1;desc="x"') == {"append": 3.2, "publish": 1.0}
    assert server_timing("") == {}
