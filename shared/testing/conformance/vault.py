"""The ports `Vault` and `KeyEncryption`."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from shared.eventsourcing.errors import CorruptDataError
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.personal import Erased, KeyEncryption, Vault, WrappedKey

NOON = datetime(2017, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


def key(number: int = 1) -> WrappedKey:
    return WrappedKey(b"\x00wrapped\xff" + bytes([number]), f"kek-{number}")


class VaultConformance:
    """Every vault keeps these promises. Fixtures to provide: `vault`, `counts` (the vault's own)."""

    async def test_there_is_no_key_at_first(self, vault: Vault) -> None:
        """Nothing, and no error."""
        assert await vault.find(["900"]) == {}

    async def test_a_key_comes_back_as_it_was_added(self, vault: Vault) -> None:
        """Its bytes, and which key wrapped it."""
        assert await vault.add("900", key(), NOON) == key()

        assert await vault.find(["900"]) == {"900": key()}

    async def test_the_first_key_stays(self, vault: Vault) -> None:
        """Who comes second gets the first one's."""
        await vault.add("900", key(1), NOON)

        assert await vault.add("900", key(2), LATER) == key(1)
        assert await vault.find(["900"]) == {"900": key(1)}

    async def test_those_who_begin_at_once_agree(self, vault: Vault) -> None:
        """Of 16 first keys one holds, and all 16 are told the same."""
        told = await asyncio.gather(*(vault.add("900", key(number), NOON) for number in range(16)))

        assert set(told) == {(await vault.find(["900"]))["900"]}

    async def test_an_erased_key_is_gone(self, vault: Vault) -> None:
        """A tombstone says since when."""
        await vault.add("900", key(), NOON)

        await vault.erase("900", LATER)

        assert await vault.find(["900"]) == {"900": Erased(LATER)}

    async def test_an_erased_subject_never_gets_a_key_again(self, vault: Vault) -> None:
        """Whoever tries is told of the tombstone."""
        await vault.add("900", key(1), NOON)
        await vault.erase("900", NOON)

        assert await vault.add("900", key(2), LATER) == Erased(NOON)
        assert await vault.find(["900"]) == {"900": Erased(NOON)}

    async def test_who_never_had_a_key_can_be_erased(self, vault: Vault) -> None:
        """The tombstone keeps the first key out as well."""
        await vault.erase("900", NOON)

        assert await vault.add("900", key(), LATER) == Erased(NOON)

    async def test_erasing_twice_is_erasing_once(self, vault: Vault) -> None:
        """The first time stays."""
        await vault.erase("900", NOON)

        await vault.erase("900", LATER)

        assert await vault.find(["900"]) == {"900": Erased(NOON)}

    async def test_an_erase_wins_against_first_keys(self, vault: Vault) -> None:
        """Whatever comes between: after it there is a tombstone and no key."""
        await asyncio.gather(
            *(vault.add("900", key(number), NOON) for number in range(8)),
            vault.erase("900", LATER),
            *(vault.add("900", key(number), NOON) for number in range(8)),
        )

        assert await vault.find(["900"]) == {"900": Erased(LATER)}

    async def test_several_are_found_at_once(self, vault: Vault) -> None:
        """Those that there are."""
        await vault.add("900", key(), NOON)
        await vault.erase("901", NOON)

        assert await vault.find(["900", "901", "902"]) == {"900": key(), "901": Erased(NOON)}

    @pytest.mark.parametrize("subject", ["a/b", ".", "__x__", "100%", "ä €", "oidc|900"])
    async def test_any_text_is_a_subject(self, vault: Vault, subject: str) -> None:
        """Subjects are named by an issuer: none of them reaches another one's key."""
        await vault.add(subject, key(), NOON)

        assert await vault.find([subject, f"{subject}/"]) == {subject: key()}

    async def test_requests_are_counted_as_they_are_billed(self, vault: Vault, counts: OperationCounts) -> None:
        """A find reads, an add writes, an erase does both; what is there already is not written again."""
        await vault.find(["900", "901"])
        await vault.add("900", key(1), NOON)
        await vault.add("900", key(2), NOON)
        await vault.erase("900", NOON)
        await vault.erase("900", NOON)

        assert counts == OperationCounts(
            rpcs={"BatchGetDocuments": 4, "Commit": 3}, documents_read=5, documents_written=2
        )


class KeyEncryptionConformance:
    """Every key encryption keeps these promises. Fixtures to provide: `keys`, `other_keys` (with another key)."""

    async def test_a_key_comes_back_as_it_was_wrapped(self, keys: KeyEncryption) -> None:
        """All of its bytes."""
        assert await keys.unwrap(await keys.wrap(bytes(range(32)), "900"), "900") == bytes(range(32))

    async def test_a_wrapped_key_does_not_show_the_key(self, keys: KeyEncryption) -> None:
        """That is what it is for."""
        assert bytes(range(32)) not in (await keys.wrap(bytes(range(32)), "900")).data

    async def test_a_wrapped_key_belongs_to_its_subject(self, keys: KeyEncryption) -> None:
        """Under another one's name it is CorruptDataError."""
        wrapped = await keys.wrap(bytes(32), "900")

        with pytest.raises(CorruptDataError):
            await keys.unwrap(wrapped, "901")

    @pytest.mark.parametrize("place", [0, 15, -1])
    async def test_a_changed_key_is_found_out(self, keys: KeyEncryption, place: int) -> None:
        """One bit is enough, wherever it is."""
        wrapped = await keys.wrap(bytes(32), "900")
        data = bytearray(wrapped.data)
        data[place] ^= 1

        with pytest.raises(CorruptDataError):
            await keys.unwrap(WrappedKey(bytes(data), wrapped.key_id), "900")

    async def test_another_key_cannot_unwrap_it(self, keys: KeyEncryption, other_keys: KeyEncryption) -> None:
        """Whatever the wrapped key says by whom it was wrapped."""
        theirs, ours = await keys.wrap(bytes(32), "900"), await other_keys.wrap(bytes(32), "900")
        assert theirs.key_id != ours.key_id

        with pytest.raises(CorruptDataError):
            await other_keys.unwrap(WrappedKey(theirs.data, ours.key_id), "900")

    async def test_a_key_id_of_somebody_else_is_found_out(self, keys: KeyEncryption) -> None:
        """A vault that was filled elsewhere is CorruptDataError, and not a wrong key."""
        wrapped = await keys.wrap(bytes(32), "900")

        with pytest.raises(CorruptDataError):
            await keys.unwrap(WrappedKey(wrapped.data, "../elsewhere"), "900")
