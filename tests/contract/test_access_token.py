"""Access tokens of the process's own Google identity: fetched when they are needed, and kept while they are good."""

import asyncio
from dataclasses import dataclass

import google.auth
import google.auth.exceptions
import pytest

from shared.adapters.keys.access_token import AccessToken
from shared.eventsourcing.errors import UnavailableError

SCOPE = "https://www.googleapis.com/auth/cloudkms"


@dataclass
class Identity:
    """As google-auth gives one; `down` is Google's answer."""

    refreshed: int = 0
    valid: bool = False
    down: bool = False

    @property
    def token(self) -> str:
        return f"token-{self.refreshed}"

    def refresh(self, _: object) -> None:
        if self.down:
            raise google.auth.exceptions.TransportError("no network")  # type: ignore[no-untyped-call] # it has no types
        self.refreshed += 1
        self.valid = True


@pytest.fixture
def identity(monkeypatch: pytest.MonkeyPatch) -> Identity:
    identity = Identity()
    monkeypatch.setattr(google.auth, "default", lambda scopes: (identity, "project") if scopes == [SCOPE] else None)
    return identity


async def test_a_token_serves_many_requests(identity: Identity) -> None:
    """Those that begin at once wait for the same one."""
    token = AccessToken(SCOPE)

    assert set(await asyncio.gather(*(token() for _ in range(8)))) == {"token-1"}


async def test_an_old_token_is_replaced(identity: Identity) -> None:
    """When google-auth says that it is about to expire."""
    token = AccessToken(SCOPE)
    await token()
    identity.valid = False

    assert await token() == "token-2"


async def test_no_token_is_unavailable(identity: Identity) -> None:
    """And the next request asks again."""
    token, identity.down = AccessToken(SCOPE), True
    with pytest.raises(UnavailableError):
        await token()
    identity.down = False

    assert await token() == "token-1"
