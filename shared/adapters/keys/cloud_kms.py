"""The key-encryption key in Cloud KMS, over its REST interface: the key itself never leaves the service."""

import asyncio
import re
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import Any, Final

import httpx

from shared.adapters.system import full_jitter_pause
from shared.eventsourcing.errors import CorruptDataError, UnavailableError
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.personal import WrappedKey

SCOPE: Final = "https://www.googleapis.com/auth/cloudkms"
_HOST: Final = "https://cloudkms.googleapis.com"
_KEY: Final = re.compile(r"projects/[^/?#]+/locations/[^/?#]+/keyRings/[^/?#]+/cryptoKeys/[^/?#]+")
_ATTEMPTS: Final = 4
_TRANSIENT: Final = frozenset({429, 500, 502, 503, 504})


class CloudKms:
    """`KeyEncryption`. `key` is `projects/…/locations/…/keyRings/…/cryptoKeys/…`; `token()` gives an access token.

    A data key is wrapped by the primary version of `key` and unwrapped by the key that wrapped it, as its `key_id`
    says: rotation, and a new `key`, leave what is in the vault readable. One request each. `timeout` in seconds spans
    all tries; a refusal that only an operator can mend (permission, disabled key) is an UnavailableError, too.
    """

    def __init__(
        self,
        key: str,
        token: Callable[[], Awaitable[str]],
        counts: OperationCounts,
        *,
        timeout: float = 5.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        if not _KEY.fullmatch(key):
            raise ValueError(f"not the name of a Cloud KMS key: {key!r}")
        self._key = key
        self._token = token
        self._counts = counts
        self._timeout = timeout
        self._transport = transport

    async def wrap(self, key: bytes, subject: str) -> WrappedKey:
        answer = await self._ask(self._key, "encrypt", {"plaintext": _text(key), **_bound_to(subject)})
        return WrappedKey(_bytes(answer, "ciphertext"), str(answer["name"]))

    async def unwrap(self, wrapped: WrappedKey, subject: str) -> bytes:
        name = wrapped.key_id.partition("/cryptoKeyVersions/")[0]
        if not _KEY.fullmatch(name):
            raise CorruptDataError(f"{subject!r} has a data key wrapped by {wrapped.key_id!r}, not by Cloud KMS")
        answer = await self._ask(name, "decrypt", {"ciphertext": _text(wrapped.data), **_bound_to(subject)})
        return _bytes(answer, "plaintext")

    async def _ask(self, key: str, method: str, body: Mapping[str, str]) -> Mapping[str, Any]:
        try:
            async with asyncio.timeout(self._timeout):
                for attempt in range(1, _ATTEMPTS):
                    try:
                        response = await self._send(key, method, body)
                    except httpx.TransportError:
                        pass
                    else:
                        if response.status_code not in _TRANSIENT:
                            return _answer(response)
                    await full_jitter_pause(attempt)
                return _answer(await self._send(key, method, body))
        except (httpx.TransportError, TimeoutError) as error:
            raise UnavailableError(f"Cloud KMS: {method} failed: {error!r}") from error

    async def _send(self, key: str, method: str, body: Mapping[str, str]) -> httpx.Response:
        headers = {"Authorization": f"Bearer {await self._token()}"}
        self._counts.rpc(f"Kms.{method}")
        return await self._client.post(f"/v1/{key}:{method}", json=body, headers=headers)

    @cached_property
    def _client(self) -> httpx.AsyncClient:
        """Made inside the event loop that uses it."""
        return httpx.AsyncClient(base_url=_HOST, timeout=self._timeout, transport=self._transport)


def _answer(response: httpx.Response) -> Mapping[str, Any]:
    """Nothing of a good answer may get into a message: it holds the key."""
    if response.status_code == httpx.codes.OK:
        answer: Mapping[str, Any] = response.json()
        return answer
    error = _error(response)
    text = f"Cloud KMS: {response.status_code} {error.get('status', '')} {error.get('message', '')}"
    if error.get("status") == "INVALID_ARGUMENT":  # what KMS says of a ciphertext that is not, or not so, its own
        raise CorruptDataError(text)
    raise UnavailableError(text)


def _error(response: httpx.Response) -> Mapping[str, Any]:
    try:
        error = response.json()["error"]
    except (ValueError, KeyError, TypeError):
        return {}
    return error if isinstance(error, dict) else {}


def _bound_to(subject: str) -> Mapping[str, str]:
    return {"additionalAuthenticatedData": _text(subject.encode())}


def _text(data: bytes) -> str:
    return b64encode(data).decode()


def _bytes(answer: Mapping[str, Any], field: str) -> bytes:
    return b64decode(answer[field])
