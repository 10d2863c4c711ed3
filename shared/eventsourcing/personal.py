"""Personal data that can be forgotten: sealed with a key per person, unreadable wherever it lies once that key is gone.

    data key            random, 256 bits, one a person, for ever; it exists in the clear only while it is used
    vault               keeps it wrapped; `erase` destroys it there and leaves a tombstone
    key encryption      wraps it: a key that never leaves its place

Sealed texts may be stored, published and copied like any other text (ADR 9). What they cost:

    operation                 vault requests            wrap / unwrap
    seal                      1 find                    0 / 1
    seal, a person's first    1 find, 1 add             1 / 1
    open                      1 find                    0 / 1 a person
    erase                     1 find, 1 erase           0 / 0
    erase, again              1 find                    0 / 0

Several texts that are sealed or opened together cost as much as one. **Data keys are not cached**: an open that begins
after an erase has ended finds nothing, in every process. What a request already opened lives as long as that request.
"""

import asyncio
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, Protocol

from shared.eventsourcing.errors import CorruptDataError, DomainError, UnavailableError

Sealed = str
"""`sealed:v1:<subject>:<nonce and ciphertext>`, both parts in unpadded base64url."""
PREFIX: Final = "sealed:v1:"
_FINGERPRINTS: Final = b"fingerprint:v1"


class WrappedKey(NamedTuple):
    """A data key that only the key-encryption key `key_id` can unwrap."""

    data: bytes
    key_id: str


@dataclass(frozen=True, slots=True)
class Erased:
    """The tombstone: the subject's key was destroyed at this time."""

    at: datetime


class Vault(Protocol):
    """The port to the wrapped keys, by subject. All methods raise UnavailableError within a bounded time when the vault
    is down.
    """

    async def find(self, subjects: Sequence[str]) -> Mapping[str, WrappedKey | Erased]:
        """What there is of these subjects, in one request."""
        ...

    async def add(self, subject: str, key: WrappedKey, at: datetime) -> WrappedKey | Erased:
        """Store the subject's key if there is none and never was; returns what holds from now on: this key, the key of
        whoever was first, or the tombstone.
        """
        ...

    async def erase(self, subject: str, at: datetime) -> None:
        """Put a tombstone in place of the key, also where there was none; the first one stays."""
        ...


class KeyEncryption(Protocol):
    """The port to the key-encryption key. UnavailableError within a bounded time if it cannot be asked."""

    async def wrap(self, key: bytes, subject: str) -> WrappedKey:
        """The key, bound to its subject."""
        ...

    async def unwrap(self, wrapped: WrappedKey, subject: str) -> bytes:
        """The inverse; CorruptDataError if it is not this subject's, was changed, or was wrapped by an unknown key."""
        ...


class Cipher(Protocol):
    """The port to authenticated encryption with 256-bit keys, and to the randomness that it needs."""

    def new_key(self) -> bytes: ...

    def encrypt(self, key: bytes, plain: bytes, bound_to: bytes) -> bytes: ...

    def decrypt(self, key: bytes, secret: bytes, bound_to: bytes) -> bytes:
        """The inverse; CorruptDataError if anything differs by a bit: the key, the secret, or what it is bound to."""
        ...


class SubjectErasedError(DomainError):
    """Nothing can be sealed for this subject any more."""

    def __init__(self) -> None:
        super().__init__("subject-erased", "the personal data of this person was erased, for ever")


class SealedText(NamedTuple):
    """`fingerprint` is the same for the same text of the same subject, and says nothing to who does not have their key:
    the way to find out whether a text changed without opening it. It is for ever, as the data key is.
    """

    sealed: Sealed
    fingerprint: str


class PersonalData:
    """Seals, opens and erases. `deadline` in seconds spans a whole operation: UnavailableError after it, and earlier if
    the vault or the key-encryption key say so themselves.
    """

    def __init__(
        self,
        vault: Vault,
        keys: KeyEncryption,
        cipher: Cipher,
        clock: Callable[[], datetime],
        deadline: float = 5.0,
    ) -> None:
        self._vault = vault
        self._keys = keys
        self._cipher = cipher
        self._clock = clock
        self._deadline = deadline

    async def seal(self, subject: str, text: str) -> Sealed:
        """Only `open` can read it, and only until the subject is erased; SubjectErasedError if it was."""
        return (await self.seal_all(subject, [text]))[0].sealed

    async def seal_all(self, subject: str, texts: Sequence[str]) -> Sequence[SealedText]:
        """Several texts of one subject, at the cost of one; SubjectErasedError if it was erased."""
        if not subject:
            raise ValueError("personal data belongs to somebody: the subject is empty")
        async with self._in_time():
            key = await self._key_to_seal(subject)
        header = _header(subject)
        secrets = (self._cipher.encrypt(key, text.encode(), header.encode()) for text in texts)
        return [
            SealedText(f"{header}:{_to_text(secret)}", _fingerprint(key, text))
            for text, secret in zip(texts, secrets, strict=True)
        ]

    async def open(self, sealed: Sealed) -> str | None:
        """The text; None if its subject was erased. CorruptDataError if it was tampered with, or there is no key."""
        return (await self.open_all([sealed]))[0]

    async def open_all(self, sealed: Sequence[Sealed]) -> Sequence[str | None]:
        """Several texts, also of several subjects: one request to the vault and one unwrapping a subject."""
        parts = [_parsed(text) for text in sealed]
        subjects = list(dict.fromkeys(part.subject for part in parts))
        async with self._in_time():
            found = await self._vault.find(subjects) if subjects else {}
            keys = {subject: await self._key_to_open(subject, found.get(subject)) for subject in subjects}
        return [self._opened(part, keys[part.subject]) for part in parts]

    async def erase(self, subject: str) -> None:
        """Destroy the subject's key: what was sealed for them can never be opened again, nor anything new be sealed.
        Once more is harmless.
        """
        async with self._in_time():
            await self._vault.erase(subject, self._clock())

    async def _key_to_seal(self, subject: str) -> bytes:
        found = (await self._vault.find([subject])).get(subject)
        if found is None:
            return await self._first_key(subject)
        if isinstance(found, Erased):
            raise SubjectErasedError
        return await self._keys.unwrap(found, subject)

    async def _first_key(self, subject: str) -> bytes:
        """Of several who begin at once, all end up with the key of the first: the others' were never used. A key is
        unwrapped once before it is stored: one that could not be had back would take the person's data with it.
        """
        key = self._cipher.new_key()
        wrapped = await self._keys.wrap(key, subject)
        if await self._keys.unwrap(wrapped, subject) != key:
            raise CorruptDataError(f"{wrapped.key_id} does not give back what it wrapped")
        holds = await self._vault.add(subject, wrapped, self._clock())
        if isinstance(holds, Erased):
            raise SubjectErasedError
        return key if holds == wrapped else await self._keys.unwrap(holds, subject)

    async def _key_to_open(self, subject: str, found: WrappedKey | Erased | None) -> bytes | None:
        if found is None:
            raise CorruptDataError(f"something is sealed for {subject!r}, who has no key and was not erased")
        return None if isinstance(found, Erased) else await self._keys.unwrap(found, subject)

    def _opened(self, part: "_Parts", key: bytes | None) -> str | None:
        if key is None:
            return None
        try:
            return self._cipher.decrypt(key, part.secret, part.header.encode()).decode()
        except CorruptDataError as error:
            raise CorruptDataError(f"a sealed text of {part.subject!r} was changed") from error

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._deadline):
                yield
        except TimeoutError as error:
            raise UnavailableError(f"personal data: no key within {self._deadline} s") from error


class _Parts(NamedTuple):
    """`header` is all before the secret, to which it is bound."""

    header: str
    subject: str
    secret: bytes


def _header(subject: str) -> str:
    return PREFIX + _to_text(subject.encode())


def _parsed(sealed: Sealed) -> _Parts:
    header, _, secret = sealed.rpartition(":")
    if not header.startswith(PREFIX):
        raise CorruptDataError("this is not a sealed text")
    try:
        return _Parts(header, _to_bytes(header.removeprefix(PREFIX)).decode(), _to_bytes(secret))
    except ValueError as error:
        raise CorruptDataError("a sealed text is damaged") from error


def _to_text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _to_bytes(text: str) -> bytes:
    """ValueError for anything but what `_to_text` yields: the decoder alone would overlook changed spare bits."""
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if _to_text(data) != text:
        raise ValueError("not in canonical form")
    return data


def _fingerprint(key: bytes, text: str) -> str:
    """Keyed: a plain hash of a name or an address can be guessed, and would outlive the erasure. The key is derived, so
    that the data key itself serves one purpose only.
    """
    return hmac.digest(hmac.digest(key, _FINGERPRINTS, "sha256"), text.encode(), "sha256").hex()
