"""The routes of the public API, from manifests."""

from dataclasses import replace

from infra.pulumi.routes import Backend, Route, backends, routes
from shared.topology import Function, Http, Maturity, Private, Service

READS = Function(name="reads", trigger=Http(("GET",)), permissions=(), description="Reads.")
WRITES = Function(name="writes", trigger=Http(("POST", "PUT")), permissions=(), description="Writes.")
JOBS = Function(name="jobs", trigger=Private(), permissions=(), description="Jobs.")


def service(*functions: Function) -> Service:
    return Service(name="shop", description="A shop.", maturity=Maturity.STATE, functions=functions)


def test_each_function_has_a_route() -> None:
    """Below a service's prefix the one that reads is the last: it gets the methods that nobody lists, too."""
    assert routes([service(WRITES, READS, JOBS)]) == (
        Route(10, "/shop/v1/", ("POST", "PUT"), Backend("shop", "writes")),
        Route(20, "/shop/v1/", (), Backend("shop", "reads")),
    )


def test_a_query_with_a_body_comes_before_all_other_posts() -> None:
    """At its very path, and for this method alone."""
    asks = replace(READS, trigger=Http(("GET",), ("/quotes",)))
    assert routes([service(WRITES, asks)]) == (
        Route(10, "/shop/v1/quotes", ("POST",), Backend("shop", "reads"), exact=True),
        Route(20, "/shop/v1/", ("POST", "PUT"), Backend("shop", "writes")),
        Route(30, "/shop/v1/", (), Backend("shop", "reads")),
    )


def test_a_service_without_public_functions_has_no_route() -> None:
    """So what is below its name is a 404."""
    assert routes([service(JOBS)]) == ()


def test_head_is_not_a_method_of_its_own() -> None:
    """A trigger that lists HEAD without GET gets nothing by it."""
    only_head = replace(READS, trigger=Http(("HEAD",)))
    assert routes([service(WRITES, only_head)]) == (Route(10, "/shop/v1/", (), Backend("shop", "writes")),)


def test_priorities_are_unique_over_all_services() -> None:
    """No two routes of two services have the same priority: Google refuses that."""
    found = [route.priority for route in routes([service(WRITES, READS), service(READS)])]
    assert found == sorted(set(found))


def test_backends_are_the_public_functions() -> None:
    """What clients cannot call is not behind the load balancer."""
    assert [each.name for each in backends([service(WRITES, READS, JOBS)])] == ["shop-writes", "shop-reads"]
