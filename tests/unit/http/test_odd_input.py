"""Input that is well-formed and that no store could hold: refused by name before anything is asked of one."""

import json
from base64 import urlsafe_b64encode
from urllib.parse import quote

import pytest

from shared.eventsourcing.ids import subject_id
from shared.testing.api_spec import ApiSpec
from tests.unit.http.conftest import Shop

CARTS = "/cart/v1/carts"


def cursor(*content: object) -> str:
    return urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "forged",
    [
        cursor(10**30, "a"),
        cursor("0001-01-01T00:00:00+14:00", "a"),
        cursor("9999-12-31T23:59:59-14:00", "a"),
        cursor("soon", "a"),
        cursor("2026-03-01T12:00:00Z", "a" * 2000),
        cursor("2026-03-01T12:00:00Z", "a/b"),
        cursor("2026-03-01T12:00:00Z"),
        cursor(None, None),
    ],
)
async def test_a_forged_cursor_is_named(shop: Shop, forged: str) -> None:
    """Only what a list returned leads on."""
    reply = await shop.reader("ann", "operator").get(f"{CARTS}?customer_id=900&cursor={forged}")

    assert (reply.status, reply.fields_at_fault) == (400, ["cursor"])


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (f"{CARTS}?customer_id={'9' * 301}", "customer_id"),
        (f"{CARTS}/a?version={'9' * 11}", "version"),
        (f"{CARTS}/a?min_version={'9' * 11}", "min_version"),
        (f"{CARTS}/a/history?after={'9' * 11}", "after"),
    ],
)
async def test_a_parameter_beyond_all_bounds_is_named(shop: Shop, path: str, field: str) -> None:
    """No document has such a name, no stream such a version."""
    reply = await shop.reader("ann", "operator").get(path)

    assert (reply.status, reply.fields_at_fault) == (400, [field])


async def test_a_time_before_all_shops_is_named(till: ApiSpec) -> None:
    """No store holds the first hours of the year 1 in every zone."""
    body = {"currency": "USD", "customer_id": "900", "opened_at": "0001-01-01T00:00:00+14:00"}

    reply = await till.post(CARTS, "k1", body)

    assert (reply.status, reply.fields_at_fault) == (400, ["opened_at"])


async def test_a_large_body_is_no_larger_problem(till: ApiSpec) -> None:
    """Of ten thousand unknown fields the first few are named."""
    reply = await till.post(CARTS, "k1", {"currency": "USD", **{f"field-{n}": n for n in range(10_000)}})

    assert reply.status == 400
    assert len(reply.body) < 5000


@pytest.mark.parametrize("subject", ["", "s" * 256, "9\n00", "9\x0000", "a\u2028b"])
async def test_a_subject_that_cannot_be_printed_is_nobody(shop: Shop, subject: str) -> None:
    """The refusal says what it must look like."""
    reply = await shop.caller(subject, "customer").post(CARTS, "k1", {"currency": "USD"})

    assert (reply.status, "the token's subject must have 1 to 255" in reply.json["detail"]) == (401, True)


@pytest.mark.parametrize(
    "subject",
    [
        "auth0|900",
        "ann+shop@mail.test",
        "urn:shop:900",
        "https://id.example/900?a=b&c#d",
        "a b",
        "J\u00fcrgen",
        "/" * 255,
    ],
)
async def test_a_subject_as_identity_providers_have_it_is_a_customer(shop: Shop, subject: str) -> None:
    """Who opens a cart and finds it in their list."""
    opened = await shop.caller(subject, "customer").post(CARTS, "k1", {"currency": "USD"})
    await shop.project(opened.json["id"])

    listed = await shop.reader(subject, "customer").get(f"{CARTS}?customer_id={quote(subject_id(subject))}")

    assert [(cart["id"], cart["customer_id"]) for cart in listed.json["items"]] == [
        (opened.json["id"], subject_id(subject))
    ]
