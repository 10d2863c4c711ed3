"""The entry points as the platform calls them, on in-process adapters: what is declared is answered."""

from dataclasses import replace
from importlib import import_module

import pytest

import functions
from emulators.edge.issuer import Issuer
from emulators.settings import PLATFORM_AUDIENCE, SCHEDULER_IDENTITY
from shared.http.edge import Handler
from shared.http.openapi import openapi
from shared.testing.api_spec import ApiSpec
from shared.topology import Function, Http, Schedule, Service, discover

SERVICES = discover(functions)
SCHEDULES = [(service, schedule) for service in SERVICES for schedule in service.schedules]
FUNCTIONS = [(service, function) for service in SERVICES for function in service.functions]


def named(value: Service | Function | Schedule) -> str:
    return value.name


def entry_point(service: Service, function: str) -> Handler:
    """Of a service that was never called before."""
    main = import_module(f"functions.{service.name}.main")
    handler: Handler = replace(main.SERVICE).function(function)
    return handler


def scheduler(platform: Issuer) -> str:
    return platform.mint("scheduler", email=SCHEDULER_IDENTITY, audience=PLATFORM_AUDIENCE)


@pytest.mark.parametrize(("service", "schedule"), SCHEDULES, ids=named)
class TestSchedules:
    async def test_are_served(self, platform: Issuer, service: Service, schedule: Schedule) -> None:
        """The function runs the job that the schedule names, and reports."""
        function = ApiSpec(entry_point(service, schedule.function), scheduler(platform))

        reply = await function.send("POST", schedule.path)

        assert (reply.status, reply.headers["content-type"]) == (200, "application/json")

    async def test_name_their_path_exactly(self, platform: Issuer, service: Service, schedule: Schedule) -> None:
        """Beside the declared path there is no job."""
        function = ApiSpec(entry_point(service, schedule.function), scheduler(platform))

        assert (await function.send("POST", schedule.path + "x")).status == 404


@pytest.mark.parametrize(("service", "function"), FUNCTIONS, ids=named)
async def test_nobody_gets_in_without_a_token(platform: Issuer, service: Service, function: Function) -> None:
    """Every declared function asks who calls before it does anything."""
    method, path = a_request(service, function)

    assert (await ApiSpec(entry_point(service, function.name)).send(method, path)).status == 401


def a_request(service: Service, function: Function) -> tuple[str, str]:
    """One that the function serves."""
    composed = import_module(f"functions.{service.name}.main").SERVICE
    match function.trigger:
        case Http(methods=("GET",)):
            (path, *_) = openapi("", [], composed.query_apis)["paths"]
            return "GET", path.replace("{", "").replace("}", "")
        case Http():
            api = composed.command_apis[0]
            endpoint = api.endpoints[0]
            return endpoint.method, (api.prefix + endpoint.path).replace("{", "").replace("}", "")
        case _:
            return "POST", "/"


PUBLIC = [service for service in SERVICES if any(isinstance(each.trigger, Http) for each in service.functions)]


@pytest.mark.parametrize("service", PUBLIC, ids=named)
def test_a_query_that_is_a_post_stands_in_the_manifest(service: Service) -> None:
    """So that the gateway and the load balancer send it to the queries, and nothing else."""
    composed = import_module(f"functions.{service.name}.main").SERVICE
    answered = [place.path for place in composed.query_places if place.method == "POST"]
    trigger = service.function("queries").trigger

    assert isinstance(trigger, Http)
    assert sorted(trigger.queries) == sorted(answered)


METHODS = {
    **dict.fromkeys(("GET", "HEAD", "PATCH", "OPTIONS"), "queries"),
    **dict.fromkeys(("POST", "PUT", "DELETE"), "commands"),
}
"""By the function that gets them."""


def methods_by_path(service: Service) -> dict[str, set[str]]:
    """All that the service has, with parameters that can be sent."""
    composed = import_module(f"functions.{service.name}.main").SERVICE
    found = {
        path.replace("{", "").replace("}", ""): {method.upper() for method in operations}
        for path, operations in openapi("", composed.command_apis, composed.query_apis)["paths"].items()
    }
    for path in composed.webhooks:
        found[composed.command_apis[0].prefix + path] = {"POST"}
    return {path: methods | ({"HEAD"} if "GET" in methods else set()) for path, methods in found.items()}


@pytest.mark.parametrize("service", PUBLIC, ids=named)
async def test_a_method_that_a_path_does_not_have_is_refused(platform: Issuer, service: Service) -> None:
    """405, and `Allow` says which it has: those of all functions of the service, whichever of them is asked."""
    callers = {name: ApiSpec(entry_point(service, name)) for name in ("commands", "queries")}
    paths = methods_by_path(service)
    wrong = [(method, path) for path, methods in paths.items() for method in METHODS if method not in methods]

    replies = {each: await callers[METHODS[each[0]]].send(*each) for each in wrong}

    answers = {each: (reply.status, reply.headers.get("allow")) for each, reply in replies.items()}
    assert answers == {each: (405, ", ".join(sorted(paths[each[1]]))) for each in wrong}
