"""Who may write and erase which profile, and what a repeated request does."""

import asyncio

import pytest

from shared.eventsourcing.personal import Erased
from shared.testing.api_spec import ApiSpec
from tests.unit.customers.conftest import Registry
from tests.unit.customers.profiles import ADDRESS, PROFILE, URL


class TestWriting:
    async def test_a_customer_writes_their_profile(self, customer: ApiSpec) -> None:
        """It is answered with its version."""
        reply = await customer.send("PUT", URL, json=PROFILE)

        assert (reply.status, reply.headers["etag"], reply.headers["location"]) == (202, '"1"', URL)

    async def test_the_same_profile_again_is_no_new_version(self, registry: Registry, customer: ApiSpec) -> None:
        """Also under another idempotency key: what decides is the content."""
        await customer.send("PUT", URL, json=PROFILE)
        sent = len(registry.topics.sent)

        reply = await customer.send("PUT", URL, json=PROFILE, headers={"Idempotency-Key": "another"})

        assert (reply.status, reply.headers["etag"], len(registry.topics.sent)) == (202, '"1"', sent)

    async def test_nobody_writes_anothers_profile(self, registry: Registry) -> None:
        """They do not learn whether there is one, and no key is made in its name."""
        stranger = registry.caller("901", "customer")

        assert (await stranger.send("PUT", URL, json=PROFILE)).status == 404
        assert await registry.vault.find(["900"]) == {}

    async def test_an_operator_writes_anybodys_profile(self, operator: ApiSpec) -> None:
        """On the telephone, say."""
        assert (await operator.send("PUT", URL, json=PROFILE)).status == 202

    async def test_a_till_does_not(self, registry: Registry) -> None:
        """Tills have no business with profiles."""
        assert (await registry.caller("till", "pos").send("PUT", URL, json=PROFILE)).status == 403

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"name": ""}, "name"),
            ({"email": "ada"}, "email"),
            ({"email": "ada@x.org\nBcc: all@x.org"}, "email"),
            ({"addresses": [{**ADDRESS, "country": "United Kingdom"}]}, "addresses.0.country"),
            ({"addresses": [{**ADDRESS, "lines": []}]}, "addresses.0.lines"),
            ({"addresses": [{**ADDRESS, "postal_code": "0150"}]}, "addresses.0.postal_code"),
            ({"addresses": [{**ADDRESS, "label": "ho\x1bme"}]}, "addresses.0.label"),
            ({"name": "Ada\u2028Lovelace"}, "name"),
            ({"addresses": [ADDRESS] * 21}, "addresses"),
            ({"mail_preferences": {"order_placed": "no"}}, "mail_preferences.order_placed"),
            ({"birthday": "1815-12-10"}, "birthday"),
        ],
    )
    async def test_bad_input_is_refused(self, customer: ApiSpec, change: dict[str, object], field: str) -> None:
        """With the field at fault."""
        reply = await customer.send("PUT", URL, json={**PROFILE, **change})

        assert (reply.status, reply.fields_at_fault) == (400, [field])

    async def test_a_refusal_does_not_repeat_what_was_sent(self, registry: Registry, customer: ApiSpec) -> None:
        """Neither to the caller nor in the log."""
        reply = await customer.send("PUT", URL, json={**PROFILE, "email": "ada-at-home"})

        assert b"ada-at-home" not in reply.body + repr(registry.lines).encode()


class TestErasing:
    @pytest.mark.parametrize("caller", [("900", "customer"), ("ann", "operator")])
    async def test_an_erasure_is_requested(self, registry: Registry, caller: tuple[str, ...]) -> None:
        """By the customer, or by an operator. Nothing is erased before it is known what is under way."""
        await registry.caller("900", "customer").send("PUT", URL, json=PROFILE)

        reply = await registry.caller(*caller).post(f"{URL}/erase", "k1")

        assert (reply.status, reply.json) == (202, {"id": "900", "version": 2})
        assert (await registry.wiring.state("customer", "900")).status == "leaving"

    async def test_an_erasure_says_who_asked_for_it(self, registry: Registry, operator: ApiSpec) -> None:
        """The record that stays names the operator."""
        await operator.post(f"{URL}/erase", "k1")
        await registry.walk()

        assert (await registry.wiring.state("customer", "900")).erased_by == "operator:ann"

    async def test_a_customer_is_called_as_their_identity_provider_does(self, registry: Registry) -> None:
        """With a bar, which a path has in percent encoding."""
        customer, url = registry.caller("auth0|900", "customer"), "/customers/v1/customers/auth0%7C900"
        written = await customer.send("PUT", url, json=PROFILE)

        erased = await customer.post(f"{url}/erase", "k1")

        assert (written.status, written.headers["location"]) == (202, url)
        assert (erased.status, erased.json) == (202, {"id": "auth0|900", "version": 2})

    async def test_a_customer_may_be_called_by_an_address(self, registry: Registry) -> None:
        """What an id cannot have is written otherwise, the same in every place; nobody else comes to be them by it."""
        customer = registry.caller("https://id.example/900", "customer")
        url = "/customers/v1/customers/https:~2F~2Fid.example~2F900"

        written = await customer.send("PUT", url, json=PROFILE)

        assert (written.status, written.json["id"]) == (202, "https:~2F~2Fid.example~2F900")
        assert (await registry.reader("https://id.example/900", "customer").get(url)).status == 200
        assert (await registry.reader("https:~2F~2Fid.example~2F900", "customer").get(url)).status == 404
        assert (await customer.post(f"{url}/erase", "k1")).status == 202

    async def test_nobody_erases_another(self, registry: Registry) -> None:
        """And they do not learn whether there is one."""
        assert (await registry.caller("901", "customer").post(f"{URL}/erase", "k1")).status == 404

    async def test_who_has_no_profile_can_be_erased(self, registry: Registry) -> None:
        """An address on an order was sealed for them all the same."""
        elsewhere = await registry.personal.seal("900", "12 St James's Square")

        assert await registry.erased("900")
        assert await registry.personal.open(elsewhere) is None

    async def test_who_is_leaving_changes_nothing_any_more(self, customer: ApiSpec) -> None:
        """What is under way goes on with the profile that there is."""
        await customer.post(f"{URL}/erase", "k1")

        reply = await customer.send("PUT", URL, json=PROFILE)

        assert (reply.status, reply.json["code"]) == (409, "customer-is-leaving")

    async def test_erasing_twice_is_erasing_once(self, customer: ApiSpec) -> None:
        """Repeated or asked for anew."""
        await customer.send("PUT", URL, json=PROFILE)
        first = await customer.post(f"{URL}/erase", "k1")

        replies = [await customer.post(f"{URL}/erase", key) for key in ("k1", "k2")]

        assert [reply.json for reply in replies] == [first.json] * 2

    async def test_an_erased_customer_does_not_come_back(self, registry: Registry, customer: ApiSpec) -> None:
        """Nothing can be written in their name any more."""
        await registry.erased("900")

        reply = await customer.send("PUT", URL, json=PROFILE)

        assert (reply.status, reply.json["code"]) == (409, "customer-erased")

    async def test_nothing_can_be_written_without_a_key(self, registry: Registry, customer: ApiSpec) -> None:
        """Where the key is destroyed the customer is erased, whatever the record says yet."""
        await registry.personal.erase("900")

        reply = await customer.send("PUT", URL, json=PROFILE)

        assert (reply.status, reply.json["code"]) == (409, "customer-erased")

    async def test_a_request_that_was_answered_keeps_its_answer(self, registry: Registry, customer: ApiSpec) -> None:
        """Also when it is repeated after the erasure, with nothing left to seal it with."""
        first = await customer.send("PUT", URL, json=PROFILE, headers={"Idempotency-Key": "k1"})
        await registry.erased("900")

        again = await customer.send("PUT", URL, json=PROFILE, headers={"Idempotency-Key": "k1"})

        assert (again.status, again.body, again.headers["idempotent-replayed"]) == (202, first.body, "true")


class TestRaces:
    async def test_an_erasure_wins_against_whatever_is_being_written(self, registry: Registry) -> None:
        """Each write comes before the request or is refused; in the end there is no profile and no key."""
        customer = registry.caller("900", "customer")
        names = [{**PROFILE, "name": f"Ada {number}"} for number in range(12)]
        writes = [customer.send("PUT", URL, json=profile) for profile in names]

        replies = await asyncio.gather(*writes[:6], customer.post(f"{URL}/erase", "k1"), *writes[6:])

        assert replies[6].status == 202
        assert {reply.status for reply in replies} <= {202, 409}
        assert await registry.walk() == 1
        assert isinstance((await registry.vault.find(["900"]))["900"], Erased)
