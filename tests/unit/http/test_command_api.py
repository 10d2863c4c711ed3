"""The edge of the write side: what is accepted, what is refused, and what is never done twice."""

import asyncio
from collections.abc import Mapping

import pytest

from shared.eventsourcing.workflow.calls import Response
from shared.testing.api_spec import ApiSpec
from shared.testing.doubles import NOON
from tests.unit.http.conftest import Shop

CARTS = "/cart/v1/carts"
MILK = {"sku": "milk", "quantity": 2, "charged": {"amount": 500, "currency": "USD"}}
USD = {"currency": "USD"}
FOR_900 = {"currency": "USD", "customer_id": "900"}


async def opened(caller: ApiSpec, body: Mapping[str, object] = FOR_900) -> str:
    reply = await caller.post(CARTS, "open", body)
    assert reply.status == 202
    return str(reply.json["id"])


class TestAccepting:
    async def test_a_command_is_answered_with_where_and_which_version(self, till: ApiSpec) -> None:
        """An accepted command says where the entity is and at which version."""
        reply = await till.post(CARTS, "k1", FOR_900)

        assert (reply.status, reply.headers["etag"], reply.json["version"]) == (202, '"1"', 1)
        assert reply.headers["location"] == f"{CARTS}/{reply.json['id']}"

    async def test_a_command_appends_one_commit(self, shop: Shop, till: ApiSpec) -> None:
        """One accepted command is one commit with its author, its name and its time."""
        cart = await opened(till)

        (commit,) = await shop.log(cart)
        assert (commit.context.actor, commit.context.command) == ("pos:till-1", "OpenCart")
        assert commit.context.occurred_at == NOON

    async def test_a_till_states_the_business_time(self, shop: Shop, till: ApiSpec) -> None:
        """What a till recorded last year happened last year, and is kept in UTC."""
        cart = await opened(till, {**FOR_900, "opened_at": "2025-05-01T10:00:00+02:00"})

        (commit,) = await shop.log(cart)
        assert commit.context.occurred_at.isoformat() == "2025-05-01T08:00:00+00:00"

    async def test_a_commit_is_published_with_its_identity(self, shop: Shop, till: ApiSpec) -> None:
        """The domain topic gets one message a commit, a CloudEvent with the commit's id."""
        cart = await opened(till)

        (message,) = shop.topics.on("cart-commits")
        assert (message.id, message.attributes["ce-id"]) == (f"cart-{cart}@1", f"cart-{cart}@1")

    async def test_a_warm_command_reads_nothing(self, shop: Shop, till: ApiSpec) -> None:
        """An instance that knows a cart spends one commit on a command and no read."""
        cart = await opened(till)
        before = (dict(shop.counts.rpcs), shop.counts.documents_read)

        await till.post(f"{CARTS}/{cart}/items", "k2", MILK)

        spent = {name: n - before[0].get(name, 0) for name, n in shop.counts.rpcs.items()}
        assert ({name: n for name, n in spent.items() if n}, shop.counts.documents_read - before[1]) == (
            {"Commit": 1},
            0,
        )

    async def test_a_matching_version_is_accepted(self, till: ApiSpec) -> None:
        """If-Match with the current version lets the command through."""
        cart = await opened(till)

        reply = await till.post(f"{CARTS}/{cart}/items", "k2", MILK, if_match='"1"')

        assert reply.status == 202


class TestOnce:
    async def test_the_same_request_gets_the_same_answer(self, shop: Shop, till: ApiSpec) -> None:
        """A repeated request is answered as the first time, and done once."""
        cart = await opened(till)
        first = await till.post(f"{CARTS}/{cart}/items", "k2", MILK)
        await till.post(f"{CARTS}/{cart}/items", "k3", {**MILK, "sku": "tea"})

        again = await till.post(f"{CARTS}/{cart}/items", "k2", MILK)

        assert (again.status, again.body, again.headers["etag"]) == (first.status, first.body, first.headers["etag"])
        assert len(await shop.log(cart)) == 3

    async def test_a_repeated_answer_says_so(self, till: ApiSpec) -> None:
        """A replayed answer carries a header; the first one does not."""
        first = await till.post(CARTS, "k1", FOR_900)
        again = await till.post(CARTS, "k1", FOR_900)

        assert ("idempotent-replayed" in first.headers, again.headers["idempotent-replayed"]) == (False, "true")

    async def test_another_instance_gives_the_same_answer(self, shop: Shop, till: ApiSpec) -> None:
        """The first answer is kept with the events, not in an instance."""
        first = await till.post(CARTS, "k1", FOR_900)
        elsewhere = ApiSpec(shop.new_instance(), till.token)

        again = await elsewhere.post(CARTS, "k1", FOR_900)

        assert again.body == first.body

    async def test_a_repeat_is_answered_even_if_it_would_be_refused_now(self, till: ApiSpec) -> None:
        """The first answer stands though the cart has been checked out since."""
        cart = await opened(till)
        first = await till.post(f"{CARTS}/{cart}/items", "k2", MILK)
        await till.post(f"{CARTS}/{cart}/checkout", "k3")

        again = await till.post(f"{CARTS}/{cart}/items", "k2", MILK)

        assert (again.status, again.body) == (202, first.body)

    async def test_a_command_without_effect_keeps_its_answer(self, shop: Shop, till: ApiSpec) -> None:
        """Doing nothing is an answer too: repeated after a change it still does nothing."""
        cart = await opened(till)
        await till.post(f"{CARTS}/{cart}/items", "k2", MILK)
        await till.post(f"{CARTS}/{cart}/checkout", "k3")
        first = await till.post(f"{CARTS}/{cart}/checkout", "k4")
        operator = shop.caller("op", "operator")
        await operator.post(f"{CARTS}/{cart}/restore", "k5", {"reason": "mistake"})

        again = await till.post(f"{CARTS}/{cart}/checkout", "k4")

        assert (again.body, (await shop.log(cart))[-1].context.command) == (first.body, "RestoreCart")

    async def test_a_hundred_at_once_are_one(self, shop: Shop, till: ApiSpec) -> None:
        """Identical parallel requests make one commit and get equal answers."""
        replies = await asyncio.gather(*(till.post(CARTS, "k1", FOR_900) for _ in range(100)))

        assert len({(reply.status, reply.body) for reply in replies}) == 1
        assert len(await shop.log(replies[0].json["id"])) == 1

    async def test_a_hundred_at_once_on_two_instances_are_one(self, shop: Shop, till: ApiSpec) -> None:
        """Instances that know nothing of each other still do it once."""
        elsewhere = ApiSpec(shop.new_instance(), till.token)
        calls = [caller.post(CARTS, "k1", FOR_900) for caller in (till, elsewhere) for _ in range(50)]
        replies = await asyncio.gather(*calls)

        assert {reply.body for reply in replies} == {replies[0].body}

    async def test_another_body_under_the_same_key_is_refused(self, shop: Shop, till: ApiSpec) -> None:
        """A key stands for one request for ever."""
        cart = await opened(till)
        await till.post(f"{CARTS}/{cart}/items", "k2", MILK)

        reply = await till.post(f"{CARTS}/{cart}/items", "k2", {**MILK, "quantity": 3})

        assert (reply.status, reply.json["code"]) == (422, "idempotency-key-reused")
        assert len(await shop.log(cart)) == 2

    async def test_keys_of_different_callers_do_not_meet(self, till: ApiSpec, shop: Shop) -> None:
        """A key belongs to its caller."""
        other = shop.caller("till-2", "pos")
        first, second = await till.post(CARTS, "k1", FOR_900), await other.post(CARTS, "k1", FOR_900)

        assert first.json["id"] != second.json["id"]

    async def test_a_refused_request_may_be_repeated(self, till: ApiSpec) -> None:
        """A refusal is not kept: the same request is decided anew."""
        cart = await opened(till)
        refused = await till.post(f"{CARTS}/{cart}/checkout", "k2")
        await till.post(f"{CARTS}/{cart}/items", "k3", MILK)

        accepted = await till.post(f"{CARTS}/{cart}/checkout", "k2")

        assert (refused.status, accepted.status) == (409, 202)


class TestRefusing:
    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "currency"),
            ({"currency": "usd"}, "currency"),
            ({"currency": 7}, "currency"),
            ({**FOR_900, "coupon": "X"}, "coupon"),
            ({"currency": "USD", "customer_id": "a/b"}, "customer_id"),
            ({**FOR_900, "opened_at": "yesterday"}, "opened_at"),
            ({**FOR_900, "opened_at": 5}, "opened_at"),
            ({**FOR_900, "opened_at": "1767225600"}, "opened_at"),
            ({**FOR_900, "opened_at": "2026-01-01T10:00:00"}, "opened_at"),
        ],
    )
    async def test_a_wrong_field_is_named(self, till: ApiSpec, body: dict[str, object], field: str) -> None:
        """A body that does not fit is refused, and the field at fault is named."""
        reply = await till.post(CARTS, "k1", body)

        assert (reply.status, reply.fields_at_fault) == (400, [field])
        assert reply.headers["content-type"] == "application/problem+json"

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"quantity": 0}, "quantity"),
            ({"quantity": -1}, "quantity"),
            ({"quantity": 1.5}, "quantity"),
            ({"quantity": 2.0}, "quantity"),
            ({"quantity": "3"}, "quantity"),
            ({"quantity": True}, "quantity"),
            ({"quantity": 10**30}, "quantity"),
            ({"sku": ""}, "sku"),
            ({"sku": "../x"}, "sku"),
            ({"charged": {"amount": 1.5, "currency": "USD"}}, "charged.amount"),
            ({"charged": {"amount": -1, "currency": "USD"}}, "charged.amount"),
            ({"charged": {"amount": 1, "currency": "EUR"}}, "charged.currency"),
            ({"charged": None}, "charged"),
        ],
    )
    async def test_a_wrong_item_is_refused_and_changes_nothing(
        self, shop: Shop, till: ApiSpec, change: dict[str, object], field: str
    ) -> None:
        """A bad line is refused by field, and the log is as before."""
        cart = await opened(till)

        reply = await till.post(f"{CARTS}/{cart}/items", "k2", {**MILK, **change})

        assert (reply.status in (400, 409), reply.fields_at_fault) == (True, [field])
        assert len(await shop.log(cart)) == 1

    @pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"\xff\xfe", b'{"currency": "USD"', b'"x"'])
    async def test_what_is_not_a_json_object_is_refused(self, till: ApiSpec, body: bytes) -> None:
        """Whatever is sent as a body, the answer is a 400."""
        reply = await till.send("POST", CARTS, body=body, headers={"Idempotency-Key": "k1"})

        assert reply.status == 400

    async def test_a_body_has_a_limit(self, till: ApiSpec) -> None:
        """A body above 256 KiB is refused."""
        reply = await till.send("POST", CARTS, body=b" " * (256 * 1024 + 1), headers={"Idempotency-Key": "k1"})

        assert reply.status == 413

    async def test_a_body_must_be_json(self, till: ApiSpec) -> None:
        """Another media type is refused."""
        headers = {"Idempotency-Key": "k1", "content-type": "text/plain"}
        reply = await till.send("POST", CARTS, json=FOR_900, headers=headers)

        assert reply.status == 415

    async def test_a_post_needs_a_key(self, till: ApiSpec) -> None:
        """A POST without an idempotency key is refused."""
        reply = await till.send("POST", CARTS, json=FOR_900)

        assert (reply.status, reply.json["code"]) == (400, "idempotency-key-missing")

    @pytest.mark.parametrize("key", ["", " ", "x" * 256, "tab\there", "ä"])
    async def test_a_key_is_short_and_printable(self, till: ApiSpec, key: str) -> None:
        """A key that could not be stored or logged is refused."""
        reply = await till.post(CARTS, key, FOR_900)

        assert (reply.status, reply.fields_at_fault) == (400, ["Idempotency-Key"])

    @pytest.mark.parametrize("header", ["X-Correlation-Id", "X-Causation-Id"])
    @pytest.mark.parametrize("value", ["", "two words", "caf\xe9", "x" * 256])
    async def test_an_id_of_a_flow_is_fit_for_a_header(
        self, shop: Shop, till: ApiSpec, header: str, value: str
    ) -> None:
        """What would travel on as a header of every message is refused by name if it cannot."""
        url = f"{CARTS}/{await opened(till)}/checkout"
        reply = await shop.caller("checkout", "service").post(url, "k1", **{header: value})

        assert (reply.status, reply.fields_at_fault) == (400, [header])

    @pytest.mark.parametrize("role", ["customer", "pos", "operator"])
    @pytest.mark.parametrize("value", ["another-flow", "two words"])
    async def test_a_strangers_flow_is_nobodys(self, shop: Shop, role: str, value: str) -> None:
        """Log, messages and log line have ids of our own, whatever the caller states, and however."""
        flow = {"x_correlation_id": value, "x_causation_id": value, "ce_correlationid": value, "ce_id": value}

        reply = await shop.caller("900", role).post(CARTS, "k1", {"currency": "USD"}, **flow)

        (commit,), context = await shop.log(reply.json["id"]), (await shop.log(reply.json["id"]))[0].context
        assert (context.correlation_id, context.causation_id) == (context.command_id, None)
        assert shop.lines[-1]["correlation_id"] == context.command_id
        assert value not in repr((commit, shop.topics.sent, shop.lines))

    async def test_another_version_is_refused(self, shop: Shop, till: ApiSpec) -> None:
        """If-Match with another version changes nothing and says which version there is."""
        cart = await opened(till)

        reply = await till.post(f"{CARTS}/{cart}/items", "k2", MILK, if_match='"7"')

        assert (reply.status, reply.headers["etag"], len(await shop.log(cart))) == (412, '"1"', 1)

    async def test_the_future_is_refused(self, till: ApiSpec) -> None:
        """Nothing has happened yet that happens tomorrow."""
        reply = await till.post(CARTS, "k1", {**FOR_900, "opened_at": "2026-03-02T12:00:00Z"})

        assert (reply.status, reply.fields_at_fault) == (400, ["opened_at"])

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("POST", "/cart/v1/nothing", 404),
            ("POST", "/cart/v1/carts/a%2Fb/items", 404),
            ("GET", "/cart/v1/carts", 405),
            ("PUT", "/cart/v1/carts", 405),
        ],
    )
    async def test_other_paths_and_methods_are_refused(
        self, till: ApiSpec, method: str, path: str, status: int
    ) -> None:
        """What is not declared is not there."""
        reply = await till.send(method, path, headers={"Idempotency-Key": "k1"})

        assert reply.status == status


class TestWho:
    async def test_a_caller_needs_a_token(self, shop: Shop) -> None:
        """Without a token there is nothing to talk about."""
        reply = await ApiSpec(shop.function).post(CARTS, "k1", USD)

        assert (reply.status, reply.headers["www-authenticate"]) == (401, "Bearer")

    async def test_a_token_for_somebody_else_is_refused(self, shop: Shop) -> None:
        """A token of another audience is not for us."""
        token = shop.token("900", "customer", audience="elsewhere")
        reply = await ApiSpec(shop.function, token).post(CARTS, "k1", USD)

        assert reply.status == 401

    async def test_a_token_signed_by_somebody_else_is_refused(self, shop: Shop, tmp_path: object) -> None:
        """A token of the same name from another key is not from our issuer."""
        from emulators.edge.issuer import Issuer  # noqa: PLC0415 - the forger

        token = Issuer("https://issuer.test", clock=shop.clock).mint("900", roles=["customer"], audience="shop")
        reply = await ApiSpec(shop.function, token).post(CARTS, "k1", USD)

        assert reply.status == 401

    async def test_an_expired_token_is_refused(self, shop: Shop, till: ApiSpec) -> None:
        """A token is good until it expires, also one that was accepted before."""
        await till.post(CARTS, "k1", FOR_900)
        shop.clock.advance(hours=25)

        assert (await till.post(CARTS, "k2", FOR_900)).status == 401

    @pytest.mark.parametrize("token", ["", "x", "a.b.c", "null"])
    async def test_what_is_no_token_is_refused(self, shop: Shop, token: str) -> None:
        """Whatever stands in the header, the answer is a 401."""
        reply = await ApiSpec(shop.function, token).post(CARTS, "k1", USD)

        assert reply.status == 401

    async def test_a_caller_without_a_role_may_nothing(self, shop: Shop) -> None:
        """A good token of nobody in particular is refused."""
        reply = await shop.caller("900").post(CARTS, "k1", USD)

        assert reply.status == 403

    async def test_a_customer_opens_their_own_cart(self, shop: Shop, customer: ApiSpec) -> None:
        """A customer's cart is theirs, and a cart of the web."""
        cart = await opened(customer, USD)

        (commit,) = await shop.log(cart)
        assert (commit.events[0].data["customer_id"], commit.events[0].data["channel"]) == ("900", "web")

    @pytest.mark.parametrize("field", [{"customer_id": "901"}, {"opened_at": "2025-01-01T00:00:00Z"}])
    async def test_a_customer_states_neither_owner_nor_time(self, customer: ApiSpec, field: dict[str, str]) -> None:
        """Whose cart it is and when it was opened is not for customers to say."""
        reply = await customer.post(CARTS, "k1", {**USD, **field})

        assert (reply.status, reply.fields_at_fault) == (403, list(field))

    async def test_a_customer_never_states_a_price(self, shop: Shop, customer: ApiSpec) -> None:
        """A price from a customer is refused, and changes nothing."""
        cart = await opened(customer, USD)

        reply = await customer.post(f"{CARTS}/{cart}/items", "k2", MILK)

        assert (reply.status, reply.fields_at_fault, len(await shop.log(cart))) == (403, ["charged"], 1)

    async def test_another_customers_cart_is_not_there(self, shop: Shop, customer: ApiSpec) -> None:
        """A customer does not even learn that somebody else's cart exists."""
        cart = await opened(customer, USD)

        reply = await shop.caller("901", "customer").post(f"{CARTS}/{cart}/items", "k2", {"sku": "a", "quantity": 1})

        assert (reply.status, len(await shop.log(cart))) == (404, 1)

    async def test_another_customers_cart_is_as_if_it_were_not(self, shop: Shop, customer: ApiSpec) -> None:
        """Whatever version is named, somebody else's cart and no cart at all look the same."""
        cart = await opened(customer, USD)
        other = shop.caller("901", "customer")
        item = {"sku": "a", "quantity": 1}

        foreign = await other.post(f"{CARTS}/{cart}/items", "k2", item, if_match='"9"')
        absent = await other.post(f"{CARTS}/nobody/items", "k3", item, if_match='"9"')

        assert (foreign.status, foreign.body) == (absent.status, absent.body)

    async def test_a_customer_may_not_check_out(self, shop: Shop, customer: ApiSpec) -> None:
        """A cart of the web is bought by a checkout; locked by hand, nothing would open it again."""
        cart = await opened(customer, USD)
        await customer.post(f"{CARTS}/{cart}/items", "i", {"sku": "a", "quantity": 1})

        own = await customer.post(f"{CARTS}/{cart}/checkout", "k2")
        staff = await shop.caller("op", "operator").post(f"{CARTS}/{cart}/checkout", "k3")

        assert (own.status, staff.status, staff.json["code"]) == (403, 409, "checkout-missing")

    @pytest.mark.parametrize(("version", "status"), [(2, 202), (1, 412), (3, 412)])
    async def test_a_checkout_takes_the_version_that_was_agreed_on(
        self, shop: Shop, customer: ApiSpec, version: int, status: int
    ) -> None:
        """No earlier and no later one."""
        cart = await opened(customer, USD)
        await customer.post(f"{CARTS}/{cart}/items", "i", {"sku": "a", "quantity": 1})
        service = shop.caller("checkout", "service")

        reply = await service.post(f"{CARTS}/{cart}/checkout", "k", {"checkout_id": "k1"}, if_match=f'"{version}"')

        assert reply.status == status

    async def test_a_checkout_says_which_version_it_wants(self, shop: Shop, customer: ApiSpec) -> None:
        """Else its request could come after its own undo, and take the cart for nobody."""
        cart = await opened(customer, USD)

        reply = await shop.caller("checkout", "service").post(f"{CARTS}/{cart}/checkout", "k", {"checkout_id": "k1"})

        assert (reply.status, reply.fields_at_fault) == (400, ["If-Match"])

    async def test_of_thirty_checkouts_that_were_given_up_none_takes_the_cart_later(
        self, shop: Shop, customer: ApiSpec
    ) -> None:
        """The first one's request that comes after all of them is refused, and the cart is still open."""
        cart = await opened(customer, USD)
        await customer.post(f"{CARTS}/{cart}/items", "i", {"sku": "a", "quantity": 1})
        service = shop.caller("checkout", "service")
        for number in range(30):
            given_up = {"checkout_id": f"k{number}", "reason": "checkout-failed"}
            assert (await service.post(f"{CARTS}/{cart}/restore", f"r{number}", given_up)).status == 202

        late = await service.post(f"{CARTS}/{cart}/checkout", "late", {"checkout_id": "k0"}, if_match='"2"')

        assert late.status == 412
        assert (await customer.post(f"{CARTS}/{cart}/items", "j", {"sku": "b", "quantity": 1})).status == 202

    async def test_a_customer_may_not_restore(self, customer: ApiSpec) -> None:
        """Restoring is for the saga and for operators."""
        cart = await opened(customer, USD)
        reply = await customer.post(f"{CARTS}/{cart}/restore", "k2", {"reason": "other"})

        assert reply.status == 403


class TestWhatIsSold:
    UNSOLD = Response(200, {"unavailable": [{"sku": "a", "name": "Fine a", "listing": "delisted"}]})

    @pytest.fixture
    async def cart(self, shop: Shop, customer: ApiSpec) -> str:
        """With one of what is delisted right afterwards."""
        cart = await opened(customer, USD)
        await customer.post(f"{CARTS}/{cart}/items", "i", {"sku": "a", "quantity": 1})
        shop.services.answers["catalog", "/availability"] = self.UNSOLD
        return cart

    async def test_only_goes_into_a_cart(self, shop: Shop, customer: ApiSpec, cart: str) -> None:
        """What the catalog does not list is refused by its name, added or made more."""
        more = await customer.post(f"{CARTS}/{cart}/items", "j", {"sku": "a", "quantity": 1})
        changed = await customer.send("PUT", f"{CARTS}/{cart}/items/a", json={"quantity": 2})

        assert {(each.status, each.json["code"]) for each in (more, changed)} == {(409, "product-not-sold")}
        assert ("Fine a" in more.json["detail"], len(await shop.log(cart))) == (True, 2)

    async def test_can_be_taken_out(self, customer: ApiSpec, cart: str) -> None:
        """Whoever has it in the cart gets rid of it."""
        assert (await customer.send("DELETE", f"{CARTS}/{cart}/items/a")).status == 202

    async def test_is_what_a_till_has_in_its_hand(self, shop: Shop, till: ApiSpec, cart: str) -> None:
        """The catalog is not asked about it."""
        asked = len(shop.services.asked)
        rung_up = await opened(till)

        assert (await till.post(f"{CARTS}/{rung_up}/items", "t", MILK)).status == 202
        assert len(shop.services.asked) == asked

    async def test_is_not_known_while_the_catalog_is_down(self, shop: Shop, customer: ApiSpec, cart: str) -> None:
        """Nothing is added unseen: 503, and the same request is carried out later."""
        del shop.services.answers["catalog", "/availability"]
        refused = await customer.post(f"{CARTS}/{cart}/items", "k", {"sku": "b", "quantity": 1})
        shop.services.answers["catalog", "/availability"] = Response(200, {"unavailable": []})

        again = await customer.post(f"{CARTS}/{cart}/items", "k", {"sku": "b", "quantity": 1})

        assert (refused.status, again.status) == (503, 202)

    async def test_is_told_of_a_cart(self, shop: Shop, cart: str) -> None:
        """A cart that holds a delisted product says so, to its customer and to nobody else."""
        own = await shop.reader("900", "customer").get(f"{CARTS}/{cart}/availability")
        other = await shop.reader("901", "customer").get(f"{CARTS}/{cart}/availability")

        assert own.json == {"id": cart, "unavailable": [{"sku": "a", "name": "Fine a"}]}
        assert other.status == 404
