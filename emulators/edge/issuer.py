"""A local OpenID Connect issuer with a real key: tokens are signed and checked here as in the cloud.

For local use only: whoever asks for a token gets it. The key lives as long as the process.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from shared.adapters.system import new_id, utc_now

ALGORITHM = "RS256"
TOKEN_SECONDS = 3600
_RENEW_BEFORE = timedelta(minutes=5)


class Issuer:
    """One issuer with one key. `url` is its `iss`; its documents are served below it by the gateway."""

    def __init__(self, url: str, *, clock: Callable[[], datetime] = utc_now) -> None:
        self.url = url
        self._clock = clock
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._key_id = new_id()

    def mint(
        self,
        subject: str,
        *,
        roles: Sequence[str] = (),
        email: str | None = None,
        audience: str,
        ttl: int = TOKEN_SECONDS,
    ) -> str:
        """A signed token; `ttl` in seconds. With an email it looks like one of a Google service account."""
        now = self._clock()
        claims: dict[str, Any] = {
            "iss": self.url,
            "sub": subject,
            "aud": audience,
            "iat": now,
            "exp": now + timedelta(seconds=ttl),
            "jti": new_id(),
        }
        if roles:
            claims["roles"] = list(roles)
        if email:
            claims |= {"email": email, "email_verified": True}
        return jwt.encode(claims, self._key, algorithm=ALGORITHM, headers={"kid": self._key_id})

    def jwks(self) -> dict[str, Any]:
        """The public key, as verifiers fetch it."""
        public = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**public, "kid": self._key_id, "use": "sig", "alg": ALGORITHM}]}

    def discovery(self) -> dict[str, Any]:
        """The OpenID Connect discovery document."""
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/jwks",
            "token_endpoint": f"{self.url}/token",
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
        }


class ServiceAccount:
    """The identity of a local caller of functions: its token is signed once and renewed before it expires."""

    def __init__(self, issuer: Issuer, email: str, audience: str, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._issuer = issuer
        self._email = email
        self._audience = audience
        self._clock = clock
        self._token = ""
        self._renew_at: datetime | None = None

    def authorization(self) -> str:
        """The value of the `Authorization` header."""
        now = self._clock()
        if self._renew_at is None or now >= self._renew_at:
            self._token = self._issuer.mint(self._email, email=self._email, audience=self._audience)
            self._renew_at = now + timedelta(seconds=TOKEN_SECONDS) - _RENEW_BEFORE
        return f"Bearer {self._token}"


class TokenRequestError(ValueError):
    """A token request that says too little; the message says what."""


def answer_token_request(issuer: Issuer, fields: Mapping[str, Any], *, default_audience: str) -> dict[str, Any]:
    """The answer to `POST /oauth/token`: `subject` (or OAuth's `client_id`) is needed; `roles` (or `scope`; a list, or
    words) and `audience` are optional. Raises TokenRequestError.
    """
    subject = fields.get("subject") or fields.get("client_id")
    if not isinstance(subject, str):
        raise TokenRequestError("`subject` is missing: say whom the token is for")
    audience = str(fields.get("audience") or default_audience)
    token = issuer.mint(subject, roles=_words(fields.get("roles") or fields.get("scope") or ()), audience=audience)
    return {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS}


def _words(value: object) -> list[str]:
    if isinstance(value, str):
        return value.replace(",", " ").split()
    if isinstance(value, Sequence) and all(isinstance(word, str) for word in value):
        return list(value)
    raise TokenRequestError("`roles` must be a list of words, or words in a string")
