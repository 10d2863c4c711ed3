"""Queries that are more than a read model, state documents, and read models that are for staff."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from functions.cart.query_api import CART_QUERIES
from shared.adapters.memory.event_store import MemoryEventStore
from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.event_store import OperationCounts, StateDocument
from shared.http.auth import EVERYONE, Role
from shared.http.edge import guarded
from shared.http.problems import ProblemError
from shared.http.query_api import Asked, CustomQuery, QueryApi, QueryWiring, StateQueryApi
from shared.http.query_edge import QueryEdge
from shared.http.requests import Body, Parameters
from shared.http.routing import Place, Router
from shared.testing.api_spec import ApiSpec
from shared.testing.doubles import NOON, FixedClock
from shared.testing.memory_platform import memory_dependencies, query_wiring
from tests.unit.http.conftest import Shop
from tests.unit.http.store_front import BelievesAnything

CARTS, STORE = "/cart/v1/carts", "/store/v1"
STAFF_ONLY = frozenset({Role.OPERATOR})
ONE_OF: dict[str, tuple[str, ...]] = {"required": (), "required_one_of": ("customer_id", "status")}


class Quote(BaseModel):
    sku: str
    pieces: int
    asked_by: str


class QuoteParameters(Parameters):
    pieces: int = 1


class Profile(BaseModel):
    """As the decider keeps it."""

    owner: str
    name: str
    status: Literal["known", "erased"] = "known"


class ProfileView(BaseModel):
    name: str
    shown_at: str


class States(MemoryEventStore):
    """One document for each stream."""

    def __init__(self, **documents: Profile) -> None:
        super().__init__(FixedClock(), OperationCounts())
        self.documents = documents

    async def get(self, stream: str) -> StateDocument | None:
        profile = self.documents.get(stream.partition("-")[2])
        if profile is None:
            return None
        return StateDocument(stream, 3, NOON, profile.model_dump_json().encode())


async def view(profile: Profile, wiring: QueryWiring) -> ProfileView | None:
    """What was erased is not shown."""
    if profile.status == "erased":
        return None
    return ProfileView(name=profile.name, shown_at=wiring.clock().isoformat())


def caller(role: str, *apis: Any, states: MemoryEventStore | None = None) -> ApiSpec:
    """Of a service with these queries."""
    wiring = query_wiring(memory_dependencies(FixedClock()), FixedClock())
    edge = QueryEdge(apis, replace(wiring, states=states or States()), BelievesAnything())
    return ApiSpec(guarded("store-queries", edge, lambda *_, **__: None), role)


class Wish(Body):
    sku: str
    pieces: int = 1


class TestAQueryWithABody:
    """A POST that stores nothing."""

    @staticmethod
    def wishes() -> CustomQuery:
        def answer(_: QueryWiring) -> Callable[[Asked], Awaitable[Quote]]:
            async def quote(asked: Asked) -> Quote:
                return Quote(sku=asked.body.sku, pieces=asked.body.pieces, asked_by=asked.principal.subject)

            return quote

        return CustomQuery(
            service="store",
            path="/wishes",
            body=Wish,
            answer=answer,
            returns=Quote,
            summary="What it costs.",
            roles=EVERYONE,
        )

    async def test_is_asked_without_a_key(self) -> None:
        """Nothing can be done twice; one that is sent all the same does no harm."""
        asks = caller("customer", self.wishes())

        plain = await asks.query(f"{STORE}/wishes", {"sku": "milk", "pieces": 2})
        keyed = await asks.post(f"{STORE}/wishes", "k", {"sku": "milk", "pieces": 2})

        assert (plain.status, plain.json) == (200, {"sku": "milk", "pieces": 2, "asked_by": "customer"})
        assert keyed.body == plain.body

    @pytest.mark.parametrize(
        ("body", "fields"),
        [(b"{}", ["sku"]), (b'{"sku": "a", "colour": "red"}', ["colour"]), (b'{"sku": "a", "sku": "b"}', ["sku"])],
    )
    async def test_refuses_a_body_that_does_not_fit(self, body: bytes, fields: list[str]) -> None:
        """Missing, unknown or twice: by name."""
        reply = await caller("customer", self.wishes()).send("POST", f"{STORE}/wishes", body=body)

        assert (reply.status, reply.fields_at_fault) == (400, fields)

    async def test_takes_no_body_without_an_end(self) -> None:
        """As much as a command, and no more."""
        reply = await caller("customer", self.wishes()).send("POST", f"{STORE}/wishes", body=b" " * 300_000)

        assert reply.status == 413

    @pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
    async def test_is_nothing_but_a_post(self, method: str) -> None:
        """405, and `Allow` says so."""
        reply = await caller("customer", self.wishes()).send(method, f"{STORE}/wishes")

        assert (reply.status, reply.headers["allow"]) == (405, "POST")

    @pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
    async def test_has_no_version(self, header: str) -> None:
        """So it meets no condition, and breaks none."""
        reply = await caller("customer", self.wishes()).send(
            "POST", f"{STORE}/wishes", json={"sku": "milk"}, headers={header: "*"}
        )

        assert reply.status == 200


def test_a_query_that_comes_to_the_commands_is_not_there() -> None:
    """Its path was written in an odd way, which the gateway did not know: 405 would tell to send what was sent."""
    commands: Router[Place] = Router("/store/v1", [Place("POST", "/orders")], [Place("POST", "/wishes")])

    with pytest.raises(ProblemError) as refused:
        commands.find("POST", "/store/v1/wishes")

    assert refused.value.status == 404


class TestACustomQuery:
    """One that makes its answer itself."""

    @staticmethod
    def quotes(roles: frozenset[Role] = EVERYONE, made: list[QueryWiring] | None = None) -> CustomQuery:
        def answer(wiring: QueryWiring) -> Callable[[Asked], Awaitable[Quote]]:
            if made is not None:
                made.append(wiring)

            async def quote(asked: Asked) -> Quote:
                if asked.parameters.pieces > 9:
                    raise DomainError("too-many", "we have nine", field="pieces")
                return Quote(sku=asked.path["sku"], pieces=asked.parameters.pieces, asked_by=asked.principal.subject)

            return quote

        return CustomQuery(
            service="store",
            path="/quotes/{sku}",
            answer=answer,
            returns=Quote,
            summary="What it costs.",
            parameters=QuoteParameters,
            roles=roles,
        )

    async def test_knows_who_asks_for_what(self) -> None:
        """The caller, what the path names, and the parameters as their model has them."""
        reply = await caller("customer", self.quotes()).get(f"{STORE}/quotes/milk?pieces=2")

        assert (reply.status, reply.json) == (200, {"sku": "milk", "pieces": 2, "asked_by": "customer"})

    async def test_is_asked_again_by_every_browser(self) -> None:
        """What is kept in between may not be true any more."""
        reply = await caller("customer", self.quotes()).get(f"{STORE}/quotes/milk")

        assert reply.headers["cache-control"] == "no-cache"

    @pytest.mark.parametrize("query", ["pieces=many", "colour=red", "pieces=1&pieces=2"])
    async def test_refuses_parameters_that_do_not_fit(self, query: str) -> None:
        """Wrong, unknown or twice: by name."""
        reply = await caller("customer", self.quotes()).get(f"{STORE}/quotes/milk?{query}")

        assert (reply.status, reply.fields_at_fault) == (400, [query.partition("=")[0]])

    async def test_may_refuse_by_a_rule(self) -> None:
        """As a command does."""
        reply = await caller("customer", self.quotes()).get(f"{STORE}/quotes/milk?pieces=10")

        assert (reply.status, reply.json["code"], reply.fields_at_fault) == (409, "too-many", ["pieces"])

    async def test_is_for_its_roles(self) -> None:
        """Others are refused."""
        replies = [
            await caller(role, self.quotes(STAFF_ONLY)).get(f"{STORE}/quotes/milk") for role in ("operator", "pos")
        ]

        assert [reply.status for reply in replies] == [200, 403]

    async def test_is_made_once(self) -> None:
        """What it prepares serves all requests of the instance."""
        made: list[QueryWiring] = []
        asks = caller("customer", self.quotes(made=made))

        await asks.get(f"{STORE}/quotes/milk")
        await asks.get(f"{STORE}/quotes/tea")

        assert len(made) == 1


class TestAStateDocument:
    """One that the decider keeps, shown as it is now."""

    @staticmethod
    def profiles(owner: str | None = "owner", roles: frozenset[Role] = EVERYONE) -> StateQueryApi:
        return StateQueryApi(
            service="store",
            category="profile",
            state=Profile,
            returns=ProfileView,
            view=view,
            entity="/profiles/{profile_id}",
            owner=owner,
            roles=roles,
        )

    states = States(
        c1=Profile(owner="customer", name="Ada"),
        c2=Profile(owner="somebody", name="Bob"),
        c3=Profile(owner="customer", name="", status="erased"),
    )

    async def get(self, role: str, key: str, **api: Any) -> Any:
        return await caller(role, self.profiles(**api), states=self.states).get(f"{STORE}/profiles/{key}")

    async def test_is_shown_by_its_view(self) -> None:
        """Which may use whatever queries may use."""
        reply = await self.get("customer", "c1")

        assert (reply.status, reply.json) == (200, {"name": "Ada", "shown_at": NOON.isoformat()})

    async def test_has_its_version(self) -> None:
        """To be named when it is changed."""
        assert (await self.get("customer", "c1")).headers["etag"] == '"3"'

    async def test_of_somebody_else_is_not_there(self) -> None:
        """The answer is the same as for none at all."""
        foreign, absent = await self.get("customer", "c2"), await self.get("customer", "nobody")

        assert (foreign.status, foreign.body) == (404, absent.body)

    async def test_is_shown_to_staff(self) -> None:
        """Whose it is does not matter to them."""
        assert (await self.get("pos", "c2")).json["name"] == "Bob"

    async def test_is_shown_to_staff_with_one_of_its_roles(self) -> None:
        """A till that is a customer as well sees what that customer sees."""
        roles = frozenset({Role.CUSTOMER, Role.OPERATOR})

        replies = [await self.get(role, "c2", roles=roles) for role in ("customer+operator", "customer+pos")]

        assert [reply.status for reply in replies] == [200, 404]

    async def test_without_an_owner_is_for_everybody(self) -> None:
        """With one of the roles."""
        assert (await self.get("customer", "c2", owner=None)).status == 200

    async def test_is_for_its_roles(self) -> None:
        """Others are refused before it is looked for."""
        assert (await self.get("customer", "nobody", roles=STAFF_ONLY)).status == 403

    async def test_that_is_not_to_be_seen_is_not_there(self) -> None:
        """By its view."""
        assert (await self.get("operator", "c3")).status == 404

    async def test_takes_no_parameters(self) -> None:
        """There is only the present."""
        reply = await self.get("customer", "c1?version=2")

        assert (reply.status, reply.fields_at_fault) == (400, ["version"])

    async def test_lies_beside_other_queries(self) -> None:
        """One function serves them all."""
        asks = caller("customer", TestACustomQuery.quotes(), self.profiles(), states=self.states)

        replies = [await asks.get(f"{STORE}/quotes/milk"), await asks.get(f"{STORE}/profiles/c1")]

        assert [reply.status for reply in replies] == [200, 200]


def cart_reader(shop: Shop, role: str, **changed: Any) -> ApiSpec:
    """Who asks for carts, where their queries are changed."""
    api: QueryApi[Any, Any] = replace(CART_QUERIES, **changed)
    edge = QueryEdge((api,), query_wiring(shop.dependencies, shop.clock), shop._verifier())
    return ApiSpec(guarded("cart-queries", edge, lambda *_, **__: None), shop.token("900", role))


@pytest.fixture
async def cart(shop: Shop, till: ApiSpec) -> str:
    """The open cart of customer 900, projected."""
    reply = await till.post(CARTS, "k1", {"currency": "USD", "customer_id": "900"})
    await shop.project(reply.json["id"])
    return str(reply.json["id"])


class TestAReadModelWithoutAnOwner:
    async def test_is_shown_to_staff(self, shop: Shop, cart: str) -> None:
        """Document, history and list."""
        reader = cart_reader(shop, "operator", owner=None)
        urls = [f"{CARTS}/{cart}", f"{CARTS}/{cart}/history", f"{CARTS}?customer_id=900"]

        assert [(await reader.get(url)).status for url in urls] == [200, 200, 200]

    async def test_is_not_for_customers(self, shop: Shop, cart: str) -> None:
        """Not even if their name is in it; that there is such a read model is no secret."""
        reader = cart_reader(shop, "customer", owner=None)
        urls = [f"{CARTS}/{cart}", f"{CARTS}/{cart}?version=1", f"{CARTS}/{cart}/history", f"{CARTS}?customer_id=900"]

        assert [(await reader.get(url)).status for url in urls] == [403, 403, 403, 403]


class TestFiltersOfAList:
    """`required_one_of`: staff list by either, customers see their own."""

    @pytest.mark.parametrize("query", ["customer_id=900", "status=open", "customer_id=900&status=open"])
    async def test_one_of_several_is_enough(self, shop: Shop, cart: str, query: str) -> None:
        """Any of them, or all."""
        reply = await cart_reader(shop, "operator", **ONE_OF).get(f"{CARTS}?{query}")

        assert [found["id"] for found in reply.json["items"]] == [cart]

    async def test_none_of_several_is_refused(self, shop: Shop) -> None:
        """The answer says what there is to choose from."""
        reply = await cart_reader(shop, "operator", **ONE_OF).get(CARTS)

        assert (reply.status, reply.fields_at_fault) == (400, ["customer_id"])
        assert "customer_id, status" in reply.json["detail"]

    async def test_a_customer_need_not_choose(self, shop: Shop, cart: str) -> None:
        """Their own documents are meant."""
        reply = await cart_reader(shop, "customer", **ONE_OF).get(CARTS)

        assert [found["id"] for found in reply.json["items"]] == [cart]

    async def test_a_customer_sees_no_others_by_another_filter(self, shop: Shop, till: ApiSpec, cart: str) -> None:
        """It is a filter on what is theirs."""
        other = (await till.post(CARTS, "k2", {"currency": "USD", "customer_id": "901"})).json["id"]
        await shop.project(other)

        reply = await cart_reader(shop, "customer", **ONE_OF).get(f"{CARTS}?status=open")

        assert [found["id"] for found in reply.json["items"]] == [cart]

    async def test_without_required_ones_all_are_listed(self, shop: Shop, cart: str) -> None:
        """To staff."""
        reply = await cart_reader(shop, "operator", required=()).get(CARTS)

        assert [found["id"] for found in reply.json["items"]] == [cart]


class TestHead:
    @pytest.mark.parametrize("path", ["/{}", "/{}/history", "?customer_id=900"])
    async def test_has_the_headers_of_get_and_no_body(self, shop: Shop, cart: str, path: str) -> None:
        """Length and version included."""
        reader, url = shop.reader("900", "customer"), CARTS + path.format(cart)

        head, full = await reader.send("HEAD", url), await reader.get(url)

        assert (head.status, head.headers, head.body) == (200, full.headers, b"")

    async def test_is_refused_like_get(self, shop: Shop, cart: str) -> None:
        """What is not yours is not there."""
        assert (await shop.reader("901", "customer").send("HEAD", f"{CARTS}/{cart}")).status == 404

    async def test_is_the_only_other_method(self, shop: Shop, cart: str) -> None:
        """Everything else is told what is possible."""
        reply = await shop.reader("900", "customer").send("POST", f"{CARTS}/{cart}")

        assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")
