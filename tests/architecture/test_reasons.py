"""Every reason that a command takes is one that fits who asks."""

import re
from importlib import import_module
from typing import Any, get_args

import pytest

from emulators.edge.issuer import Issuer
from shared.http.auth import Role
from shared.http.command_api import Endpoint
from shared.http.json_schema import json_schema
from shared.http.requests import AnyReason, ReturnReason, ShopReason, WorkflowReason
from shared.topology import Service
from tests.architecture.test_entry_points import PUBLIC, named
from tests.architecture.test_refusals import caller, filled

FITTING = {
    Role.CUSTOMER: [ReturnReason],
    Role.OPERATOR: [ReturnReason, ShopReason],
    Role.SERVICE: [ReturnReason, ShopReason, WorkflowReason],
}
"""Who says which; a service says what a customer or the shop's people said, or that it takes back what it did."""


@pytest.fixture(autouse=True)
def _on(platform: Issuer) -> None:
    """The services run."""


@pytest.mark.parametrize("service", PUBLIC, ids=named)
async def test_a_reason_fits_who_gives_it(service: Service) -> None:
    """Of all words, each role may say those of one list."""
    apis = import_module(f"functions.{service.name}.main").SERVICE.command_apis
    asked = [(api.prefix, endpoint, role) for api in apis for endpoint in api.endpoints for role in endpoint.roles]

    taken = {
        (endpoint.path, role): await words(service, prefix, endpoint, role)
        for prefix, endpoint, role in asked
        if reasons(endpoint)
    }

    odd = {each: said for each, said in taken.items() if said not in [set(get_args(fit)) for fit in FITTING[each[1]]]}
    assert odd == {}


def reasons(endpoint: Endpoint) -> bool:
    """Whether its body has one of a closed list."""
    return "changed-mind" in str(body_schema(endpoint)) or "checkout-failed" in str(body_schema(endpoint))


def body_schema(endpoint: Endpoint) -> dict[str, Any]:
    return json_schema(endpoint.body, "validation", "")


async def words(service: Service, prefix: str, endpoint: Endpoint, role: Role) -> set[str]:
    """Those that are not refused."""
    schema, asker, found = body_schema(endpoint), caller(service, "commands", role), set[str]()
    path = re.sub(r"{\w+}", "1", prefix + endpoint.path)
    for word in get_args(AnyReason):
        body = {**filled(schema, schema), "reason": word}
        reply = await asker.send(endpoint.method, path, json=body, headers={"Idempotency-Key": f"{role}-{path}-{word}"})
        if "reason" not in reply.fields_at_fault:
            assert reply.status != 400, reply.json
            found.add(word)
    return found
