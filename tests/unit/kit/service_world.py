"""The environment of services in this process, with an issuer that signs for the platform."""

import json
from pathlib import Path

from emulators.edge.issuer import Issuer
from shared.http.edge import Handler
from shared.testing.api_spec import ApiSpec, Reply

ISSUER = Issuer("https://platform.test")  # a key takes a tenth of a second to make
PUSHER = "pusher@shop.test"
AUDIENCE = "functions"


def environment(folder: Path) -> dict[str, str]:
    """Of a function of the embedded runtime."""
    keys = folder / "jwks.json"
    keys.write_text(json.dumps(ISSUER.jwks()))
    return {
        "COMMERCE_RUNTIME": "embedded",
        "GOOGLE_CLOUD_PROJECT": "test",
        "COMMERCE_USER_ISSUER": ISSUER.url,
        "COMMERCE_USER_AUDIENCE": "shop",
        "COMMERCE_USER_JWKS_URL": keys.as_uri(),
        "COMMERCE_PLATFORM_ISSUER": ISSUER.url,
        "COMMERCE_PLATFORM_JWKS_URL": keys.as_uri(),
        "COMMERCE_PLATFORM_AUDIENCE": AUDIENCE,
        "COMMERCE_PLATFORM_CALLERS": PUSHER,
    }


async def push(function: Handler, path: str = "/", body: bytes = b"", email: str = PUSHER, **headers: str) -> Reply:
    """As one of the platform's callers; `ce_id="x"` becomes the header `ce-id: x`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    caller = ApiSpec(function, ISSUER.mint("robot", email=email, audience=AUDIENCE))
    return await caller.send("POST", path, body=body, headers=named)


def user(function: Handler, *roles: str) -> ApiSpec:
    """A caller with these roles."""
    return ApiSpec(function, ISSUER.mint("900", roles=roles, audience="shop"))
