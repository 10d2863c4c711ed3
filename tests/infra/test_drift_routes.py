"""The URL map in the cloud and the local gateway's send each request to the same function, or refuse it alike."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from emulators.edge.url_map import NoRouteError
from emulators.edge.url_map import UrlMap as LocalUrlMap
from infra.pulumi.components.url_map import UrlMap, UrlMapArgs
from infra.pulumi.routes import backends
from shared.topology import Http, Service
from tests.infra.edge_program import SERVICES, deployment
from tests.infra.harness import run

URL_MAP = "gcp:compute/uRLMap:URLMap"
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "get", "TRACE")
BELOW = (
    "/{0}/v1/",
    "/{0}/v1/x",
    "/{0}/v1/x/y/z",
    "/{0}/v1//x",
    "/{0}/v1/../x",
    "/{0}/v1/x%2Fy",
    "/{0}/v1/%20",
    "/{0}/v1/v1/",
)
BESIDE = (
    *("/{0}/v1", "/{0}", "/{0}/", "/{0}/v2/x", "/{0}/V1/x", "/{0}x/v1/x", "//{0}/v1/x", "/x/{0}/v1/x", "/{0}//v1/x"),
    *("/{0}%2Fv1/x", "/{0}/v1%2Fx", "/%2F{0}/v1/x", "/{0}/v1;a/x", "/./{0}/v1/x"),
)
ANYWHERE = ("/", "", "*", "/nope/v1/x", "/v1/x", "//", "/_local/status", "/openapi.json")
Outcome = str | int


def asked(services: Sequence[Service]) -> Iterator[tuple[str, str]]:
    paths = [path.format(service.name) for service, path in product(services, BELOW + BESIDE)]
    paths += [
        odd for service in services for path in queries(service) for odd in (path, f"{path}/", path[:-1], path + "x")
    ]
    shouted = [f"/{service.name.upper()}/v1/x" for service in services]
    return product(METHODS, (*paths, *shouted, *ANYWHERE))


def queries(service: Service) -> list[str]:
    """Where a POST is a query."""
    triggers = [each.trigger for each in service.functions if isinstance(each.trigger, Http)]
    return [f"/{service.name}/v1{path}" for trigger in triggers for path in trigger.queries]


def in_the_cloud(services: Sequence[Service]) -> Mapping[str, Any]:
    """The URL map's inputs; a backend service is called as its function."""
    given = deployment(services)
    called = {backend: backend.name for backend in backends(services)}
    return run(lambda: UrlMap("edge", UrlMapArgs(given, called, "nowhere"))).inputs(URL_MAP)["edge"]


def routed(url_map: Mapping[str, Any], method: str, path: str) -> Outcome:
    """What the load balancer does: the first rule by priority that has a matching match, or else the default."""
    (matcher,) = url_map["pathMatchers"]
    assert url_map["hostRules"] == [{"hosts": ["*"], "pathMatcher": matcher["name"]}]
    for rule in sorted(matcher["routeRules"], key=lambda each: each["priority"]):
        if any(matches(each, method, path) for each in rule["matchRules"]):
            return outcome(rule["service"], rule.get("routeAction"))
    return outcome(matcher["defaultService"], matcher["defaultRouteAction"])


def matches(match: Mapping[str, Any], method: str, path: str) -> bool:
    assert set(match) in (
        {"prefixMatch", "ignoreCase", "headerMatches"},
        {"fullPathMatch", "ignoreCase", "headerMatches"},
    ), "this knows no other conditions"
    assert match["ignoreCase"] is False
    there = path == match["fullPathMatch"] if "fullPathMatch" in match else path.startswith(match["prefixMatch"])
    return there and all(header == {"headerName": ":method", "exactMatch": method} for header in match["headerMatches"])


def outcome(service: str, action: Mapping[str, Any] | None) -> Outcome:
    if action is None:
        return service
    assert set(action) == {"faultInjectionPolicy"}
    assert set(action["faultInjectionPolicy"]) == {"abort"}
    assert action["faultInjectionPolicy"]["abort"]["percentage"] == 100
    status: int = action["faultInjectionPolicy"]["abort"]["httpStatus"]
    return status


def locally(url_map: LocalUrlMap, method: str, path: str) -> Outcome:
    try:
        target = url_map.find(method, path)
    except NoRouteError:
        return 404
    return f"{target.service.name}-{target.function.name}"


def drift(services: Sequence[Service], cloud: Mapping[str, Any]) -> list[str]:
    local = LocalUrlMap(services)
    return [
        f"{method} {path}: {here} here, {there} in the cloud"
        for method, path in asked(services)
        if (here := locally(local, method, path)) != (there := routed(cloud, method, path))
    ]


def odd(service: Service) -> Service:
    """One whose queries list HEAD, and whose commands know PATCH alone."""
    methods = {"queries": ("HEAD", "GET"), "commands": ("PATCH",)}
    functions = [
        replace(each, trigger=Http(methods[each.name])) if isinstance(each.trigger, Http) else each
        for each in service.functions
    ]
    return replace(service, functions=tuple(functions))


def test_all_services_are_routed_alike() -> None:
    """Every method and path of every service, known and unknown, goes to the same function or gets the same status."""
    assert drift(SERVICES, in_the_cloud(SERVICES)) == []


def test_odd_methods_are_routed_alike() -> None:
    """Also those of manifests that are not written yet."""
    services = [odd(SERVICES[1])]
    assert drift(services, in_the_cloud(services)) == []


def test_the_paths_meet_all_outcomes() -> None:
    """The comparison sees every public function, and the refusal."""
    cloud = in_the_cloud(SERVICES)
    met = {routed(cloud, method, path) for method, path in asked(SERVICES)}
    assert met == {404, *(each.name for each in backends(SERVICES))}


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_lost_rule_would_be_seen(place: int) -> None:
    """Without any one of a service's rules the comparison fails."""
    services = [next(each for each in SERVICES if each.name == "pricing")]
    cloud = in_the_cloud(services)
    (matcher,) = cloud["pathMatchers"]
    assert len(matcher["routeRules"]) == 3
    del matcher["routeRules"][place]
    assert drift(services, cloud)


def test_what_is_refused_has_nothing_behind_it() -> None:
    """The abort stands before the backend service without backends, so no function is met if it should fail."""
    cloud = in_the_cloud(SERVICES)
    (matcher,) = cloud["pathMatchers"]
    assert {matcher["defaultService"], cloud["defaultService"]} == {"nowhere"}


def test_an_unknown_host_finds_nothing() -> None:
    """If no host rule applies, the answer is 404, too."""
    cloud = in_the_cloud(SERVICES)
    assert outcome(cloud["defaultService"], cloud["defaultRouteAction"]) == 404
