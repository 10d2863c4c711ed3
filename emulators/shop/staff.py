"""Who works in the shop: a till and an operator, over HTTP like anybody."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from emulators.feed.client import NoAnswerError, PlatformClient, Reply, connect
from emulators.feed.tills import ACCEPTED, CURRENCY, FeedError, FeedResult

TILL, OPERATOR = "shop-till", "shop-operator"
OK, NOT_FOUND = 200, 404


@dataclass(frozen=True, slots=True)
class Clerk:
    """One of them. What is sent is counted in `sent`; idempotency keys begin with `prefix`."""

    client: PlatformClient
    sent: FeedResult
    prefix: str

    async def post(self, path: str, body: Mapping[str, Any], *, key: str) -> Reply:
        """FeedError unless it is accepted."""
        return self._accepted(f"POST {path}", await self.client.post(path, body, key=self.prefix + key))

    async def put(self, path: str, body: Mapping[str, Any], *, key: str) -> Reply:
        """FeedError unless it is accepted."""
        return self._accepted(f"PUT {path}", await self.client.put(path, body, key=self.prefix + key))

    async def find(self, path: str) -> Any:
        """The answer's body, None if there is no such thing; NoAnswerError for anything else."""
        reply = await self.client.get(path)
        if reply.status not in {OK, NOT_FOUND}:
            raise NoAnswerError(f"GET {path}: {reply.status} {reply.body}")
        return reply.body if reply.status == OK else None

    async def listed(self, path: str) -> list[Any]:
        """All items of a list, page by page; `path` has a query."""
        found: list[Any] = []
        following: str | None = ""
        while following is not None:
            page = await self.find(f"{path}&limit=200{following and f'&cursor={following}'}") or {}
            found += page.get("items", ())
            following = page.get("next")
        return found

    def _accepted(self, what: str, reply: Reply) -> Reply:
        self.sent.record(reply)
        if reply.status != ACCEPTED:
            raise FeedError(f"{what}: expected 202, got {reply.status} {reply.body}")
        return reply


@dataclass(frozen=True, slots=True)
class Staff:
    """The whole of them; `sent` counts what they do together."""

    till: Clerk
    operator: Clerk
    sent: FeedResult = field(default_factory=FeedResult)


@asynccontextmanager
async def hired(origin: str, *, prefix: str) -> AsyncIterator[Staff]:
    """Both with tokens of their own for the platform at `origin`."""
    sent = FeedResult()
    async with (
        connect(origin, subject=TILL, role="pos") as till,
        connect(origin, subject=OPERATOR, role="operator") as operator,
    ):
        yield Staff(Clerk(till, sent, prefix), Clerk(operator, sent, prefix), sent)


def usd(cents: int) -> dict[str, Any]:
    """As the platform wants money."""
    return {"amount": cents, "currency": CURRENCY}
