"""Baskets into the platform, as a till does it: open a cart, add the lines, check out; over HTTP, nothing else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from emulators.feed.client import CONFLICT, PlatformClient, Reply
from emulators.feed.dataset import Basket, Line
from emulators.feed.workers import for_each

CURRENCY = "USD"
NOTHING_TO_BUY = frozenset({"cart-is-empty", "cart-is-expired"})
"""How the check-out of a cart without lines is refused; the second when the feed is repeated long after the first."""
CARTS = "/cart/v1/carts"
ACCEPTED = 202
BAD_REQUEST = 400

Progress = Callable[[str, int, int], None]
"""Told whenever something is done: which phase, how much of it, out of how much."""


class FeedError(Exception):
    """The platform answered a command otherwise than it must. Says which basket and line, and what came back."""


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that the platform refused, as it must."""

    basket: str
    line: Line


@dataclass(frozen=True, slots=True)
class FedCart:
    """The cart of a basket, as the answers tell: `version` is the one after its last accepted command."""

    id: str
    household: str
    version: int
    checked_out: bool


@dataclass(slots=True)
class FeedResult:
    """What was sent and what came back. Latencies in milliseconds; `seconds` is the duration of the whole feed.

    Of the accepted commands, `replayed` had been carried out before: by an earlier feed, or by a try whose answer got
    lost.
    """

    carts: dict[str, FedCart] = field(default_factory=dict)
    refused_lines: list[RefusedLine] = field(default_factory=list)
    commands: int = 0
    accepted: int = 0
    replayed: int = 0
    retries: int = 0
    command_times: list[float] = field(default_factory=list)
    append_times: list[float] = field(default_factory=list)
    publish_times: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def carried_out(self) -> int:
        """Commands that were carried out this time: a commit each."""
        return self.accepted - self.replayed

    @property
    def refused(self) -> int:
        """Commands refused as expected: unsold lines, and checkouts of carts that stayed empty."""
        return self.commands - self.accepted

    @property
    def empty_carts(self) -> int:
        return sum(not cart.checked_out for cart in self.carts.values())

    def record(self, reply: Reply) -> None:
        self.commands += 1
        self.accepted += reply.accepted
        self.replayed += reply.accepted and reply.replayed
        self.retries += reply.attempts - 1
        self.command_times.append(reply.elapsed)
        if (append := reply.server.get("append")) is not None:
            self.append_times.append(append)
        if (publish := reply.server.get("publish")) is not None:
            self.publish_times.append(publish)


async def feed(
    client: PlatformClient, baskets: Sequence[Basket], *, concurrency: int, progress: Progress
) -> FeedResult:
    """Sell all baskets, up to `concurrency` at a time, the lines of each one after another.

    Idempotency keys follow from the baskets: the same feed again changes nothing and gets the same answers. Raises
    FeedError at the first answer that is not what the basket calls for; NoAnswerError if there is none.
    """
    result = FeedResult()
    till = Till(client, result)

    async def sell(basket: Basket) -> None:
        result.carts[basket.id] = await till.sell(basket)
        progress("baskets", len(result.carts), len(baskets))

    began = perf_counter()
    await for_each(baskets, sell, workers=concurrency)
    result.seconds = perf_counter() - began
    return result


@dataclass(frozen=True, slots=True)
class Till:
    """What a till does with a basket. Its idempotency keys begin with `prefix`: another prefix is another feed."""

    client: PlatformClient
    result: FeedResult
    prefix: str = ""

    async def fill(self, basket: Basket) -> tuple[str, int]:
        """A cart with the basket's lines: its id and its version."""
        opening = {"currency": CURRENCY, "customer_id": basket.household, "opened_at": basket.at}
        opened = await self._send(basket, "open", CARTS, opening)
        version = _accepted(opened, basket, "open")
        cart = str(opened.body["id"])
        for line in basket.lines:
            version = await self._add(basket, cart, line) or version
        return cart, version

    async def sell(self, basket: Basket) -> FedCart:
        cart, version = await self.fill(basket)
        at_checkout = await self._send(basket, "check-out", f"{CARTS}/{cart}/checkout", {"at": basket.at})
        sold = any(line.sold for line in basket.lines)
        if sold:
            version = _accepted(at_checkout, basket, "check-out")
        elif at_checkout.status != CONFLICT or at_checkout.code not in NOTHING_TO_BUY:
            raise FeedError(_surprise(at_checkout, basket, "check-out of an empty cart", "409 cart-is-empty"))
        return FedCart(cart, basket.household, version, checked_out=sold)

    async def _add(self, basket: Basket, cart: str, line: Line) -> int | None:
        """The cart's version with this line; None if it was refused, as a line of quantity 0 must be."""
        charged = {"amount": line.total, "currency": CURRENCY}
        item = {"sku": line.sku, "quantity": line.quantity, "charged": charged, "at": basket.at}
        reply = await self._send(basket, f"add-{line.sku}", f"{CARTS}/{cart}/items", item)
        if line.sold:
            return _accepted(reply, basket, f"line {line.sku}")
        if reply.status != BAD_REQUEST or not reply.names("quantity"):
            raise FeedError(_surprise(reply, basket, f"line {line.sku} of quantity 0", "400 naming quantity"))
        self.result.refused_lines.append(RefusedLine(basket.id, line))
        return None

    async def _send(self, basket: Basket, step: str, path: str, body: dict[str, Any]) -> Reply:
        reply = await self.client.post(path, body, key=f"{self.prefix}basket-{basket.id}-{step}")
        self.result.record(reply)
        return reply


def _accepted(reply: Reply, basket: Basket, what: str) -> int:
    if reply.status != ACCEPTED or reply.version is None:
        raise FeedError(_surprise(reply, basket, what, "202 with an ETag"))
    return reply.version


def _surprise(reply: Reply, basket: Basket, what: str, wanted: str) -> str:
    return f"basket {basket.id}, {what}: expected {wanted}, got {reply.status} {reply.body}"
