"""Public requests find their function by service and method, as through the load balancer."""

import pytest

from emulators.edge.url_map import NoRouteError, UrlMap
from shared.topology import Function, Http, Maturity, Private, Service


def service(name: str) -> Service:
    functions = (
        Function(name="commands", trigger=Http(("POST", "PUT")), permissions=(), description=""),
        Function(name="queries", trigger=Http(("GET",), ("/quotes",)), permissions=(), description=""),
        Function(name="relay", trigger=Private(), permissions=(), description=""),
    )
    return Service(name=name, description="", maturity=Maturity.EVENT_SOURCED, functions=functions)


URL_MAP = UrlMap((service("cart"), service("orders")))


@pytest.mark.parametrize(
    ("method", "path", "found"),
    [
        ("POST", "/cart/v1/carts", ("cart", "commands")),
        ("PUT", "/cart/v1/carts/7/items/1", ("cart", "commands")),
        ("GET", "/cart/v1/carts/7", ("cart", "queries")),
        ("HEAD", "/cart/v1/carts/7", ("cart", "queries")),
        ("GET", "/orders/v1/", ("orders", "queries")),
        ("POST", "/cart/v1/quotes", ("cart", "queries")),
        ("POST", "/cart/v1/quotes/", ("cart", "commands")),
        ("POST", "/cart/v1/quote%73", ("cart", "commands")),
        ("PUT", "/cart/v1/quotes", ("cart", "commands")),
    ],
)
def test_the_method_chooses_the_function(method: str, path: str, found: tuple[str, str]) -> None:
    """The function whose trigger lists the method answers, or this very path as that of a query."""
    target = URL_MAP.find(method, path)

    assert (target.service.name, target.function.name) == found


@pytest.mark.parametrize("path", ["/", "/cart", "/cart/", "/cart/v1", "/cart/v2/carts", "/carts/v1/x", "//cart/v1/x"])
def test_a_path_of_nobody_is_not_found(path: str) -> None:
    """Only what lies below `/<service>/v1/` has an answer."""
    with pytest.raises(NoRouteError):
        URL_MAP.find("GET", path)


@pytest.mark.parametrize("method", ["PATCH", "OPTIONS", "TRACE", "get"])
def test_a_method_of_nobody_is_refused_by_a_function(method: str) -> None:
    """It knows which ones the path has."""
    assert URL_MAP.find(method, "/cart/v1/carts/7").function.name == "queries"
