"""Which endpoint a request is for: methods and path templates inside one function."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from shared.eventsourcing.ids import ID
from shared.http.problems import ProblemError


class Routable(Protocol):
    """Anything with a method and a path template such as `/carts/{cart_id}/items`."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Place:
    """A method of a path, and nothing more."""

    method: str
    path: str


T = TypeVar("T", bound=Routable)


class Router(Generic[T]):
    """Finds the endpoint below `prefix`; a 404 or 405 problem if there is none. `elsewhere` are the endpoints that
    other functions of the service answer on paths below the same prefix: a path is one thing to its callers. What
    comes here though another function answers it was written in an odd way: nothing is at such a path.
    """

    def __init__(self, prefix: str, endpoints: Sequence[T], elsewhere: Sequence[Routable] = ()) -> None:
        self._routes = [(_pattern(prefix + endpoint.path), endpoint) for endpoint in endpoints]
        self._elsewhere = [(_pattern(prefix + endpoint.path), endpoint.method) for endpoint in elsewhere]

    def find(self, method: str, path: str) -> tuple[T, dict[str, str]]:
        for pattern, endpoint in self._routes:
            if endpoint.method == method and (match := pattern.fullmatch(path)):
                return endpoint, match.groupdict()
        raise self._refusal(method, path)

    def _refusal(self, method: str, path: str) -> ProblemError:
        known = [(pattern, endpoint.method) for pattern, endpoint in self._routes] + self._elsewhere
        allowed = {name for pattern, name in known if pattern.fullmatch(path)}
        if not allowed or method in allowed:
            return ProblemError(404, "not-found", "there is nothing at this path")
        if "GET" in allowed:
            allowed.add("HEAD")
        allow = {"Allow": ", ".join(sorted(allowed))}
        return ProblemError(405, "method-not-allowed", "this method is not possible here", headers=allow)


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", rf"(?P<\1>{ID})", re.escape(template)))
