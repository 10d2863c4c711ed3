"""Equal requests at the same time, within one instance: one of them is carried out, the others wait for its answer."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from shared.eventsourcing.errors import InFlightError, KeyReusedError

T = TypeVar("T")
WAIT = 5.0


@dataclass
class InFlight(Generic[T]):
    """Requests that are being carried out, by idempotency key. None waits for another longer than `wait` seconds."""

    wait: float = WAIT
    _running: dict[str, tuple[str, asyncio.Future[T]]] = field(default_factory=dict, init=False)

    async def once(self, key: str, fingerprint: str, carry_out: Callable[[], Awaitable[T]]) -> tuple[T, bool]:
        """What came of it, and whether it was carried out for another request. Raises what the first one raised,
        KeyReusedError while the key is in use for another request, InFlightError if the first one takes too long.
        """
        if running := self._running.get(key):
            return await self._join(fingerprint, *running), True
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._running[key] = (fingerprint, future)
        try:
            done = await carry_out()
        except BaseException as error:
            if not future.cancelled():
                future.set_exception(error if isinstance(error, Exception) else InFlightError("the first was cut off"))
                future.exception()  # seen: nobody may be waiting
            raise
        else:
            future.set_result(done)
            return done, False
        finally:
            del self._running[key]

    async def _join(self, fingerprint: str, first: str, future: asyncio.Future[T]) -> T:
        if fingerprint != first:
            raise KeyReusedError("this idempotency key is in use for another request")
        try:
            async with asyncio.timeout(self.wait):
                return await asyncio.shield(future)
        except TimeoutError as error:
            raise InFlightError("the same request is still being handled") from error
