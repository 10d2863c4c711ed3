"""Who a token is believed to be of: people and tills by one issuer, the platform's services by another."""

import json
from copy import copy
from pathlib import Path
from typing import Any

import jwt
import pytest

from emulators.edge.issuer import Issuer
from shared.http.auth import KeySet, Principal, Role, TokenVerifier, Verifier
from shared.http.problems import ProblemError
from shared.testing.doubles import FixedClock

CLOCK = FixedClock()
USERS, PLATFORM, FORGER = (
    Issuer(f"https://{name}.test", clock=CLOCK) for name in ("users", "platform", "platform")
)  # a key takes a tenth of a second to make
CHECKOUT = "checkout@shop.test"


class Platform:
    """Both issuers, and the verifier that trusts them."""

    def __init__(self, folder: Path) -> None:
        people = TokenVerifier(USERS.url, "shop", self._keys(folder / "users.json", USERS), CLOCK)
        own = TokenVerifier(PLATFORM.url, "functions", self._keys(folder / "platform.json", PLATFORM), CLOCK)
        self.verifier = Verifier(people, own, frozenset({CHECKOUT}))
        self.without_services = Verifier(people, own, frozenset())

    def service_token(self, email: str | None = CHECKOUT, audience: str = "functions", **more: Any) -> str:
        return PLATFORM.mint("1234567890", email=email, audience=audience, **more)

    async def check(self, token: str) -> Principal:
        return await self.verifier.principal(f"Bearer {token}")

    async def refusal(self, token: str, verifier: Verifier | None = None) -> tuple[int, str]:
        with pytest.raises(ProblemError) as refused:
            await (verifier or self.verifier).principal(f"Bearer {token}")
        return refused.value.status, refused.value.code

    def _keys(self, file: Path, issuer: Issuer) -> KeySet:
        file.write_text(json.dumps(issuer.jwks()))
        return KeySet(file.as_uri(), CLOCK)


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    return Platform(tmp_path)


class TestPeople:
    async def test_have_the_roles_of_their_token(self, platform: Platform) -> None:
        """Their issuer says what they may be."""
        token = USERS.mint("900", roles=["customer"], audience="shop")

        assert await platform.check(token) == Principal("900", frozenset({Role.CUSTOMER}), None)

    async def test_cannot_claim_the_platforms_issuer(self, platform: Platform) -> None:
        """A token that says so must be signed with the platform's key."""
        pretender = copy(USERS)
        pretender.url = PLATFORM.url
        token = pretender.mint("900", email=CHECKOUT, audience="functions")

        assert await platform.refusal(token) == (401, "unauthorized")

    async def test_are_no_services_whatever_their_email(self, platform: Platform) -> None:
        """An address is believed only from the platform's issuer."""
        token = USERS.mint("900", email=CHECKOUT, audience="shop")

        assert (await platform.check(token)).roles == frozenset()

    @pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer no token", "Bearer a.b.c"])
    async def test_need_a_token(self, platform: Platform, header: str | None) -> None:
        """Anything else is refused in the same way."""
        with pytest.raises(ProblemError) as refused:
            await platform.verifier.principal(header)

        assert refused.value.status == 401


class TestServices:
    async def test_are_known_by_their_identity(self, platform: Platform) -> None:
        """The identity is their name, and service their only role."""
        assert await platform.check(platform.service_token()) == Principal(
            CHECKOUT, frozenset({Role.SERVICE}), CHECKOUT
        )

    async def test_have_no_other_role(self, platform: Platform) -> None:
        """Whatever else the token says."""
        token = platform.service_token(roles=["operator"])

        assert (await platform.check(token)).roles == {Role.SERVICE}

    @pytest.mark.parametrize("email", ["stranger@shop.test", None])
    async def test_that_are_unknown_are_refused(self, platform: Platform, email: str | None) -> None:
        """A good token of Google's is not enough: everybody can have one."""
        assert await platform.refusal(platform.service_token(email)) == (403, "forbidden")

    async def test_with_an_unverified_identity_are_refused(self, platform: Platform) -> None:
        """An address that nobody verified is anybody's."""
        claims = jwt.decode(platform.service_token(), options={"verify_signature": False})
        unverified = {**claims, "email_verified": False}
        token = jwt.encode(unverified, PLATFORM._key, algorithm="RS256", headers={"kid": PLATFORM._key_id})

        assert await platform.refusal(token) == (403, "forbidden")

    async def test_with_a_token_for_somebody_else_are_refused(self, platform: Platform) -> None:
        """Whoever was shown a token for another audience must not be able to use it here."""
        assert await platform.refusal(platform.service_token(audience="elsewhere")) == (401, "unauthorized")

    async def test_with_a_users_audience_are_refused(self, platform: Platform) -> None:
        """The platform's tokens are for the platform."""
        assert await platform.refusal(platform.service_token(audience="shop")) == (401, "unauthorized")

    async def test_with_a_forged_token_are_refused(self, platform: Platform) -> None:
        """Signed by a key that the platform never published."""
        token = FORGER.mint("1234567890", email=CHECKOUT, audience="functions")

        assert await platform.refusal(token) == (401, "unauthorized")

    async def test_with_a_changed_token_are_refused(self, platform: Platform) -> None:
        """The claims of one token do not go with the signature of another."""
        head, _, signature = platform.service_token("stranger@shop.test").split(".")
        _, claims, _ = platform.service_token().split(".")

        assert await platform.refusal(f"{head}.{claims}.{signature}") == (401, "unauthorized")

    async def test_with_an_unsigned_token_are_refused(self, platform: Platform) -> None:
        """The algorithm is not the caller's to choose."""
        claims = jwt.decode(platform.service_token(), options={"verify_signature": False})
        token = jwt.encode(claims, "", algorithm="none", headers={"kid": PLATFORM._key_id})

        assert await platform.refusal(token) == (401, "unauthorized")

    async def test_with_an_old_token_are_refused(self, platform: Platform) -> None:
        """Also if it was good a moment ago."""
        token = platform.service_token()
        await platform.check(token)
        CLOCK.advance(hours=2)

        assert await platform.refusal(token) == (401, "unauthorized")

    async def test_are_none_where_none_are_expected(self, platform: Platform) -> None:
        """Then the platform's issuer is as good as any other."""
        token = platform.service_token()

        assert await platform.refusal(token, platform.without_services) == (401, "unauthorized")
