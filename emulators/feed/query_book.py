"""The book of what queries answer about the feed's carts, over HTTP like anybody."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from emulators.feed.books import BookError, baskets_by_cart, stray
from emulators.feed.client import TILL_ACTOR, PlatformClient, Reply
from emulators.feed.reconcile import BookedCart, Entry
from emulators.feed.tills import CARTS, FedCart, Progress
from emulators.feed.workers import for_each

PAGE = 2
"""Carts a page: so few that every feed has households whose lists go on."""
OK = 200
NOT_FOUND = 404


class QueryBook:
    """Fill it with `ask` and, after that, `ask_lists`. Times in milliseconds, one for each question. `others` are the
    ids of listed carts that somebody else opened meanwhile: they are not booked.
    """

    def __init__(self, client: PlatformClient, fed: Mapping[str, FedCart], *, workers: int, progress: Progress) -> None:
        self._client = client
        self._fed = fed
        self._workers = workers
        self._progress = progress
        self.carts: dict[str, BookedCart] = {}
        self.cart_times: list[float] = []
        self.list_times: list[float] = []
        self.others: set[str] = set()

    async def ask(self, *, past: bool = False) -> None:
        """Each cart by its own query; `past` asks for the feed's last version, which is answered from the log. A cart
        that is not found is missing in the book.
        """

        async def one(item: tuple[str, FedCart]) -> None:
            basket, cart = item
            query = f"?version={cart.version}" if past else ""
            reply = await self._get(f"{CARTS}/{cart.id}{query}", self.cart_times)
            if reply.status == OK:
                self.carts[basket] = booked(reply.body)
            self._progress("earlier states" if past else "carts", len(self.cart_times), len(self._fed))

        await for_each(self._fed.items(), one, workers=self._workers)

    async def ask_lists(self, before: Collection[str]) -> None:
        """Count each cart as often as the list of its household has it; book what only the lists have, unless it was
        there `before` the feed, or was opened by others.
        """
        baskets = baskets_by_cart(self._fed)
        for cart in self.carts.values():
            cart.copies = 0
        for body in await self.listed({cart.household for cart in self._fed.values()}):
            cart_id = body["id"]
            name = baskets.get(cart_id)
            if name not in self.carts:
                if name is None and (cart_id in before or await self._is_of_others(cart_id)):
                    continue
                name = stray(cart_id)
            self.carts.setdefault(name, booked(body, copies=0)).copies += 1

    async def listed(self, households: Collection[str]) -> list[Any]:
        """All carts of these households, page by page, as often as they come."""
        found: list[Any] = []
        done = 0

        async def one(household: str) -> None:
            nonlocal done
            first = f"{CARTS}?customer_id={quote(household)}&limit={PAGE}"
            path: str | None = first
            while path is not None:
                body = (await self._get(path, self.list_times)).body
                found.extend(body["items"])
                following = f"{first}&cursor={quote(body['next'])}" if body["next"] else None
                if following == path:
                    raise BookError(f"the list of household {household} goes on for ever")
                path = following
            done += 1
            self._progress("lists", done, len(households))

        await for_each(sorted(households), one, workers=self._workers)
        return found

    async def _is_of_others(self, cart_id: str) -> bool:
        """Whether the log says that another till or a customer opened it. What has no history is nobody's."""
        if cart_id not in self.others:
            reply = await self._client.get(f"{CARTS}/{quote(cart_id)}/history?limit=1")
            if reply.status != OK or not reply.body["items"] or reply.body["items"][0]["actor"] == TILL_ACTOR:
                return False
            self.others.add(cart_id)
        return True

    async def _get(self, path: str, times: list[float]) -> Reply:
        reply = await self._client.get(path)
        times.append(reply.elapsed)
        if reply.status != OK and (reply.status != NOT_FOUND or times is self.list_times):
            raise BookError(f"GET {path}: {reply.status} {reply.body}")
        return reply


def booked(body: Any, *, copies: int = 1) -> BookedCart:
    """A cart as a query returns it."""
    status = str(body["status"])
    cart = BookedCart(
        body["customer_id"],
        checked_out=status == "checked-out",
        copies=copies,
        status=status,
        stated_total=body["total"]["amount"],
        opened_at=_moment(body.get("opened_at")),
        checked_out_at=_moment(body.get("checked_out_at")),
    )
    for line in body["lines"]:
        cart.add(line["sku"], Entry(line["quantity"], line["total"]["amount"] if line["total"] else None))
    return cart


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
