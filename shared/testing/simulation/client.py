"""Somebody outside who uses the platform, and repeats what was not answered, as every client must."""

import asyncio
from random import Random
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json, to_json

from shared.eventsourcing.errors import UnavailableError
from shared.http.auth import Role
from shared.testing.api_spec import Reply
from shared.testing.simulation.identities import bearer

if TYPE_CHECKING:
    from shared.testing.simulation.world import World

PATIENCE = 30.0
TRIES = 12
_PASSING = frozenset({408, 429, 502, 503, 504})
_PASSING_CODES = frozenset({"in-flight", "conflict"})
_OK = range(200, 300)
_AGAIN, _TWICE = 0.2, 0.15


class GaveUpError(Exception):
    """No answer for a long time: what was asked for may or may not have happened, and nobody will ask again."""


class Client:
    """One person or till, whose requests carry keys of their own."""

    def __init__(self, world: "World", role: Role, subject: str, dice: Random, name: str) -> None:
        self.world = world
        self.role = role
        self.subject = subject
        self.dice = dice
        self.name = name
        self._keys = 0
        self._seen: dict[str, int] = {}
        self._sent: list[tuple[str, str, object, dict[str, str], Reply]] = []

    async def get(self, url: str) -> Reply:
        """A query; its document never goes back to an earlier version."""
        reply = await self._until_answered("GET", url, None, {})
        version = reply.headers.get("etag", "").strip('"')
        if reply.status in _OK and version.isdecimal():
            if int(version) < self._seen.get(url, 0):
                self.world.broken.append(f"reads: {self.name} saw {url} at {self._seen[url]}, and later at {version}")
            self._seen[url] = int(version)
        return reply

    async def ask(self, method: str, url: str, body: object = None, *, key: str = "", version: int = 0) -> Reply:
        """A command, repeated under its key until it is answered; sometimes an earlier one once more."""
        self._keys += 1
        headers = {"idempotency-key": key or f"{self.name}/{self._keys}"}
        if version:
            headers["if-match"] = f'"{version}"'
        if self.dice.random() < _TWICE:
            return await self._twice(method, url, body, headers)
        reply = await self._until_answered(method, url, body, headers)
        if reply.status in _OK:
            self.world.acknowledge(self, headers["idempotency-key"], method, url, reply)
            self._sent.append((method, url, body, headers, reply))
            if self.dice.random() < _AGAIN:
                await self._again(*self.dice.choice(self._sent))
        return reply

    async def _again(self, method: str, url: str, body: object, headers: dict[str, str], first: Reply) -> None:
        """A request of long ago: nothing is done any more, and its first answer stands, whatever has happened since."""
        self._compare(f"{method} {url}", first, await self._until_answered(method, url, body, headers))

    async def _twice(self, method: str, url: str, body: object, headers: dict[str, str]) -> Reply:
        """At once, as an impatient person does: both get the same answer, whichever instances they come to."""
        asked = [self._until_answered(method, url, body, headers) for _ in range(2)]
        one, other = await asyncio.gather(*asked)
        for reply in (one, other):
            if reply.status in _OK:
                self.world.acknowledge(self, headers["idempotency-key"], method, url, reply)
        if one.status in _OK and other.status in _OK:
            self._compare(f"{method} {url}", one, other)
        return one if one.status in _OK else other

    async def query(self, url: str, body: object) -> Reply:
        """A query that has a body."""
        return await self._until_answered("POST", url, body, {})

    async def must(self, method: str, url: str, body: object = None) -> Any:
        """The answer to a command that nothing can refuse."""
        reply = await self.ask(method, url, body)
        if reply.status not in _OK:
            self.world.broken.append(f"must: {self.name}: {method} {url}: {reply.status} {reply.body.decode()}")
        return from_json(reply.body) if reply.body else {}

    def _compare(self, what: str, first: Reply, then: Reply) -> None:
        if _promise(first) != _promise(then):
            told = f"{what}: first {_promise(first)}, then {_promise(then)}"
            self.world.broken.append(f"first answers: {self.name}: {told}")

    async def _until_answered(self, method: str, url: str, body: object, headers: dict[str, str]) -> Reply:
        content = b"" if body is None else to_json(body)
        sent = {"content-type": "application/json", "authorization": bearer(self.role, self.subject), **headers}
        for attempt in range(TRIES):
            try:
                reply = await self.world.network.send(self.name, method, url, sent, content, within=PATIENCE)
            except UnavailableError:
                reply = None
            if reply is not None and not _passes(reply):
                return reply
            await asyncio.sleep(self.dice.uniform(0.1, 2.0) * (attempt + 1))
        raise GaveUpError(f"{self.name}: {method} {url}")


def _passes(reply: Reply) -> bool:
    if reply.status in _PASSING:
        return True
    return reply.status == 409 and from_json(reply.body).get("code") in _PASSING_CODES


def _promise(reply: Reply) -> tuple[int, object, object, object]:
    """What a repeated request must be answered with; what an effect adds may have gone on."""
    body = from_json(reply.body) if reply.body else {}
    return reply.status, body.get("id"), body.get("version"), reply.headers.get("location")
