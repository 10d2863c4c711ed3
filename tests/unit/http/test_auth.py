"""Whose keys are trusted, for how long, and what happens when the issuer does not answer."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from emulators.edge.issuer import Issuer
from shared.eventsourcing.errors import UnavailableError
from shared.http import auth
from shared.http.auth import KeySet, TokenVerifier
from shared.http.problems import ProblemError
from shared.testing.doubles import FixedClock


class Keys:
    """An issuer whose keys lie in a file."""

    def __init__(self, folder: Path) -> None:
        self.clock = FixedClock()
        self.issuer = Issuer("https://issuer.test", clock=self.clock)
        self.file = folder / "jwks.json"
        self.publish(self.issuer.jwks())
        self.verifier = TokenVerifier("https://issuer.test", "shop", KeySet(self.file.as_uri(), self.clock), self.clock)

    def publish(self, document: Any) -> None:
        self.file.write_text(json.dumps(document))

    async def check(self, **claims: Any) -> auth.Principal:
        token = self.issuer.mint("900", audience="shop", ttl=86_400, **claims)
        return await self.verifier.principal(f"Bearer {token}")


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path)


@pytest.mark.parametrize("document", [{}, [], {"keys": []}, {"keys": [{"kty": "?"}]}, "keys", None])
async def test_an_issuer_that_talks_nonsense_is_unavailable(keys: Keys, document: object) -> None:
    """Keys that cannot be read are the issuer's trouble, not the caller's."""
    keys.publish(document)

    with pytest.raises(UnavailableError):
        await keys.check(roles=["customer"])


async def test_known_keys_are_good_while_the_issuer_is_down(keys: Keys) -> None:
    """A token signed with a key that is known passes, though the issuer cannot be asked any more."""
    await keys.check(roles=["customer"])
    keys.file.unlink()
    keys.clock.advance(minutes=11)

    assert (await keys.check(roles=["pos"])).has(auth.Role.POS)


async def test_an_issuer_that_hangs_is_asked_once(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many tokens wait for a key, the issuer is asked once in five seconds."""
    asked = []

    def download(url: str) -> dict[str, Any]:
        asked.append(url)
        raise TimeoutError

    monkeypatch.setattr(auth, "_download", download)

    results = await asyncio.gather(*(keys.check() for _ in range(20)), return_exceptions=True)

    assert ({type(result) for result in results}, len(asked)) == ({UnavailableError}, 1)


async def test_a_new_key_is_fetched_at_once(keys: Keys) -> None:
    """An issuer may begin to sign with another key at any time."""
    await keys.check()
    keys.issuer = Issuer("https://issuer.test", clock=keys.clock)
    keys.publish(keys.issuer.jwks())
    keys.clock.advance(seconds=6)

    assert (await keys.check()).subject == "900"


async def test_a_withdrawn_key_is_forgotten(keys: Keys) -> None:
    """A token that passed does not outlive its key by more than ten minutes."""
    token = keys.issuer.mint("900", audience="shop", ttl=86_400)
    await keys.verifier.principal(f"Bearer {token}")
    keys.publish(Issuer("https://issuer.test", clock=keys.clock).jwks())
    keys.clock.advance(minutes=11)

    with pytest.raises(ProblemError) as refused:
        await keys.verifier.principal(f"Bearer {token}")

    assert refused.value.status == 401


@pytest.mark.parametrize("roles", [[{"name": "pos"}], ["root"], [1, None], [["pos"]]])
async def test_what_is_no_role_gives_no_role(keys: Keys, roles: Any) -> None:
    """Roles that we do not know, or that are not even names, count as none."""
    assert (await keys.check(roles=roles)).roles == frozenset()
