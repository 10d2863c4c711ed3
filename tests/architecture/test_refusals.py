"""Every endpoint of every service refuses what is wrong in the words of HTTP: nothing of Python, of a library or of a
store comes out.
"""

import json
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from emulators.edge.issuer import Issuer
from emulators.settings import USER_AUDIENCE
from shared.eventsourcing.personal import PREFIX
from shared.http.command_api import CommandEndpoint, JointEndpoint
from shared.http.json_schema import json_schema
from shared.http.openapi import openapi
from shared.testing.api_spec import ApiSpec, Reply
from shared.topology import Service
from tests.architecture.conftest import USERS
from tests.architecture.test_entry_points import PUBLIC, entry_point, named

FORBIDDEN = re.compile(
    r"datetime\.|tzinfo|constrained|<class|Traceback|object at 0x|google|grpc|firestore|pydantic|[Tt]uple|frozen"
    r"|dictionary|instance|Value error|codec|surrogate|None|True|False|\b[A-Z]\w+(Error|Body|View|Exception|Document)\b"
    r"|StatusCode|\w+Type\b|__|\bself\b|[a-z]+-[\w-]+@\d|JSONDecode|line \d+, in|Decimal|\bint\b|\bstr\b|\bdict\b",
)
"""What a reader of the API never has to know; also names of streams and commits."""
WRONG: tuple[Any, ...] = (
    *(
        None,
        True,
        0,
        -1,
        1.5,
        10**30,
        "",
        "x",
        " ",
        "\x00",
        "\ud83d\ude00",
        "a/b",
        "a" * 3000,
        "0001-01-01T00:00:00Z",
        [],
        {},
    ),
    *("9999-12-31T23:59:59Z", "2026-02-30T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00+99:99", "1969-12-31"),
    *("2300-01-01T00:00:00Z", [None], [[]], [{}], ["x"], [1], ["x"] * 200, {"kind": "x"}, {"kind": 1}, {"x": 1}),
    *(
        {"kind": "percent"},
        {"kind": "stated", "stated": 1},
        {"amount": "x", "currency": "usd"},
        [{"code": "a b"}],
        ["a b"],
    ),
)
RAW = (
    b"",
    b"{",
    b"[]",
    b"null",
    b"1",
    b'"x"',
    b"\xff\xfe",
    b'{"a":',
    b'{"a":"\\ud800"}',
    b"NaN",
    b'{"x":NaN}',
    b"[" * 500,
)
"""Bodies that are no objects."""
TEXTS = ("a@mail.test", f"{PREFIX}x", "USD", "NO", "pm_card_visa", "x")


@pytest.fixture(autouse=True)
def _on(platform: Issuer) -> None:
    """The services run."""


def told(reply: Reply) -> set[str]:
    """All that a refusal says; what the caller said is not its own."""
    problem = reply.json
    return {problem["detail"], problem["title"], problem["code"], *(str(error) for error in problem.get("errors", ()))}


def told_twice(reply: Reply) -> list[str]:
    """Fields at fault that hold another one at fault: what is wrong is in there, and nothing is wrong with them."""
    fields = reply.fields_at_fault
    return [field for field in fields if any(other.startswith(f"{field}.") for other in fields)]


def mutations(value: Any) -> Iterator[Any]:
    """The document with one value replaced, missing or too much, at every place."""
    yield from WRONG
    if isinstance(value, dict):
        yield {**value, "surprise": 1}
        for name, inner in value.items():
            yield {key: each for key, each in value.items() if key != name}
            yield from ({**value, name: each} for each in mutations(inner))
    if isinstance(value, list) and value:
        yield from ([each, *value[1:]] for each in mutations(value[0]))


def bodies(endpoint: CommandEndpoint | JointEndpoint) -> list[bytes]:
    schema = json_schema(endpoint.body, "validation", "")
    documents = {json.dumps(each): None for each in mutations(filled(schema, schema))}
    return [*RAW, *(document.encode() for document in documents)]


def filled(schema: dict[str, Any], root: dict[str, Any]) -> Any:
    """A value with every optional field, and one item in every list: so that every field is met."""
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return filled([each for each in schema[several] if each != {"type": "null"}][-1], root)
    if "$ref" in schema:
        return filled(root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root)
    match schema["type"]:
        case "object":
            return {name: filled(each, root) for name, each in schema.get("properties", {}).items()}
        case "array":
            return [filled(schema["items"], root)]
        case simple:
            return {"integer": 1, "boolean": True}.get(simple) or _text(schema)


def _text(schema: dict[str, Any]) -> str:
    possible = [schema["const"]] if "const" in schema else schema.get("enum", TEXTS)
    texts = ("2026-01-01T00:00:00Z",) if schema.get("format") == "date-time" else possible
    return next(text for text in texts if re.search(schema.get("pattern", ""), text))


def caller(service: Service, function: str, role: str) -> ApiSpec:
    return ApiSpec(entry_point(service, function), USERS.mint("900", roles=(role,), audience=USER_AUDIENCE))


@pytest.mark.parametrize("service", PUBLIC, ids=named)
async def test_a_wrong_body_is_refused_in_plain_words(service: Service) -> None:
    """Each with every value of it wrong in turn, to every command, as who may send it."""
    composed = import_module(f"functions.{service.name}.main").SERVICE
    found: dict[str, str] = {}

    for api in composed.command_apis:
        for endpoint in api.endpoints:
            asker = caller(service, "commands", max(endpoint.roles))
            path = re.sub(r"{\w+}", "1", api.prefix + endpoint.path)
            for number, body in enumerate(bodies(endpoint)):
                reply = await asker.send(
                    endpoint.method, path, body=body, headers={"Idempotency-Key": f"{path}-{number}"}
                )
                if reply.status >= 400:
                    assert reply.status in {*range(400, 500), 503}, (path, body[:200], reply.json)
                    assert not told_twice(reply), (path, body[:200], reply.json)
                    found.update(
                        dict.fromkeys((text for text in told(reply) if FORBIDDEN.search(text)), f"{path} {body[:80]!r}")
                    )

    assert found == {}


@pytest.mark.parametrize("service", PUBLIC, ids=named)
async def test_a_wrong_parameter_is_refused_in_plain_words(service: Service) -> None:
    """Each of every query, with every odd value."""
    composed = import_module(f"functions.{service.name}.main").SERVICE
    document = openapi("", composed.command_apis, composed.query_apis)
    found: dict[str, str] = {}

    for template, operations in document["paths"].items():
        if "get" not in operations:
            continue
        path = re.sub(r"{\w+}", "1", template)
        names = [each["name"] for each in operations["get"]["parameters"] if each.get("in") == "query"]
        for role in ("customer", "pos", "operator"):
            asker = caller(service, "queries", role)
            for query in queries(names):
                reply = await asker.get(f"{path}?{query}")
                if reply.status >= 400:
                    assert reply.status < 500 or "min_version" in query, (path, query, reply.json)
                    found.update(
                        dict.fromkeys((text for text in told(reply) if FORBIDDEN.search(text)), f"{path} {query}")
                    )

    assert found == {}


def queries(names: list[str]) -> Iterator[str]:
    odd = (
        "",
        "x",
        "-1",
        "0",
        "1.5",
        "9" * 30,
        "%00",
        "%FF",
        "1969-01-01T00:00:00Z",
        "0001-01-01T00:00:00%2B14:00",
        "1e9",
        "null",
    )
    yield from ("", "surprise=1", "%FF=1", "=")
    for name in names:
        yield f"{name}=1&{name}=2"
        yield from (f"{name}={value}" for value in odd)


@pytest.mark.parametrize(
    "token",
    ["", "x", "Bearer", "Bearer x", "Bearer \xff", "Bearer e30.e30.e30", "Basic YTpi", "Bearer ..", "Bearer a.b.c"],
)
async def test_a_wrong_token_is_refused_in_plain_words(token: str) -> None:
    """Whatever stands in its place."""
    stranger = ApiSpec(entry_point(PUBLIC[0], "queries"))

    reply = await stranger.send("GET", f"/{PUBLIC[0].name}/v1/carts", headers={"authorization": token})

    assert reply.status == 401
    assert [text for text in told(reply) if FORBIDDEN.search(text)] == []
