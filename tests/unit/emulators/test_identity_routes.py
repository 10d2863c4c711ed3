"""The metadata server's stand-in: an identity token for whatever function asks."""

import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from emulators.edge.issuer import Issuer
from emulators.edge.local_routes import identity_routes
from shared.http.auth import KeySet, Principal, Role, TokenVerifier, Verifier
from shared.testing.doubles import FixedClock

CLOCK = FixedClock()
PLATFORM = Issuer("https://platform.test", clock=CLOCK)  # a key takes a tenth of a second to make
IDENTITY = "services@shop.test"
PATH = "/computeMetadata/v1/instance/service-accounts/default/identity"
GOOGLE = {"Metadata-Flavor": "Google"}


async def ask(query: str, headers: dict[str, str]) -> Any:
    """As a function does."""
    route = identity_routes(PLATFORM, IDENTITY)["GET", PATH]
    return await route(make_mocked_request("GET", f"{PATH}{query}", headers=headers))


async def test_the_token_says_that_a_service_calls(tmp_path: Path) -> None:
    """The services believe it: it is signed by the platform's issuer, for the audience that was asked for."""
    (tmp_path / "jwks.json").write_text(json.dumps(PLATFORM.jwks()))
    keys = KeySet((tmp_path / "jwks.json").as_uri(), CLOCK)
    platform = TokenVerifier(PLATFORM.url, "functions", keys, CLOCK)
    verifier = Verifier(platform, platform, frozenset({IDENTITY}))

    answer = await ask("?audience=functions&format=full", GOOGLE)

    principal = await verifier.principal(f"Bearer {answer.text}")
    assert principal == Principal(IDENTITY, frozenset({Role.SERVICE}), IDENTITY)


@pytest.mark.parametrize("headers", [{}, {"Metadata-Flavor": "Other"}])
async def test_a_request_without_its_header_is_refused(headers: dict[str, str]) -> None:
    """As Google does: a browser that is led here gets no token."""
    assert (await ask("?audience=functions", headers)).status == 403


@pytest.mark.parametrize("query", ["", "?audience="])
async def test_a_token_is_for_somebody(query: str) -> None:
    """Without an audience there is none."""
    assert (await ask(query, GOOGLE)).status == 403


def test_there_is_one_route() -> None:
    """Where Google's metadata server has it."""
    assert list(identity_routes(PLATFORM, IDENTITY)) == [("GET", PATH)]
