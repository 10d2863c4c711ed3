"""Which endpoint a request is for: methods and path templates inside one function."""

import re
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from shared.eventsourcing.ids import ID
from shared.http.problems import ProblemError


class Routable(Protocol):
    """Anything with a method and a path template such as `/carts/{cart_id}/items`."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...


T = TypeVar("T", bound=Routable)


class Router(Generic[T]):
    """Finds the endpoint below `prefix`; a 404 or 405 problem if there is none."""

    def __init__(self, prefix: str, endpoints: Sequence[T]) -> None:
        self._routes = [(_pattern(prefix + endpoint.path), endpoint) for endpoint in endpoints]

    def find(self, method: str, path: str) -> tuple[T, dict[str, str]]:
        allowed = []
        for pattern, endpoint in self._routes:
            if match := pattern.fullmatch(path):
                if endpoint.method == method:
                    return endpoint, match.groupdict()
                allowed.append(endpoint.method)
        if allowed:
            raise ProblemError(
                405, "method-not-allowed", f"{method} is not possible here", headers={"Allow": ", ".join(allowed)}
            )
        raise ProblemError(404, "not-found", "there is nothing at this path")


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", rf"(?P<\1>{ID})", re.escape(template)))
