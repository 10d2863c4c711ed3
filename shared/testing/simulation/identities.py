"""Doubles of the checks of who calls: a token says `role:subject` and is believed. Tokens have tests of their own."""

from shared.http.auth import PlatformCallers, Principal, Role, Verifier
from shared.http.problems import ProblemError

PLATFORM = "Bearer platform"
"""What Pub/Sub, Tasks and Scheduler present."""


def bearer(role: Role, subject: str) -> str:
    return f"Bearer {role}:{subject}"


class Believing(Verifier):
    """`Verifier`."""

    def __init__(self) -> None:
        """No issuer."""

    async def principal(self, authorization: str | None) -> Principal:
        role, _, subject = (authorization or "").removeprefix("Bearer ").partition(":")
        if not subject:
            raise ProblemError(401, "unauthorized", "a bearer token is required")
        return Principal(subject, frozenset({Role(role)}))


class PlatformAlone(PlatformCallers):
    """`PlatformCallers`."""

    def __init__(self) -> None:
        """No issuer."""

    async def check(self, authorization: str | None) -> None:
        if authorization != PLATFORM:
            raise ProblemError(403, "forbidden", "this endpoint is for the platform's own callers")
