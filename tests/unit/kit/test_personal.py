"""Personal data: sealed for one person, opened while they want it, and never after."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.crypto import AesGcm
from shared.adapters.keys.key_file import KeyFile
from shared.adapters.memory.vault import MemoryVault
from shared.eventsourcing.errors import CorruptDataError, UnavailableError
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.personal import Erased, PersonalData, SubjectErasedError, Vault, WrappedKey
from shared.testing.doubles import NOON, FixedClock
from shared.testing.virtual_time import on_virtual_time


class PlainKeys:
    """`KeyEncryption` that hides nothing and counts how often it is asked."""

    def __init__(self) -> None:
        self.wrapped = 0
        self.unwrapped = 0

    async def wrap(self, key: bytes, subject: str) -> WrappedKey:
        self.wrapped += 1
        return WrappedKey(subject.encode() + key, "plain")

    async def unwrap(self, wrapped: WrappedKey, subject: str) -> bytes:
        self.unwrapped += 1
        return wrapped.data.removeprefix(subject.encode())


class ForgetfulKeys(PlainKeys):
    """What it gives back is not what it was given."""

    async def unwrap(self, wrapped: WrappedKey, subject: str) -> bytes:
        return bytes(32)


class SilentVault(MemoryVault):
    """Never answers."""

    async def find(self, subjects: Sequence[str]) -> Mapping[str, WrappedKey | Erased]:
        await asyncio.sleep(3600)
        return {}


def personal_data(vault: Vault, keys: PlainKeys | KeyFile) -> PersonalData:
    return PersonalData(vault, keys, AesGcm(), FixedClock())


@pytest.fixture
def counts() -> OperationCounts:
    return OperationCounts()


@pytest.fixture
def vault(counts: OperationCounts) -> MemoryVault:
    return MemoryVault(counts)


@pytest.fixture
def keys() -> PlainKeys:
    return PlainKeys()


@pytest.fixture
def personal(vault: MemoryVault, keys: PlainKeys) -> PersonalData:
    return personal_data(vault, keys)


class TestSealing:
    @pytest.mark.parametrize("text", ["Ada Lovelace", "", "Łódź 🏠", "x" * 10_000])
    async def test_what_was_sealed_can_be_opened(self, personal: PersonalData, text: str) -> None:
        """Any text comes back as it was."""
        assert await personal.open(await personal.seal("900", text)) == text

    async def test_a_sealed_text_says_whose_it_is_and_nothing_else(self, personal: PersonalData) -> None:
        """The subject can be read from it, the text cannot."""
        sealed = await personal.seal("900", "Ada Lovelace")

        assert sealed.startswith("sealed:v1:OTAw:")
        assert "Ada" not in sealed

    async def test_the_same_text_is_sealed_differently_each_time(self, personal: PersonalData) -> None:
        """Who sees two sealed texts does not learn whether they are equal."""
        assert await personal.seal("900", "Ada") != await personal.seal("900", "Ada")

    async def test_a_fingerprint_tells_whether_a_text_changed(self, personal: PersonalData) -> None:
        """It is that of the text, whenever it is sealed."""
        first, other = await personal.seal_all("900", ["Ada", "Lovelace"])
        (again,) = await personal.seal_all("900", ["Ada"])

        assert first.fingerprint == again.fingerprint != other.fingerprint

    async def test_a_fingerprint_says_nothing_about_other_people(self, personal: PersonalData) -> None:
        """Two people of one name have different ones: a list of names does not reveal them."""
        (one,), (other,) = [await personal.seal_all(subject, ["Ada"]) for subject in ("900", "901")]

        assert one.fingerprint != other.fingerprint

    async def test_several_who_begin_at_once_agree_on_a_key(self, personal: PersonalData) -> None:
        """Of 16 first texts all can be opened, whoever's key it became."""
        sealed = await asyncio.gather(*(personal.seal("900", str(number)) for number in range(16)))

        assert await personal.open_all(sealed) == [str(number) for number in range(16)]

    async def test_nobody_has_no_personal_data(self, personal: PersonalData) -> None:
        """An empty subject is a mistake: it would be one key for everybody that was forgotten."""
        with pytest.raises(ValueError, match="subject"):
            await personal.seal("", "Ada")

    async def test_a_key_that_cannot_be_had_back_is_not_used(self, vault: MemoryVault) -> None:
        """Nothing is sealed with it, and it does not become the person's key."""
        with pytest.raises(CorruptDataError):
            await personal_data(vault, ForgetfulKeys()).seal("900", "Ada")

        assert await vault.find(["900"]) == {}


class TestOpening:
    @pytest.mark.parametrize(
        "text",
        ["", "Ada", "sealed:v1:", "sealed:v1:OTAw", "sealed:v2:OTAw:AAAA", "sealed:v1:O!Aw:AAAA", "sealed:v1:_w:AAAA"],
    )
    async def test_what_is_no_sealed_text_is_corrupt(self, personal: PersonalData, text: str) -> None:
        """It is never taken for the text itself."""
        await personal.seal("900", "Ada")

        with pytest.raises(CorruptDataError):
            await personal.open(text)

    @given(st.data())
    def test_any_change_is_found_out(self, data: st.DataObject) -> None:
        """Whichever character is replaced, by whichever else."""
        personal = personal_data(MemoryVault(OperationCounts()), PlainKeys())

        async def change() -> None:
            sealed = await personal.seal("900", "Ada")
            place = data.draw(st.integers(0, len(sealed) - 1))
            other = data.draw(st.sampled_from("ABYZabyz0189-_=: é").filter(lambda letter: letter != sealed[place]))
            with pytest.raises(CorruptDataError):
                await personal.open(sealed[:place] + other + sealed[place + 1 :])

        asyncio.run(change())

    async def test_a_text_cannot_be_passed_off_as_another_persons(self, personal: PersonalData) -> None:
        """It is bound to its subject, also where both have keys."""
        mine, theirs = await personal.seal("900", "Ada"), await personal.seal("901", "Bob")

        with pytest.raises(CorruptDataError):
            await personal.open(theirs.rpartition(":")[0] + ":" + mine.rpartition(":")[2])

    async def test_a_lost_key_is_not_taken_for_an_erasure(self, personal: PersonalData, keys: PlainKeys) -> None:
        """A vault that does not know the person at all is an error that somebody has to look at."""
        sealed = await personal.seal("900", "Ada")

        with pytest.raises(CorruptDataError):
            await personal_data(MemoryVault(OperationCounts()), keys).open(sealed)

    async def test_texts_of_several_people_are_opened_together(self, personal: PersonalData) -> None:
        """In their order; of those who were erased there is nothing."""
        sealed = [await personal.seal(subject, f"text of {subject}") for subject in ("900", "901", "900")]
        await personal.erase("901")

        assert await personal.open_all(sealed) == ["text of 900", None, "text of 900"]


class TestErasing:
    async def test_nothing_can_be_opened_after_an_erase(self, personal: PersonalData) -> None:
        """Wherever the sealed text was kept."""
        sealed = await personal.seal("900", "Ada")

        await personal.erase("900")

        assert await personal.open(sealed) is None

    async def test_every_process_forgets_at_once(self, vault: MemoryVault, keys: PlainKeys) -> None:
        """One that opened a text just before keeps nothing with which it could again."""
        one, other = personal_data(vault, keys), personal_data(vault, keys)
        sealed = await one.seal("900", "Ada")
        assert await other.open(sealed) == "Ada"

        await one.erase("900")

        assert await other.open(sealed) is None

    async def test_nothing_can_be_sealed_after_an_erase(self, personal: PersonalData) -> None:
        """An erased person stays erased: a new key would make them a person with data again."""
        await personal.seal("900", "Ada")
        await personal.erase("900")

        with pytest.raises(SubjectErasedError):
            await personal.seal("900", "Ada")

    async def test_who_had_no_data_can_be_erased(self, personal: PersonalData) -> None:
        """What comes late for them finds no key."""
        await personal.erase("900")

        with pytest.raises(SubjectErasedError):
            await personal.seal("900", "Ada")

    async def test_an_erase_between_looking_and_adding_wins(self, vault: MemoryVault) -> None:
        """A first seal that is overtaken is refused, and no key is left."""

        class Overtaken(PlainKeys):
            async def wrap(self, key: bytes, subject: str) -> WrappedKey:
                await vault.erase(subject, NOON)
                return await super().wrap(key, subject)

        with pytest.raises(SubjectErasedError):
            await personal_data(vault, Overtaken()).seal("900", "Ada")

        assert await vault.find(["900"]) == {"900": Erased(NOON)}

    async def test_erasing_again_is_harmless(self, personal: PersonalData, vault: MemoryVault) -> None:
        """It is done once."""
        await personal.erase("900")

        await personal.erase("900")

        assert await vault.find(["900"]) == {"900": Erased(NOON)}

    async def test_others_keep_theirs(self, personal: PersonalData) -> None:
        """Everybody has a key of their own."""
        sealed = await personal.seal("901", "Bob")

        await personal.erase("900")

        assert await personal.open(sealed) == "Bob"


class TestCosts:
    """Requests to the vault, then wrappings and unwrappings, as the module's table says."""

    async def test_a_first_seal(self, personal: PersonalData, counts: OperationCounts, keys: PlainKeys) -> None:
        """A find and an add; wrapped, and unwrapped once to be sure."""
        await personal.seal_all("900", ["Ada", "ada@example.com"])

        assert (counts.rpcs, keys.wrapped, keys.unwrapped) == ({"BatchGetDocuments": 1, "Commit": 1}, 1, 1)

    async def test_a_later_seal(self, personal: PersonalData, counts: OperationCounts, keys: PlainKeys) -> None:
        """A find; unwrapped."""
        await personal.seal("900", "Ada")
        counts.rpcs.clear()

        await personal.seal_all("900", ["Ada", "ada@example.com"])

        assert (counts.rpcs, keys.wrapped, keys.unwrapped) == ({"BatchGetDocuments": 1}, 1, 2)

    async def test_an_open(self, personal: PersonalData, counts: OperationCounts, keys: PlainKeys) -> None:
        """One find for all; unwrapped once a person."""
        sealed = [await personal.seal(subject, "Ada") for subject in ("900", "900", "901")]
        counts.rpcs.clear()
        unwrapped = keys.unwrapped

        await personal.open_all(sealed)

        assert (counts.rpcs, keys.unwrapped - unwrapped) == ({"BatchGetDocuments": 1}, 2)

    async def test_opening_nothing(self, personal: PersonalData, counts: OperationCounts) -> None:
        """Is free."""
        assert (await personal.open_all([]), counts.rpcs) == ([], {})


@on_virtual_time
async def test_a_silent_vault_is_unavailable() -> None:
    """Whatever is wanted, the answer comes within the deadline."""
    start = asyncio.get_running_loop().time()
    personal = personal_data(SilentVault(OperationCounts()), PlainKeys())

    for attempt in (personal.seal("900", "Ada"), personal.open("sealed:v1:OTAw:AAAA"), personal.erase("900")):
        with pytest.raises(UnavailableError):
            await attempt

    assert asyncio.get_running_loop().time() - start == pytest.approx(15.0)


async def test_another_key_file_opens_nothing(vault: MemoryVault, tmp_path: Path) -> None:
    """The vault alone, without the key that wrapped its keys, is of no use."""
    sealed = await personal_data(vault, KeyFile(tmp_path / "key")).seal("900", "Ada")

    with pytest.raises(CorruptDataError):
        await personal_data(vault, KeyFile(tmp_path / "other")).open(sealed)


def test_the_clock_is_asked_for_every_erase() -> None:
    """A tombstone says when."""
    clock, vault = FixedClock(), MemoryVault(OperationCounts())

    async def erase() -> datetime:
        clock.advance(days=1)
        await PersonalData(vault, PlainKeys(), AesGcm(), clock).erase("900")
        found = (await vault.find(["900"]))["900"]
        assert isinstance(found, Erased)
        return found.at

    assert asyncio.run(erase()) == clock.now
