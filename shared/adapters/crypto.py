"""Authenticated encryption: AES-256-GCM from `cryptography`."""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.adapters.system import random_bytes
from shared.eventsourcing.errors import CorruptDataError

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class AesGcm:
    """`Cipher`. A random nonce goes before each ciphertext: good for 2^32 texts a key, and a key is one person's."""

    def new_key(self) -> bytes:
        return random_bytes(KEY_BYTES)

    def encrypt(self, key: bytes, plain: bytes, bound_to: bytes) -> bytes:
        nonce = random_bytes(_NONCE_BYTES)
        return nonce + AESGCM(key).encrypt(nonce, plain, bound_to)

    def decrypt(self, key: bytes, secret: bytes, bound_to: bytes) -> bytes:
        try:
            return AESGCM(key).decrypt(secret[:_NONCE_BYTES], secret[_NONCE_BYTES:], bound_to)
        except (InvalidTag, ValueError) as error:  # ValueError: too short to hold a nonce
            raise CorruptDataError("it does not decrypt: the key, the secret or its owner is another one") from error
