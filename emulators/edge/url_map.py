"""Which function answers a public request: what the load balancer's URL map says in the cloud, from the manifests."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.topology import Function, Http, Service


@dataclass(frozen=True, slots=True)
class Target:
    service: Service
    function: Function


class NoRouteError(LookupError):
    """Nobody answers."""


class UrlMap:
    """`/<service>/v1/...` by method to the function whose trigger lists it; HEAD goes where GET goes, and a query that
    is a POST to where the queries are. A method that no trigger lists goes there, too: each function knows the paths of
    its service, and what a path takes.
    """

    def __init__(self, services: Sequence[Service]) -> None:
        self._targets = {
            service.name: {
                method: Target(service, function)
                for function in service.functions
                if isinstance(function.trigger, Http)
                for method in function.trigger.methods
            }
            for service in services
        }
        self._queries = {
            f"/{service.name}/v1{path}": Target(service, function)
            for service in services
            for function in service.functions
            if isinstance(function.trigger, Http)
            for path in function.trigger.queries
        }

    def find(self, method: str, path: str) -> Target:
        """Raises NoRouteError."""
        if method == "POST" and path in self._queries:
            return self._queries[path]
        _, service, version, rest = (*path.split("/", 3), None, None, None)[:4]
        by_method = self._targets.get(service or "")
        if not by_method or version != "v1" or rest is None:
            known = ", ".join(f"/{name}/v1/" for name, targets in self._targets.items() if targets)
            raise NoRouteError(f"no service answers {path}; there are {known}")
        others = by_method.get("GET") or next(iter(by_method.values()))
        return by_method.get(method, others) if method != "HEAD" else others
