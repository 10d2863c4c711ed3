"""Requests that nobody should send, as hypothesis strategies over the cart's own declarations."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from hypothesis import strategies as st

from functions.cart.command_api import CART_COMMANDS
from functions.cart.query_api import CART_QUERIES

T = TypeVar("T")
A_CART = "<a cart>"
"""Stands in a path for the id of a cart that exists."""
_LONG = 2000
"""Characters of a parameter: more than any may have, and three of them still make a URL that servers read."""
_DATES = (
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2017-02-30T00:00:00Z",
    "2017-03-01T12:00:00",
    "1e9",
)
_TEXTS = (
    *(
        "",
        " ",
        "\x00",
        "\n",
        "900",
        "-1",
        "NaN",
        "null",
        "true",
        "../..",
        "%2e%2e",
        "a" * 300,
        "__x__",
        "💥",
        "é",
        "a/b",
    ),
    *("99999999999999999999", "9" * _LONG, "1.5", "USD", "usd", "=", "&x=1", "2017-03-01T12:00:00Z", *_DATES),
)
_BODIES: Mapping[str, Mapping[str, Any]] = {
    "/carts": {"currency": "USD", "customer_id": "900", "opened_at": "2017-03-01T12:00:00Z"},
    "/carts/{cart_id}/items": {
        "sku": "milk",
        "quantity": 1,
        "charged": {"amount": 100, "currency": "USD"},
        "at": "2017-03-01T12:00:00Z",
    },
    "/carts/{cart_id}/items/{sku}": {
        "quantity": 2,
        "charged": {"amount": 200, "currency": "USD"},
        "at": "2017-03-01T12:00:00Z",
    },
    "/carts/{cart_id}/checkout": {"at": "2017-03-01T12:00:00Z"},
    "/carts/{cart_id}/restore": {"reason": "other"},
}
"""What each command would take."""


@dataclass(frozen=True, slots=True)
class Attack:
    """One request; `path` is below the service's prefix and encoded."""

    method: str
    path: str
    role: str
    headers: Mapping[str, str]
    body: bytes | None


def _mostly(usual: st.SearchStrategy[T], odd: st.SearchStrategy[T]) -> st.SearchStrategy[T]:
    """A request with everything wrong gets no further than the first check."""
    return st.integers(0, 4).flatmap(lambda number: odd if number == 4 else usual)


texts = st.sampled_from(_TEXTS) | st.text(max_size=20)
scalars = st.none() | st.booleans() | st.integers() | st.integers(min_value=10**18) | st.floats() | texts
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))
roles = _mostly(st.just("pos"), st.sampled_from(("customer", "operator", "service", "", "admin")))


def _segments(template: str) -> st.SearchStrategy[str]:
    """The path with something in its parameters' places; a parameter is mostly sound, to get past the router."""
    parameters = {"cart_id": st.just(A_CART), "sku": st.just("milk")}
    hostile = texts.map(lambda text: quote(text, safe=""))

    def fill(template: str, found: Mapping[str, str]) -> str:
        for name, value in found.items():
            template = template.replace(f"{{{name}}}", value)
        return template

    found = {name: _mostly(sound, hostile) for name, sound in parameters.items()}
    return st.fixed_dictionaries(found).map(lambda found: fill(template, found))


def _mutated(sound: Mapping[str, Any]) -> st.SearchStrategy[bytes]:
    """The sound body with one value replaced, missing or too much; or no such body at all."""
    names = st.sampled_from([*sound, "surprise"]) if sound else texts
    replaced = st.tuples(names, values).map(lambda change: {**sound, change[0]: change[1]})
    without = names.map(lambda name: {key: value for key, value in sound.items() if key != name})
    documents = _mostly(replaced, st.just(dict(sound)) | without | values)
    return _mostly(documents.map(lambda document: json.dumps(document).encode()), st.binary(max_size=30))


_HEADERS = {
    "Idempotency-Key": ("", " ", "k" * 300, "key-1", '"quoted"', "é"),
    "If-Match": ("*", '"1"', "1", '""', "W/", '"x"', "²", "9" * 30, "-1"),
    "If-None-Match": ("*", '"1"', 'W/"1"', "1", '""', "W/", "x"),
    "Content-Type": ("application/json", "text/plain", "", "application/json; charset=latin-1", "x"),
    "traceparent": ("00-x", "é" * 10, "0" * 2000),
    "X-Causation-Id": ("", "é", "c" * 2000),
    "Authorization": ("", "Bearer", "Bearer x.y.z", "Basic YTpi", "Bearer e30.e30.e30"),
}
_headers: st.SearchStrategy[Mapping[str, str]] = _mostly(
    st.just({}), st.sampled_from([{name: value} for name, values in _HEADERS.items() for value in values])
)


def _query(names: tuple[str, ...]) -> st.SearchStrategy[str]:
    pairs = st.tuples(st.sampled_from((*names, "surprise")), texts)
    cursors = st.tuples(st.just("cursor"), st.tuples(scalars, texts | values).map(_cursor))
    own = st.just(("customer_id", "900"))
    chosen = st.lists(pairs, max_size=3) | st.tuples(own, pairs) | st.tuples(own, cursors)
    return chosen.map(lambda found: "&".join(f"{name}={quote(value[:_LONG], safe='')}" for name, value in found))


def _cursor(content: object) -> str:
    """In the form of those that lists return."""
    return urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def _commands() -> st.SearchStrategy[Attack]:
    def of(endpoint: Any) -> st.SearchStrategy[Attack]:
        methods = _mostly(st.just(endpoint.method), st.sampled_from(("POST", "PUT", "DELETE", "PATCH")))
        body = _mutated(_BODIES.get(endpoint.path, {}))
        return st.builds(Attack, methods, _segments(endpoint.path), roles, _headers, body)

    return st.one_of([of(endpoint) for endpoint in CART_COMMANDS.endpoints])


def _queries() -> st.SearchStrategy[Attack]:
    names = {
        CART_QUERIES.entity: ("min_version", "version", "as_of"),
        CART_QUERIES.entity + "/history": ("after", "limit"),
        CART_QUERIES.entity + "/provenance": ("field", "version", "as_of", "limit"),
        CART_QUERIES.collection: ("limit", "cursor", *CART_QUERIES.filters),
    }

    def of(path: str) -> st.SearchStrategy[Attack]:
        target = st.tuples(_segments(path), _query(names[path])).map("?".join)
        return st.builds(Attack, _mostly(st.just("GET"), st.just("HEAD")), target, roles, _headers, st.none())

    return st.one_of([of(path) for path in names])


attacks = st.one_of(_commands(), _queries())
