"""Waiting until the read models show everything that was accepted: asked with plain queries, as any client would."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter

from emulators.feed.client import PlatformClient
from emulators.feed.tills import CARTS, FedCart, Progress
from emulators.feed.workers import for_each

OK = 200
NOT_FOUND = 404
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0
AT_A_TIME = 4
"""Carts: what is asked costs reads, and while one cart is waited for the others get there unasked."""


class CatchUpError(Exception):
    """Read models stayed behind the log, or a query failed. Names the carts."""


@dataclass(slots=True)
class CatchUp:
    """How it went: `seconds` from the first question to the last read model being there, milliseconds per question."""

    seconds: float = 0.0
    query_times: list[float] = field(default_factory=list)


async def caught_up(client: PlatformClient, carts: Sequence[FedCart], *, within: float, progress: Progress) -> CatchUp:
    """Return when every cart's read model shows at least its final version; CatchUpError after `within` seconds."""
    result = CatchUp()
    behind = {cart.id: cart for cart in carts}

    async def watch(cart: FedCart) -> None:
        await _shown(client, cart, result)
        del behind[cart.id]
        progress("read models", len(carts) - len(behind), len(carts))

    began = perf_counter()
    try:
        async with asyncio.timeout(within):
            await for_each(carts, watch, workers=AT_A_TIME)
    except TimeoutError as error:
        some = ", ".join(list(behind)[:5])
        raise CatchUpError(f"{len(behind)} read models are behind the log after {within:g} s: {some}, ...") from error
    result.seconds = perf_counter() - began
    return result


async def _shown(client: PlatformClient, cart: FedCart, result: CatchUp) -> None:
    pause = FIRST_PAUSE
    while True:
        reply = await client.get(f"{CARTS}/{cart.id}")
        result.query_times.append(reply.elapsed)
        if reply.status == OK and reply.version is not None and reply.version >= cart.version:
            return
        if reply.status not in {OK, NOT_FOUND}:
            raise CatchUpError(f"cart {cart.id}: {reply.status} {reply.body}")
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
