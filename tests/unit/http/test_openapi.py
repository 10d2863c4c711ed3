"""What a service's OpenAPI tells a client: it is valid, and what the service really answers fits it."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import BaseModel

from functions.cart.command_api import CART_COMMANDS
from functions.cart.query_api import CART_QUERIES
from shared.eventsourcing.errors import TopologyError
from shared.http.auth import EVERYONE
from shared.http.command_api import CommandEndpoint
from shared.http.openapi import openapi
from shared.http.problems import MEDIA_TYPE
from shared.testing.api_spec import ApiSpec, Reply
from tests.unit.http.conftest import Shop

CARTS, CART, ITEMS = "/cart/v1/carts", "/cart/v1/carts/{cart_id}", "/cart/v1/carts/{cart_id}/items"
ITEM = ITEMS + "/{sku}"
FOR_900 = {"currency": "USD", "customer_id": "900"}
MILK = {"sku": "milk", "quantity": 2, "charged": {"amount": 500, "currency": "USD"}}
DOCUMENT = openapi("Carts.", [CART_COMMANDS], [CART_QUERIES])
OPERATIONS = [(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods]


@dataclass(frozen=True)
class Operation:
    """One operation as the document describes it, references replaced by what they refer to."""

    path: str
    method: str

    @property
    def stated(self) -> dict[str, Any]:
        stated: dict[str, Any] = DOCUMENT["paths"][self.path][self.method]
        return stated

    def parameter(self, name: str) -> dict[str, Any]:
        return next(found for found in map(resolve, self.stated["parameters"]) if found["name"] == name)

    def parameters(self) -> set[str]:
        return {resolve(parameter)["name"] for parameter in self.stated["parameters"]}

    def response(self, status: int) -> dict[str, Any]:
        return resolve(self.stated["responses"][str(status)])

    def headers(self, status: int) -> set[str]:
        return {name.lower() for name in self.response(status).get("headers", {})}

    def schema(self, status: int) -> dict[str, Any]:
        (content,) = self.response(status)["content"].values()
        schema: dict[str, Any] = content["schema"]
        return schema


def resolve(node: dict[str, Any]) -> dict[str, Any]:
    found: Any = DOCUMENT
    if "$ref" not in node:
        return node
    for name in node["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    resolved: dict[str, Any] = found
    return resolved


def fits(schema: dict[str, Any], value: object) -> None:
    """Raises if it does not; references are those of the document."""
    whole = {**schema, "components": DOCUMENT["components"]}
    Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(value)


def agrees(operation: Operation, reply: Reply, expected: int) -> None:
    """The reply has the expected status, and is what the document promises for it."""
    assert reply.status == expected
    (media_type,) = operation.response(expected)["content"]
    assert reply.headers["content-type"] == media_type
    assert reply.headers.keys() - {"content-type", "content-length", "cache-control"} <= operation.headers(expected)
    fits(operation.schema(expected), reply.json)


@pytest.fixture
async def cart(till: ApiSpec) -> str:
    """A till's cart for customer 900 that holds milk."""
    cart_id = str((await till.post(CARTS, "k1", FOR_900)).json["id"])
    await till.post(f"{CARTS}/{cart_id}/items", "k2", MILK)
    return cart_id


class TestTheDocument:
    def test_is_valid(self) -> None:
        """It is an OpenAPI 3.1 document: operation ids unique, references resolved, parameters declared."""
        OpenAPIV31SpecValidator(DOCUMENT).validate()

    def test_has_every_endpoint(self) -> None:
        """What is declared is described."""
        declared = {(CART_COMMANDS.prefix + each.path, each.method.lower()) for each in CART_COMMANDS.endpoints}

        queries = (CARTS, CART, f"{CART}/history", f"{CART}/provenance")
        assert declared | {(path, "get") for path in queries} == set(OPERATIONS)

    def test_calls_operations_like_their_commands(self) -> None:
        """A generated client has a method `addItem`."""
        assert DOCUMENT["paths"][ITEMS]["post"]["operationId"] == "addItem"

    @pytest.mark.parametrize(("path", "method"), OPERATIONS)
    def test_describes_a_problem_for_every_error(self, path: str, method: str) -> None:
        """Every status of every operation but success is a problem+json."""
        operation = Operation(path, method)
        statuses = {int(status) for status in operation.stated["responses"]} - {200, 202, 304}

        assert statuses >= {400, 401, 403, 500, 503}
        assert {media for status in statuses for media in operation.response(status)["content"]} == {MEDIA_TYPE}


class TestParameters:
    @pytest.mark.parametrize(("path", "method"), [each for each in OPERATIONS if each[1] != "get"])
    def test_every_command_takes_an_idempotency_key(self, path: str, method: str) -> None:
        """A POST needs one, the other methods may have one."""
        assert Operation(path, method).parameter("Idempotency-Key")["required"] is (method == "post")

    @pytest.mark.parametrize(("path", "method"), [each for each in OPERATIONS if each[1] != "get"])
    def test_what_exists_can_be_matched(self, path: str, method: str) -> None:
        """Every command but the one that creates takes conditions, and can answer 404."""
        operation = Operation(path, method)
        creates = (path, method) == (CARTS, "post")

        assert ({"If-Match", "If-None-Match"} <= operation.parameters()) is not creates
        assert ("404" in operation.stated["responses"]) is not creates

    def test_a_query_parameter_is_never_null(self) -> None:
        """An optional parameter is left out: its schema is that of its value."""
        for path in (CART, CARTS, f"{CART}/history", f"{CART}/provenance"):
            assert {"If-Match", "If-None-Match"} <= Operation(path, "get").parameters()
            for name in Operation(path, "get").parameters():
                schema = Operation(path, "get").parameter(name)["schema"]
                assert schema["type"] in {"string", "integer"}
                assert schema.get("default", 0) is not None

    def test_the_owners_filter_says_who_must_state_it(self) -> None:
        """Who is staff must say whose carts; a customer need not."""
        assert "everybody else must state it" in Operation(CARTS, "get").parameter("customer_id")["description"]

    def test_another_required_filter_is_required(self) -> None:
        """A filter that nobody may leave out is a required parameter."""
        queries = replace(CART_QUERIES, required=("customer_id", "status"))

        listed = openapi("Carts.", [CART_COMMANDS], [queries])["paths"][CARTS]["get"]["parameters"]

        assert {each["name"] for each in listed if each.get("required")} == {"status"}

    def test_a_path_parameter_says_what_it_takes(self) -> None:
        """An id has the form that the router lets through."""
        assert Operation(ITEM, "put").parameter("sku")["schema"]["pattern"] == "^[A-Za-z0-9][A-Za-z0-9_.~|@:+-]{0,127}$"


class TestBodies:
    def test_a_body_with_a_required_field_is_required(self) -> None:
        """A cart cannot be opened without a body."""
        assert Operation(CARTS, "post").stated["requestBody"]["required"] is True

    def test_a_body_of_optional_fields_may_be_left_out(self) -> None:
        """A checkout needs none."""
        assert Operation(f"{CART}/checkout", "post").stated["requestBody"]["required"] is False

    @pytest.mark.parametrize(("path", "method"), [(ITEM, "delete"), (ITEMS, "delete"), (f"{CART}/expire", "post")])
    def test_a_command_that_its_path_says_has_none(self, path: str, method: str) -> None:
        """Nothing is to be sent where the path says it all."""
        assert "requestBody" not in Operation(path, method).stated

    def test_a_document_always_has_all_its_fields(self) -> None:
        """What is returned leaves nothing out: a field without a value is null."""
        schema = DOCUMENT["components"]["schemas"]["CartView"]

        assert set(schema["required"]) == set(schema["properties"])


class TestAnswers:
    async def test_an_accepted_command(self, till: ApiSpec, cart: str) -> None:
        """The first answer and its repetition are as described, headers included."""
        first = await till.post(f"{CARTS}/{cart}/items", "k3", {**MILK, "sku": "tea"})
        again = await till.post(f"{CARTS}/{cart}/items", "k3", {**MILK, "sku": "tea"})

        agrees(Operation(ITEMS, "post"), first, 202)
        agrees(Operation(ITEMS, "post"), again, 202)
        assert again.headers["idempotent-replayed"] == "true"

    @pytest.mark.parametrize(
        ("body", "headers", "status"),
        [
            ({**MILK, "quantity": 0}, {}, 400),
            ({**MILK, "charged": None}, {}, 409),
            (MILK, {"if_match": '"9"'}, 412),
            ({**MILK, "sku": "x" * 300_000}, {}, 413),
            (MILK, {"content_type": "text/plain"}, 415),
        ],
    )
    async def test_a_refused_command(
        self, till: ApiSpec, cart: str, body: dict[str, object], headers: dict[str, str], status: int
    ) -> None:
        """Each refusal is the problem that is described for its status."""
        reply = await till.post(f"{CARTS}/{cart}/items", "k3", body, **headers)

        agrees(Operation(ITEMS, "post"), reply, status)

    async def test_a_request_that_is_not_the_first_of_its_key(self, till: ApiSpec, cart: str) -> None:
        """A key that was used for another request is refused as described."""
        reply = await till.post(f"{CARTS}/{cart}/items", "k2", {**MILK, "quantity": 3})

        agrees(Operation(ITEMS, "post"), reply, 422)

    async def test_a_caller_without_a_token(self, shop: Shop) -> None:
        """Nobody in particular is told to bring a token."""
        reply = await ApiSpec(shop.function).post(CARTS, "k1", FOR_900)

        agrees(Operation(CARTS, "post"), reply, 401)

    async def test_a_command_for_others(self, customer: ApiSpec, cart: str) -> None:
        """What is not yours is not there, and what only others may do is forbidden."""
        agrees(Operation(ITEM, "delete"), await customer.send("DELETE", f"{CARTS}/{cart}/items/milk"), 404)
        agrees(Operation(f"{CART}/expire", "post"), await customer.post(f"{CARTS}/{cart}/expire", "k3"), 403)

    async def test_queries(self, shop: Shop, cart: str) -> None:
        """A document, a list with and without a next page, and a history are as described."""
        await shop.project(cart)
        reader = shop.reader("op", "operator")

        agrees(Operation(CART, "get"), await reader.get(f"{CARTS}/{cart}"), 200)
        agrees(Operation(CARTS, "get"), await reader.get(f"{CARTS}?customer_id=900"), 200)
        agrees(Operation(f"{CART}/history", "get"), await reader.get(f"{CARTS}/{cart}/history?limit=1"), 200)
        agrees(Operation(f"{CART}/history", "get"), await reader.get(f"{CARTS}/{cart}/history"), 200)
        agrees(Operation(f"{CART}/provenance", "get"), await reader.get(f"{CARTS}/{cart}/provenance"), 200)

    @pytest.mark.parametrize(
        ("url", "status"), [("nobody", 404), ("{cart}?version=x", 400), ("{cart}?min_version=9", 412)]
    )
    async def test_a_refused_query(self, shop: Shop, cart: str, url: str, status: int) -> None:
        """Each refusal is the problem that is described for its status."""
        reply = await shop.reader("op", "operator").get(f"{CARTS}/{url.format(cart=cart)}")

        agrees(Operation(CART, "get"), reply, status)


class TestDeclarationsThatCannotBeDescribed:
    def test_a_builder_says_what_it_builds(self) -> None:
        """An operation is named for its command, so its builder must be annotated."""
        endpoint = CommandEndpoint(
            method="POST", path="/carts", build=lambda _body, _call: None, roles=EVERYONE, summary="?"
        )

        with pytest.raises(TopologyError, match="POST /carts does not say"):
            openapi("Carts.", [replace(CART_COMMANDS, endpoints=(endpoint,))], [CART_QUERIES])

    def test_two_bodies_of_one_name(self) -> None:
        """A name stands for one schema."""

        class CartView(BaseModel):
            other: int

        endpoint = replace(CART_COMMANDS.endpoints[0], body=CartView)

        with pytest.raises(TopologyError, match="CartView"):
            openapi("Carts.", [replace(CART_COMMANDS, endpoints=(endpoint,))], [CART_QUERIES])
