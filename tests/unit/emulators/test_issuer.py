"""Local tokens are real: signed by a key, checked with its public half."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from emulators.edge.issuer import Issuer, ServiceAccount, TokenRequestError, answer_token_request
from shared.adapters.system import utc_now

URL = "http://127.0.0.1:8080/_issuer/users"


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer(URL)


def verified(issuer: Issuer, token: str, audience: str) -> dict[str, Any]:
    keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(issuer.jwks()).keys}
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims: dict[str, Any] = jwt.decode(token, key, algorithms=["RS256"], audience=audience, issuer=issuer.url)
    return claims


def test_a_token_is_verified_by_the_published_keys(issuer: Issuer) -> None:
    """Whoever fetches the key set can check a token."""
    claims = verified(issuer, issuer.mint("900", roles=["customer"], audience="commerce"), "commerce")

    assert (claims["sub"], claims["roles"]) == ("900", ["customer"])
    assert "email" not in claims


def test_a_token_of_another_issuer_is_refused(issuer: Issuer) -> None:
    """Every issuer has a key of its own."""
    token = Issuer(URL).mint("900", audience="commerce")

    with pytest.raises(KeyError):
        verified(issuer, token, "commerce")


def test_a_token_ends(issuer: Issuer) -> None:
    """The lifetime is the one that was asked for."""
    claims = verified(issuer, issuer.mint("900", audience="commerce", ttl=60), "commerce")

    assert claims["exp"] - claims["iat"] == 60


def test_a_service_account_has_a_verified_email(issuer: Issuer) -> None:
    """What deliveries and schedules present looks like a token of Google's."""
    account = ServiceAccount(issuer, "delivery@local.test", "functions")

    scheme, token = account.authorization().split(" ")
    claims = verified(issuer, token, "functions")

    assert scheme == "Bearer"
    assert (claims["email"], claims["email_verified"]) == ("delivery@local.test", True)


def test_a_service_account_signs_once_and_renews_in_time(issuer: Issuer) -> None:
    """A signature costs a millisecond: one serves all calls until shortly before it expires."""
    now = [utc_now()]
    account = ServiceAccount(issuer, "delivery@local.test", "functions", clock=lambda: now[0])
    first = account.authorization()

    now[0] += timedelta(minutes=54)
    assert account.authorization() == first

    now[0] += timedelta(minutes=2)
    assert account.authorization() != first


def test_the_clock_is_the_callers() -> None:
    """Times in a token come from the clock that was passed in."""
    issuer = Issuer(URL, clock=lambda: datetime(2017, 1, 1, tzinfo=UTC))

    claims = jwt.decode(issuer.mint("900", audience="commerce"), options={"verify_signature": False})

    assert claims["iat"] == int(datetime(2017, 1, 1, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    "fields",
    [
        {"subject": "till-1", "roles": ["pos", "operator"]},
        {"subject": "till-1", "roles": "pos operator"},
        {"client_id": "till-1", "scope": "pos,operator", "grant_type": "client_credentials"},
    ],
)
def test_a_token_can_be_asked_for_in_three_ways(issuer: Issuer, fields: dict[str, Any]) -> None:
    """Plain names or OAuth's own; roles as a list or as words."""
    answer = answer_token_request(issuer, fields, default_audience="commerce")

    claims = verified(issuer, answer["access_token"], "commerce")
    assert (claims["sub"], claims["roles"]) == ("till-1", ["pos", "operator"])
    assert answer["expires_in"] == claims["exp"] - claims["iat"]


@pytest.mark.parametrize("fields", [{}, {"subject": ""}, {"subject": 7}, {"subject": "a", "roles": 7}])
def test_a_request_that_says_too_little_is_refused(issuer: Issuer, fields: dict[str, Any]) -> None:
    """Without a subject, or with roles that are no words, there is no token."""
    with pytest.raises(TokenRequestError):
        answer_token_request(issuer, fields, default_audience="commerce")
