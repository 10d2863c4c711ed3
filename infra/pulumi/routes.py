"""Which public requests go to which function, as rules of a URL map: as on a local runtime, from the manifests.

`emulators/edge/url_map.py` decides the same for a local platform; `tests/infra/test_drift_routes.py` compares them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from shared.topology import Http, Service

NOT_FOUND = 404
_STEP = 10
"""Between priorities."""


@dataclass(frozen=True, slots=True)
class Backend:
    """A public function; `name` is what it is declared by."""

    service: str
    function: str

    @property
    def name(self) -> str:
        return f"{self.service}-{self.function}"


@dataclass(frozen=True, slots=True)
class Route:
    """Requests below `prefix`, or to this very path if it is `exact`, with one of `methods`, or with any if there are
    none, go to `backend`. The lowest priority that matches decides. Paths are compared as they are sent: case matters,
    and nothing is decoded.
    """

    priority: int
    prefix: str
    methods: tuple[str, ...]
    backend: Backend
    exact: bool = False


def backends(services: Sequence[Service]) -> tuple[Backend, ...]:
    """Every function that clients call, in the order of the manifests."""
    return tuple(
        Backend(service.name, function.name)
        for service in services
        for function in service.functions
        if isinstance(function.trigger, Http)
    )


def routes(services: Sequence[Service]) -> tuple[Route, ...]:
    """Of each service its queries that are POSTs, then its functions, last the one that gets all other methods. What no
    route matches is a 404.
    """
    found = (route for service in services for route in (*_queries(service), *_of(service)))
    return tuple(replace(route, priority=(place + 1) * _STEP) for place, route in enumerate(found))


def _queries(service: Service) -> Iterator[Route]:
    for function in service.functions:
        if isinstance(function.trigger, Http):
            for path in function.trigger.queries:
                yield Route(0, f"/{service.name}/v1{path}", ("POST",), Backend(service.name, function.name), exact=True)


def _of(service: Service) -> Iterator[Route]:
    prefix = f"/{service.name}/v1/"
    by_method = {
        method: function.name
        for function in service.functions
        if isinstance(function.trigger, Http)
        for method in function.trigger.methods
    }
    if not by_method:
        return
    # It reads, and HEAD with it; of other methods it says which ones the path has: each function knows those of all.
    others = by_method.get("GET") or next(iter(by_method.values()))
    for function in dict.fromkeys(by_method.values()):
        methods = tuple(method for method, name in by_method.items() if name == function and method != "HEAD")
        if methods and function != others:
            yield Route(0, prefix, methods, Backend(service.name, function))
    yield Route(0, prefix, (), Backend(service.name, others))
