"""The shop on Google's emulators: its services or some of them, what people do there, and direct sight of its log."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import cycle
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import aiohttp

import functions
from emulators.platform import LocalPlatform
from emulators.processes.plans import plans
from emulators.processes.ports import free_ports
from emulators.processes.stripe import SECRET_KEY
from emulators.processes.supervision import FunctionProcesses
from emulators.settings import PROJECT, USER_AUDIENCE, Options, RuntimeChoice
from shared.adapters.firestore import FirestoreEventStore, FirestoreReadStore
from shared.adapters.firestore import connect as connect_firestore
from shared.eventsourcing.event_store import OperationCounts
from shared.topology import Service, discover
from tests.e2e.rig import HOURS, Answer

T = TypeVar("T")
APPROVED_CARD, DECLINED_CARD = "pm_card_visa", "pm_card_visa_chargeDeclined"
CHECKOUTS = "/checkout/v1/checkouts"
PASSING = frozenset({502, 503, 504})
PASSING_CODES = frozenset({"in-flight", "conflict"})
BETWEEN_SWEEPS = 15
"""Seconds."""
FOREVER = ("2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z")
ADDRESS = {
    "name": "Ann Example",
    "lines": ["1 Road"],
    "city": "Town",
    "region": "CA",
    "postal_code": "12345",
    "country": "US",
}


@dataclass(frozen=True, slots=True)
class Shop:
    """A platform that runs, a client of it, and direct sight of its stores."""

    platform: LocalPlatform
    session: aiohttp.ClientSession
    log: FirestoreEventStore
    rows: FirestoreReadStore
    versions: dict[str, int] = field(default_factory=dict)
    """Of the carts that were filled."""

    @property
    def processes(self) -> FunctionProcesses:
        assert self.platform.parts.processes is not None
        return self.platform.parts.processes

    # --- requests

    async def send(  # one way to say everything that a request can say
        self, method: str, path: str, body: object = None, *, by: str = "operator", key: str = ""
    ) -> Answer:
        """One request, whatever the answer. `by` is a customer's id, or the operator."""
        role = "operator" if by == "operator" else "customer"
        token = self.platform.users.mint(by, roles=(role,), audience=USER_AUDIENCE)
        headers = {"Authorization": f"Bearer {token}", **({"Idempotency-Key": key} if key else {})}
        url = self.platform.origin + path
        async with self.session.request(method, url, headers=headers, json=body) as response:
            return Answer(response.status, response.headers, await response.read(), 0.0)

    async def insist(  # as send
        self, method: str, path: str, body: object = None, *, by: str = "operator", key: str = "", within: float = 120.0
    ) -> Answer:
        """The same request, until it is answered: as every client of the platform does, with the same key."""
        answers: list[Answer] = []

        async def answered() -> bool:
            try:
                answers.append(await self.send(method, path, body, by=by, key=key))
            except (aiohttp.ClientError, OSError):
                return False
            return not _is_passing(answers[-1])

        await until(answered, within=within)
        return answers[-1]

    async def must(self, method: str, path: str, body: object = None, *, by: str = "operator", key: str = "") -> Answer:
        """`insist`, for what cannot be refused."""
        answer = await self.insist(method, path, body, by=by, key=key)
        assert answer.status in {200, 202}, (method, path, answer.status, answer.content)
        return answer

    # --- what staff do

    async def offer(self, stock: Mapping[str, int], *, cents: int = 250) -> None:
        """Products in the catalog with their stock, each of which costs so much."""
        for sku, quantity in stock.items():
            await self.must("PUT", f"/catalog/v1/products/{sku}", {"department": "Grocery"})
            await self.must("PUT", f"/pricing/v1/prices/{sku}", {"price": usd(cents)})
            receipt = {"quantity": quantity, "reference": "first"}
            await self.must("POST", f"/inventory/v1/stock/{sku}/receipts", receipt, key=f"first-{sku}")

    async def offer_coupon(self, code: str, skus: Collection[str], *, percent: int, limit: int | None = None) -> None:
        starts_at, ends_at = FOREVER
        term = {"starts_at": starts_at, "ends_at": ends_at}
        await self.must("PUT", "/promotions/v1/campaigns/always", {"name": "Always", "kind": "web", **term})
        discount = {"kind": "percent", "percent": percent}
        coupon = {"campaign_id": "always", "skus": sorted(skus), "discount": discount, "limit": limit, **term}
        await self.must("PUT", f"/promotions/v1/coupons/{code}", coupon)

    # --- what customers do

    async def introduce(self, customer: str) -> None:
        """The customer says who they are, so that mails find them."""
        profile = {"name": f"Customer {customer}", "email": f"{customer}@example.com"}
        await self.must("PUT", f"/customers/v1/customers/{customer}", profile, by=customer)

    async def fill_cart(self, customer: str, quantities: Mapping[str, int], *, name: str) -> str:
        """The id of a cart with these products; `name` makes its requests the same at every repetition."""
        opened = await self.must("POST", "/cart/v1/carts", {"currency": "USD"}, by=customer, key=f"{name}/open")
        cart = str(opened.body["id"])
        for sku, quantity in quantities.items():
            item = {"sku": sku, "quantity": quantity}
            filled = await self.must("POST", f"/cart/v1/carts/{cart}/items", item, by=customer, key=f"{name}/{sku}")
            self.versions[cart] = filled.body["version"]
        return cart

    async def preview(self, customer: str, cart: str, coupons: Sequence[str] = ()) -> dict[str, object]:
        """What the customer is shown of a filled cart, as a checkout states it; prices may be on their way. Coupons
        that are refused are left out, as their customer would.
        """
        asked = {"cart_id": cart, "min_version": self.versions[cart], "country": "US", "coupons": list(coupons)}
        answers: list[Answer] = []

        async def shown() -> bool:
            answers.append(await self.insist("POST", "/checkout/v1/previews", asked, by=customer))
            if answers[-1].status == 409 and answers[-1].body["code"].startswith("coupon-"):
                asked["coupons"] = []
            return answers[-1].status == 200

        await until(shown)
        seen = answers[-1].body
        return {"cart_version": seen["cart_version"], "expected_total": seen["total"], "coupons": asked["coupons"]}

    async def check_out(
        self, customer: str, cart: str, *, name: str, card: str = APPROVED_CARD, coupons: Sequence[str] = ()
    ) -> str:
        """The id of a checkout, which is on its way, at the total that the customer is shown."""
        body = checkout_body(cart, await self.preview(customer, cart, coupons), card=card)
        answer = await self.must("POST", CHECKOUTS, body, by=customer, key=f"{name}/checkout")
        return str(answer.body["id"])

    # --- what comes of it

    async def get(self, path: str) -> Any:
        return (await self.must("GET", path)).body

    async def ended(self, checkout: str, *, within: float = 60.0, pause: float = 0.25) -> dict[str, Any]:
        """The checkout as the query shows it, once it is over or stuck."""
        seen: dict[str, Any] = {}

        async def over() -> bool:
            answer = await self.send("GET", f"{CHECKOUTS}/{checkout}")
            seen.update(answer.body if answer.status == 200 else {})
            return bool(seen.get("status", "running") != "running")

        await until(over, within=within, pause=pause)
        return seen

    async def all_ended(self, checkouts: Iterable[str], *, within: float = 180.0) -> dict[str, dict[str, Any]]:
        """All of them, by id. One list is asked until nothing is running any more, then each checkout."""

        async def none_runs() -> bool:
            answer = await self.send("GET", f"{CHECKOUTS}?status=running&limit=1")
            return answer.status == 200 and not answer.body["items"] and self.platform.delivery.idle()

        healing = asyncio.create_task(self._heal())
        try:
            await until(none_runs, within=within, pause=0.3)
            return {checkout: await self.ended(checkout) for checkout in checkouts}
        finally:
            healing.cancel()

    async def _heal(self) -> None:
        """Relays and sweeps run as their schedules would: a busy machine may have sent or taken a message too late."""
        while True:
            await asyncio.sleep(BETWEEN_SWEEPS)
            await self.platform.scheduler.fire(lambda job: job.function in {"relay", "projector"})

    async def listed(self, path: str) -> list[Any]:
        """All pages of a list; `path` has a query string already."""
        found: list[Any] = []
        cursor = ""
        while True:
            page = await self.get(f"{path}&limit=100{cursor}")
            found += page["items"]
            if not page["next"]:
                return found
            cursor = f"&cursor={quote(page['next'])}"

    async def intents(self) -> list[dict[str, Any]]:
        """Every payment that the local Stripe knows of, whatever became of it."""
        assert self.platform.world.stripe is not None
        url = f"http://{self.platform.world.stripe.host}/v1/payment_intents"
        found: list[dict[str, Any]] = []
        more = True
        while more:
            after = {"starting_after": found[-1]["id"]} if found else {}
            headers = {"Authorization": f"Bearer {SECRET_KEY}"}
            async with self.session.get(url, params={"limit": "100", **after}, headers=headers) as response:
                page = json.loads(await response.read())
            found += page["data"]
            more = page["has_more"]
        return found


def usd(cents: int) -> dict[str, object]:
    return {"amount": cents, "currency": "USD"}


def checkout_body(cart: str, seen: Mapping[str, object], *, card: str = APPROVED_CARD) -> dict[str, object]:
    """`seen` is what a preview showed."""
    return {"cart_id": cart, "payment_token": card, "shipping_address": ADDRESS, **seen}


def _is_passing(answer: Answer) -> bool:
    return answer.status in PASSING or (answer.status == 409 and answer.body["code"] in PASSING_CODES)


def services(*names: str) -> tuple[Service, ...]:
    """These of the shop's services, all without names; nobody listens to a service that is not there."""
    chosen = [service for service in discover(functions) if not names or service.name in names]
    topics = {topic.name for service in chosen for topic in service.topics}
    return tuple(
        replace(each, subscriptions=tuple(x for x in each.subscriptions if x.topic in topics)) for each in chosen
    )


@asynccontextmanager
async def opened(
    folder: Path, chosen: Sequence[Service], *, minute: float = HOURS, faults: str = "", twins: Collection[str] = ()
) -> AsyncIterator[Shop]:
    """A shop of its own. The services in `twins` have two processes, which are called in turns: as in the cloud, where
    no instance knows of the other.
    """
    (port,) = free_ports(1)
    options = Options(runtime=RuntimeChoice.EMULATORS, port=port, folder=folder, minute=minute, faults=faults)
    async with LocalPlatform(options, say=lambda _: None, services=chosen) as platform:
        assert platform.parts.emulators is not None
        store = connect_firestore(PROJECT, platform.parts.emulators.firestore.host)
        counts, patient = OperationCounts(), 60.0
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(60)) as session:
            shop = Shop(
                platform=platform,
                session=session,
                log=FirestoreEventStore(store, counts, patient),
                rows=FirestoreReadStore(store, counts, patient),
            )
            try:
                async with _doubled(shop, twins):
                    yield shop
            finally:
                await store.close()


@asynccontextmanager
async def _doubled(shop: Shop, names: Collection[str]) -> AsyncIterator[None]:
    first = shop.processes
    archives = {plan.service: plan.archive / "main.py" for plan in first.plans}
    chosen = [(service, archives[service.name]) for service in shop.platform.services if service.name in names]
    second = FunctionProcesses(
        plans(chosen, per_function=False), first.environment, first.logs / "twins", first.session, first.say
    )
    await second.start()
    try:
        first._addresses = _InTurns(first._addresses, second._addresses)
        yield
    finally:
        await second.stop()


class _InTurns(dict[tuple[str, str], str]):
    """Addresses of which some are two."""

    def __init__(self, first: Mapping[tuple[str, str], str], second: Mapping[tuple[str, str], str]) -> None:
        super().__init__(first)
        self._both = {name: cycle((first[name], other)) for name, other in second.items()}

    def __getitem__(self, name: tuple[str, str]) -> str:
        return next(self._both[name]) if name in self._both else super().__getitem__(name)


async def until(check: Callable[[], Awaitable[object]], *, within: float = 120.0, pause: float = 0.1) -> None:
    """Return as soon as `check` is true; TimeoutError after `within` seconds."""
    async with asyncio.timeout(within):
        while not await check():  # noqa: ASYNC110 - what is waited for happens in other processes
            await asyncio.sleep(pause)


async def together(count: int, jobs: Iterable[Awaitable[T]]) -> list[T]:
    """The results of all jobs, `count` of them at a time, in their order."""
    places = asyncio.Semaphore(count)

    async def one(job: Awaitable[T]) -> T:
        async with places:
            return await job

    return await asyncio.gather(*map(one, jobs))
