"""Who sees which profile."""

import pytest
from pydantic import ValidationError

from functions.customers.decider import CUSTOMERS, Customer
from functions.customers.query_api import _ADDRESSES
from functions.customers.read_models import CustomerDocument
from shared.testing.api_spec import ApiSpec
from tests.unit.customers.conftest import Registry
from tests.unit.customers.profiles import PROFILE, SECRETS, URL


@pytest.mark.parametrize("reader", [("900", "customer"), ("ann", "operator")])
async def test_a_profile_is_seen_as_it_was_written(
    registry: Registry, customer: ApiSpec, reader: tuple[str, ...]
) -> None:
    """By its owner and by operators."""
    await customer.send("PUT", URL, json=PROFILE)

    reply = await registry.reader(*reader).get(URL)

    assert (reply.status, reply.headers["etag"]) == (200, '"1"')
    assert reply.json == {"id": "900", **PROFILE, "changed_at": "2026-03-01T12:00:00Z"}


@pytest.mark.parametrize(
    ("reader", "status"), [(("901", "customer"), 404), (("till", "pos"), 403), (("crm", "service"), 403)]
)
async def test_nobody_else_sees_it(registry: Registry, customer: ApiSpec, reader: tuple[str, ...], status: int) -> None:
    """Other customers do not learn that it exists; tills need not know who their customers are."""
    await customer.send("PUT", URL, json=PROFILE)

    assert (await registry.reader(*reader).get(URL)).status == status


async def test_a_profile_costs_two_reads(registry: Registry, customer: ApiSpec) -> None:
    """The state, and the key for all of its fields."""
    await customer.send("PUT", URL, json=PROFILE)
    before = registry.counts.documents_read

    await registry.reader("900", "customer").get(URL)

    assert registry.counts.documents_read - before == 2


@pytest.mark.parametrize("written", [True, False])
async def test_an_erased_customer_is_known_as_such(registry: Registry, customer: ApiSpec, written: bool) -> None:
    """To themselves and to operators; to others there never was anybody."""
    if written:
        await customer.send("PUT", URL, json=PROFILE)
    await registry.erased("900")

    replies = [
        await registry.reader(*reader).get(URL)
        for reader in (("900", "customer"), ("ann", "operator"), ("901", "customer"))
    ]

    assert [reply.status for reply in replies] == [404] * 3
    assert [reply.json["code"] for reply in replies] == ["customer-erased", "customer-erased", "not-found"]


async def test_a_profile_whose_key_is_gone_is_erased(registry: Registry, customer: ApiSpec) -> None:
    """Although its state was read a moment before."""
    await customer.send("PUT", URL, json=PROFILE)
    await registry.personal.erase("900")

    assert (await registry.reader("900", "customer").get(URL)).json["code"] == "customer-erased"


class TestTheListOfCustomers:
    @pytest.fixture
    async def three(self, registry: Registry) -> list[str]:
        """Who changed when, a minute apart: 901 was erased."""
        times = []
        for customer in ("900", "901", "902"):
            written = await registry.caller(customer, "customer").send(
                "PUT", f"/customers/v1/customers/{customer}", json=PROFILE
            )
            assert written.status == 202
            if customer == "901":
                await registry.erased("901")
            times.append(registry.clock().isoformat().replace("+00:00", "Z"))
            registry.clock.advance(minutes=1)
        return times

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("", ["900", "901", "902"]),
            ("?status=known", ["900", "902"]),
            ("?status=erased", ["901"]),
            ("?since={1}", ["901", "902"]),
            ("?until={1}", ["900"]),
            ("?since={1}&until={2}", ["901"]),
        ],
    )
    async def test_is_by_status_and_time(
        self, registry: Registry, three: list[str], query: str, found: list[str]
    ) -> None:
        """Of everybody, in the order in which they changed; nothing is opened for it."""
        reply = await registry.reader("ann", "operator").get("/customers/v1/customers" + query.format(*three))

        assert [each["id"] for each in reply.json["items"]] == found
        assert not any(secret in reply.body for secret in SECRETS)

    @pytest.mark.usefixtures("three")
    async def test_is_walked_page_by_page(self, registry: Registry) -> None:
        """Each page says where the next one begins, also one on which nobody has the status."""
        operator, found, cursor = registry.reader("ann", "operator"), [], ""
        for _ in range(4):
            page = (await operator.get(f"/customers/v1/customers?limit=1&status=known{cursor}")).json
            found.append([each["id"] for each in page["items"]])
            cursor = f"&cursor={page['next']}"

        assert (found, page["next"]) == ([["900"], [], ["902"], []], None)

    @pytest.mark.parametrize("reader", [("900", "customer"), ("till", "pos"), ("crm", "service")])
    async def test_is_for_the_shops_people(self, registry: Registry, reader: tuple[str, ...]) -> None:
        """Nobody else learns who the customers are."""
        assert (await registry.reader(*reader).get("/customers/v1/customers")).status == 403

    async def test_refuses_what_is_no_cursor(self, registry: Registry) -> None:
        """Named, as everywhere."""
        reply = await registry.reader("ann", "operator").get("/customers/v1/customers?cursor=x")

        assert (reply.status, reply.fields_at_fault) == (400, ["cursor"])


def test_an_address_that_does_not_fit_is_not_quoted() -> None:
    """The error is logged: no log may show where somebody lives."""
    with pytest.raises(ValidationError) as raised:
        _ADDRESSES.validate_json('[{"street": "12 Analytical Way"}]')

    assert "Analytical" not in str(raised.value)


def test_an_address_that_was_sealed_earlier_is_read() -> None:
    """What lies sealed cannot be changed: fields that came later are empty there."""
    sealed = '[{"label": "home", "lines": ["1 Vei"], "city": "Oslo", "postal_code": "0150", "country": "NO"}]'

    (address,) = _ADDRESSES.validate_json(sealed)

    assert (address.city, address.region, address.phone) == ("Oslo", "", "")


def test_the_queries_read_what_the_commands_keep() -> None:
    """Both sides declare the stored state: the one fits the other."""
    stored = CUSTOMERS.dump_state(Customer(customer_id="900"))

    assert CustomerDocument.model_validate_json(stored).customer_id == "900"
