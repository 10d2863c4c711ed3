"""Who may ask what: one row for each endpoint, read off the declarations that the edges serve."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.bootstrap import EventSourcedService
from shared.http.auth import Role
from shared.http.command_api import CommandApi
from shared.http.query_api import AnyQueries, CustomQuery, QueryApi, StateQueryApi


class Access(StrEnum):
    """How much of an endpoint a role has."""

    NONE = "-"
    OWN = "own"
    BEGUN = "begun"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Row:
    """One endpoint: what each role has of it. `signed` is one that takes a proof of its own and no token."""

    method: str
    path: str
    access: dict[Role, Access]
    signed: bool = False


def rows(services: Iterable[EventSourcedService]) -> Iterator[Row]:
    """Of all services, in the order of their declarations."""
    for service in services:
        for commands in service.command_apis:
            yield from _commands(commands)
        prefix = service.command_apis[0].prefix
        yield from (Row("POST", prefix + path, _access(frozenset()), signed=True) for path in service.webhooks)
        for queries in service.query_apis:
            yield from _queries(queries)


def _commands(api: CommandApi[Any]) -> Iterator[Row]:
    """A customer changes nothing but what is theirs: the guard of the API, or what the command says, sees to it."""
    for each in api.endpoints:
        yield Row(each.method, api.prefix + each.path, _access(each.roles, own=frozenset({Role.CUSTOMER})))


def _queries(api: AnyQueries) -> Iterator[Row]:
    match api:
        case QueryApi():
            begun = api.begun_by - api.seen_by
            for path, roles in api.roles().items():
                yield Row("GET", api.prefix + path, _access(roles, own=api.owners, begun=begun))
        case StateQueryApi():
            yield Row("GET", api.prefix + api.entity, _access(api.roles, own=_customers(api.owner)))
        case CustomQuery():
            yield Row(api.method, api.prefix + api.path, _access(api.roles, own=_customers(api.own)))


def _customers(own: object) -> frozenset[Role]:
    """Those who have what is their own, if it is anybody's."""
    return frozenset({Role.CUSTOMER}) if own else frozenset()


def _access(
    roles: frozenset[Role], *, own: frozenset[Role] = frozenset(), begun: frozenset[Role] = frozenset()
) -> dict[Role, Access]:
    def of(role: Role) -> Access:
        if role not in roles:
            return Access.NONE
        return Access.OWN if role in own else Access.BEGUN if role in begun else Access.ALL

    return {role: of(role) for role in Role}


def table(services: Iterable[EventSourcedService]) -> str:
    """The rows as Markdown."""
    lines = ["| endpoint | " + " | ".join(Role) + " |", "|---|" + "---|" * len(Role)]
    for row in rows(services):
        cells = ["signed" if row.signed else str(row.access[role]) for role in Role]
        lines.append(f"| `{row.method} {row.path}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)
