"""Who calls: bearer tokens (OIDC, RS256) of people, tills and services, and of Google's own callers."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.request import urlopen

import jwt
from jwt.types import Options

from shared.eventsourcing.cache import LruCache
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.ids import MAX_SUBJECT_CHARS, subject_id
from shared.http.problems import ProblemError

_LEEWAY = 10
_OPTIONS: Options = {  # times are checked here, with the clock that was passed in
    "require": ["exp", "sub", "iss", "aud"],
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
}
_KEEP = timedelta(minutes=10)
_ASK_EVERY = timedelta(seconds=5)


class Role(StrEnum):
    """What a caller may be. A customer sees and changes only what is theirs."""

    CUSTOMER = "customer"
    POS = "pos"
    OPERATOR = "operator"
    SERVICE = "service"


STAFF = frozenset({Role.POS, Role.OPERATOR, Role.SERVICE})
OPERATORS = frozenset({Role.SERVICE, Role.OPERATOR})
"""Those who run the shop: its people and its own services."""
PEOPLE = frozenset({Role.OPERATOR})
"""The shop's people alone: what no service has to ask for."""
TILLS = frozenset({Role.POS, Role.OPERATOR})
COUNTER = frozenset({Role.CUSTOMER, Role.POS, Role.OPERATOR})
"""Whoever sells or buys, on the web or at a till."""
EVERYONE = frozenset(Role)
NOBODY: frozenset[Role] = frozenset()


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller: the `subject` of the token as an id, the roles it carries, and the email of a service account."""

    subject: str
    roles: frozenset[Role]
    email: str | None = None

    def has(self, *roles: Role) -> bool:
        return not self.roles.isdisjoint(roles)

    @property
    def is_service(self) -> bool:
        """One of the platform's own: what it says of flows and traces counts."""
        return self.has(Role.SERVICE)

    @property
    def actor(self) -> str:
        """How the log names this caller, such as `customer:900`."""
        return f"{'+'.join(sorted(self.roles)) or 'caller'}:{self.subject}"


@dataclass
class KeySet:
    """An issuer's public keys, kept for ten minutes. The issuer is asked at most once in five seconds, whatever tokens
    are presented and whether or not it answers; a known key is good while it does not.
    """

    url: str
    clock: Callable[[], datetime]
    _keys: dict[str, jwt.PyJWK] = field(default_factory=dict, init=False)
    _fetched: datetime | None = field(default=None, init=False)
    _asked: datetime | None = field(default=None, init=False)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def key(self, key_id: str) -> jwt.PyJWK | None:
        """The key, None if the issuer has none of that id; UnavailableError if it cannot be asked."""
        if self._is_fresh() and key_id in self._keys:
            return self._keys[key_id]
        async with self._lock:
            if not (self._is_fresh() and key_id in self._keys) and not _within(_ASK_EVERY, self._asked, self.clock()):
                await self._fetch()
        if key_id not in self._keys and not self._is_fresh():
            raise UnavailableError("the token issuer's keys cannot be fetched", retry_after=5)
        return self._keys.get(key_id)

    def _is_fresh(self) -> bool:
        return _within(_KEEP, self._fetched, self.clock())

    async def _fetch(self) -> None:
        self._asked = self.clock()
        try:
            document = await asyncio.get_running_loop().run_in_executor(None, _download, self.url)
            keys = jwt.PyJWKSet.from_dict(document).keys
        except (OSError, ValueError, AttributeError, TypeError, jwt.PyJWTError):
            return  # what is known stays; whoever needs more is told that it cannot be had
        self._keys = {key.key_id: key for key in keys if key.key_id}
        self._fetched = self.clock()


def _within(span: timedelta, moment: datetime | None, now: datetime) -> bool:
    return moment is not None and now - moment < span


def _download(url: str) -> dict[str, Any]:
    with urlopen(url, timeout=3) as response:  # noqa: S310 - the url is the operator's own setting
        document: dict[str, Any] = json.load(response)
    return document


class TokenVerifier:
    """Checks signature, issuer, audience and times of bearer tokens. Tokens that passed are remembered until they
    expire, so that a client's many requests cost one verification.
    """

    def __init__(self, issuer: str, audience: str, keys: KeySet, clock: Callable[[], datetime]) -> None:
        self.issuer = issuer
        self._audience = audience
        self._keys = keys
        self._clock = clock
        self._passed: LruCache[str, tuple[Principal, float]] = LruCache(2048)

    async def principal(self, authorization: str | None) -> Principal:
        """The caller of a request with this `Authorization` header; a 401 problem if it is not a good token."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unauthorized("a bearer token is required")
        passed = self._passed.get(token)
        if passed and passed[1] > self._clock().timestamp():
            return passed[0]
        claims = await self._claims(token)
        principal = Principal(subject_id(str(claims["sub"])), _roles(claims.get("roles")), _verified_email(claims))
        until = min(float(claims["exp"]), (self._clock() + _KEEP).timestamp())  # a withdrawn key must not live on here
        self._passed.put(token, (principal, until))
        return principal

    async def _claims(self, token: str) -> dict[str, Any]:
        try:
            key_id = jwt.get_unverified_header(token).get("kid", "")
            key = await self._keys.key(key_id)
            if key is None:
                raise _unauthorized("the token is signed with an unknown key")
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                issuer=self.issuer,
                audience=self._audience,
                options=_OPTIONS,
            )
        except jwt.PyJWTError as error:
            raise _unauthorized(f"the token is not valid: {_why(error)}") from error
        subject = claims["sub"]
        if not (0 < len(subject) <= MAX_SUBJECT_CHARS and subject.isprintable()):
            raise _unauthorized(f"the token's subject must have 1 to {MAX_SUBJECT_CHARS} printable characters")
        self._check_times(claims)
        return claims

    def _check_times(self, claims: dict[str, Any]) -> None:
        now = self._clock().timestamp()
        expires, begins = claims["exp"], claims.get("nbf", 0)
        if not isinstance(expires, int | float) or not isinstance(begins, int | float):
            raise _unauthorized("the token's times are not numbers")
        if expires <= now - _LEEWAY or begins > now + _LEEWAY:
            raise _unauthorized("the token has expired or is not valid yet")


@dataclass(frozen=True, slots=True)
class Verifier:
    """Tokens of people and tills, and those with which other services of the platform say who they are: signed by the
    platform's issuer for one of `services`, they have the role service.
    """

    users: TokenVerifier
    platform: TokenVerifier
    services: frozenset[str]

    async def principal(self, authorization: str | None) -> Principal:
        """As `TokenVerifier.principal`, by whichever issuer the token names."""
        if not self.services or _issuer(authorization) != self.platform.issuer:
            return await self.users.principal(authorization)
        caller = await self.platform.principal(authorization)
        if caller.email not in self.services:
            raise ProblemError(403, "forbidden", "this identity is none of the platform's services")
        return Principal(caller.email or caller.subject, frozenset({Role.SERVICE}), caller.email)


def _why(error: jwt.PyJWTError) -> str:
    match error:
        case jwt.InvalidSignatureError():
            return "its signature is not the issuer's"
        case jwt.InvalidAudienceError():
            return "it is for another audience"
        case jwt.InvalidIssuerError():
            return "it is from another issuer"
        case jwt.MissingRequiredClaimError():
            return f"it lacks {error.claim}"
        case _:
            return "it cannot be read"


def _issuer(authorization: str | None) -> str:
    """Who claims to have signed; not checked here."""
    try:
        claims = jwt.decode((authorization or "").partition(" ")[2], options={"verify_signature": False})
    except jwt.PyJWTError:
        return ""
    return str(claims.get("iss"))


def _roles(claim: object) -> frozenset[Role]:
    names = claim if isinstance(claim, list) else []
    return frozenset(Role(name) for name in names if isinstance(name, str) and name in set(Role))


def _verified_email(claims: dict[str, Any]) -> str | None:
    email = claims.get("email")
    return email if isinstance(email, str) and claims.get("email_verified") is True else None


def _unauthorized(detail: str) -> ProblemError:
    return ProblemError(401, "unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})


def require_role(principal: Principal, roles: Sequence[Role] | frozenset[Role]) -> None:
    """A 403 problem unless the caller has one of these roles."""
    if not principal.has(*roles):
        raise ProblemError(403, "forbidden", f"this needs one of the roles {', '.join(sorted(roles))}")


@dataclass(frozen=True, slots=True)
class PlatformCallers:
    """Google's own callers (Pub/Sub, Scheduler, Tasks): signed tokens of known service accounts, nobody else."""

    verifier: TokenVerifier
    emails: frozenset[str]

    async def check(self, authorization: str | None) -> None:
        principal = await self.verifier.principal(authorization)
        if principal.email not in self.emails:
            raise ProblemError(403, "forbidden", "this endpoint is for the platform's own callers")
