"""What the platform keeps of a person: sealed texts before an erasure, and noise after it."""

from shared.eventsourcing.projection import Row
from shared.testing.api_spec import ApiSpec
from shared.testing.doubles import NOON
from tests.unit.customers.conftest import Registry
from tests.unit.customers.profiles import ADDRESS, PROFILE, SECRETS, URL


def found(registry: Registry) -> list[bytes]:
    kept = registry.everything_kept()
    return [secret for secret in SECRETS if secret in kept]


async def lived(registry: Registry, customer: ApiSpec) -> str:
    """A profile, written and read, and an order elsewhere that holds a sealed address; returns that address."""
    await customer.send("PUT", URL, json=PROFILE, headers={"Idempotency-Key": "k1"})
    await customer.send("PUT", URL, json={**PROFILE, "name": "Ada King Lovelace"})
    await registry.reader("900", "customer").get(URL)
    address = await registry.personal.seal("900", repr(ADDRESS))
    body = b'{"customer_id":"900","total":499,"shipping_address":"%s"}' % address.encode()
    await registry.deps.rows.put("orders", Row("o1", 1, NOON, body, {"customer_id": "900"}))
    return address


async def test_nothing_is_ever_kept_in_the_clear(registry: Registry, customer: ApiSpec) -> None:
    """Not in states, commits, answers, messages, read models, the log's lines or an instance's memory."""
    await lived(registry, customer)

    assert found(registry) == []


async def test_the_search_would_find_it(registry: Registry) -> None:
    """A plain text in any of those places is found: the test above is one."""
    await registry.deps.rows.put("orders", Row("o1", 1, NOON, b'{"customer_id":"900","to":"Ada Lovelace"}', {}))

    assert found(registry) == [b"Lovelace"]


async def test_after_an_erasure_nothing_can_be_opened(registry: Registry, customer: ApiSpec) -> None:
    """Every sealed text that is kept anywhere, in profiles, messages and orders, is noise."""
    await lived(registry, customer)
    kept_before = sealed_texts(registry)
    assert None not in await registry.personal.open_all(kept_before)

    await registry.erased("900")

    assert found(registry) == []
    assert len(kept_before) > 3
    assert set(await registry.personal.open_all(kept_before)) == {None}


async def test_after_an_erasure_the_books_are_right(registry: Registry, customer: ApiSpec) -> None:
    """What was ordered, by which id, for how much, stays as it was."""
    await lived(registry, customer)
    before = await registry.deps.rows.get("orders", "o1")

    await registry.erased("900")

    assert await registry.deps.rows.get("orders", "o1") == before


async def test_others_learn_of_it(registry: Registry, customer: ApiSpec) -> None:
    """The integration topic says who was erased, and when."""
    await lived(registry, customer)

    await registry.erased("900")

    message = registry.topics.on("customers-events")[-1]
    assert message.attributes["ce-type"] == "commerce.customers.CustomerErased.v1"
    assert message.data == b'{"customer_id":"900","erased_at":"2026-03-01T13:00:01Z"}'


def sealed_texts(registry: Registry) -> list[str]:
    """All that are kept, wherever they are."""
    parts = registry.everything_kept().replace(b'"', b"\n").split(b"\n")
    return sorted({part.decode() for part in parts if part.startswith(b"sealed:v1:")})
