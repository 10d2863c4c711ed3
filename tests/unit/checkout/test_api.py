"""The checkout over HTTP: who may start what, see what, and what is written down of it."""

from typing import Any, ClassVar

import pytest
from pydantic_core import to_json

from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.workflow.calls import Request, Response
from shared.testing.api_spec import ApiSpec
from tests.unit.checkout.conftest import Counter
from tests.unit.checkout.shop import usd

URL = "/checkout/v1/checkouts"
REFUSED = Response(409, {"code": "out-of-order", "detail": "the place is taken"})
ADDRESS = {
    "name": "Ada Example",
    "lines": ["12 Analytical Way"],
    "city": "Springfield",
    "region": "IL",
    "postal_code": "12345",
    "country": "US",
}
BODY: dict[str, Any] = {
    "cart_id": "c1",
    "cart_version": 7,
    "expected_total": {"amount": 830, "currency": "USD"},
    "payment_token": "pm_card_visa",
    "shipping_address": ADDRESS,
    "coupons": ["TEN"],
}


async def test_a_checkout_is_accepted_and_can_be_followed(counter: Counter, customer: ApiSpec) -> None:
    """202 with the place where its state is."""
    reply = await customer.post(URL, "k", BODY)

    assert reply.status == 202
    await counter.run(reply.json["id"])
    shown = await counter.reader("900", "customer").get(reply.headers["location"])
    assert (shown.status, shown.json["status"], shown.json["order_id"]) == (200, "completed", reply.json["id"])
    assert shown.json["total"] == {"amount": 830, "currency": "USD"}
    assert [entry["step"] for entry in shown.json["timeline"] if entry["what"] == "succeeded"] == [
        "read_cart",
        "check_products",
        "quote",
        "check_out_cart",
        "redeem_coupons",
        "create_order",
        "reserve_items",
        "authorize_payment",
        "confirm_order",
        "allocate_items",
        "capture_payment",
        "place_order",
    ]


async def test_the_same_request_is_the_same_checkout(customer: ApiSpec) -> None:
    """However often it is sent under its key."""
    first, second = await customer.post(URL, "k", BODY), await customer.post(URL, "k", BODY)

    assert first.json == second.json


async def test_the_end_is_published(counter: Counter, customer: ApiSpec) -> None:
    """Others hear of it from the commit that ends it."""
    reply = await customer.post(URL, "k", BODY)
    await counter.run(reply.json["id"])

    (message,) = counter.topics.on("checkout-events")
    assert message.attributes["ce-type"] == "commerce.checkout.CheckoutCompleted.v1"


async def test_commits_say_what_asked_for_them(counter: Counter, customer: ApiSpec) -> None:
    """The orchestrator is woken by what others ask for, not by itself."""
    await counter.run((await customer.post(URL, "k", BODY)).json["id"])

    commands = [message.attributes["ce-command"] for message in counter.topics.on("checkout-commits")]
    assert commands == ["BeginAttempt", "Start", "Resume", *["RecordOutcome"] * 12]


async def test_address_and_card_are_written_down_nowhere(counter: Counter, customer: ApiSpec) -> None:
    """Log, topics and requests hold them sealed; only the country is known."""
    reply = await customer.post(URL, "k", BODY)
    await counter.run(reply.json["id"])

    commits = [commit.body for commit in await counter.log(reply.json["id"])]
    sent = [message.data for _, message in counter.topics.sent]
    asked = [to_json(request.body) for request in counter.shop.asked]
    secrets = (b"Ada", b"Analytical", b"pm_card_visa")
    assert not any(word in text for text in [*commits, *sent, *asked] for word in secrets)


class TestWhoMay:
    @pytest.mark.parametrize("field", [{"customer_id": "901"}, {"at": "2017-03-06T12:00:00Z"}])
    async def test_state_whose_and_when(self, customer: ApiSpec, field: dict[str, str]) -> None:
        """Customers check out for themselves, and now."""
        reply = await customer.post(URL, "k", {**BODY, **field})

        assert (reply.status, reply.json["code"], reply.fields_at_fault) == (403, "field-reserved", [*field])

    @pytest.mark.parametrize(("role", "status"), [("customer", 403), ("pos", 202)])
    async def test_state_what_a_coupon_takes_off(self, counter: Counter, role: str, status: int) -> None:
        """A till does; a customer would choose what to pay."""
        stated = {"code": "TEN", "stated": {"amount": 999, "currency": "USD"}}
        whose = {"customer_id": "900"} if role == "pos" else {}

        reply = await counter.caller("900", role).post(URL, "k", {**BODY, **whose, "coupons": ["NINE", stated]})

        assert reply.status == status
        assert status == 202 or (reply.json["code"], reply.fields_at_fault) == ("field-reserved", ["coupons"])

    async def test_staff_say_whose_cart_it_is(self, counter: Counter) -> None:
        """A till is not a customer."""
        till = counter.caller("till-1", "pos")

        missing = await till.post(URL, "k1", BODY)
        given = await till.post(URL, "k2", {**BODY, "customer_id": "900", "at": "2017-03-06T12:00:00Z"})

        assert (missing.status, missing.fields_at_fault) == (400, ["customer_id"])
        await counter.run(given.json["id"])
        (message,) = counter.topics.on("checkout-events")
        assert b"2017-03-06" in message.data

    async def test_see_it(self, counter: Counter, customer: ApiSpec) -> None:
        """A customer sees their own checkouts; of others' not that they exist."""
        reply = await customer.post(URL, "k", BODY)
        await counter.run(reply.json["id"])

        stranger = await counter.reader("901", "customer").get(reply.headers["location"])
        listed = await counter.reader("901", "customer").get(f"{URL}?status=completed")
        own = await counter.reader("900", "customer").get(f"{URL}?status=completed")

        assert (stranger.status, listed.json["items"], len(own.json["items"])) == (404, [], 1)

    async def test_check_out_a_cart(self, counter: Counter) -> None:
        """Of somebody else's cart nobody learns that it exists, whatever version they state."""
        stranger = counter.caller("901", "customer")

        replies = [await stranger.post(URL, f"k{n}", {**BODY, "cart_version": n}) for n in (1, 7, 99)]

        assert {(each.status, each.json["code"]) for each in replies} == {(409, "cart-not-found")}
        assert counter.shop.cart == "open"

    @pytest.mark.parametrize("action", ["retry", "force-compensate"])
    async def test_act_on_it(self, customer: ApiSpec, action: str) -> None:
        """Only operators retry and turn back."""
        reply = await customer.post(URL, "k", BODY)

        refused = await customer.post(f"{URL}/{reply.json['id']}/{action}", "a", {"reason": "other"})

        assert refused.status == 403


class TestOperators:
    async def test_turn_a_checkout_back(self, counter: Counter, customer: ApiSpec, operator: ApiSpec) -> None:
        """Before the pivot; who did it, and why, is in the history for staff."""
        checkout_id = (await customer.post(URL, "k", BODY)).json["id"]

        reply = await operator.post(f"{URL}/{checkout_id}/force-compensate", "a", {"reason": "fraud"})

        assert reply.status == 202
        await counter.run(checkout_id)
        shown = await counter.reader("7", "operator").get(f"{URL}/{checkout_id}")
        history = await counter.reader("7", "operator").get(f"{URL}/{checkout_id}/history")
        assert (shown.json["status"], shown.json["reason"]["code"]) == ("failed", "forced-by-operator")
        assert ("ForceCompensate", "operator:7") in [(x["command"], x["actor"]) for x in history.json["items"]]

    @pytest.mark.parametrize(
        ("action", "code"), [("force-compensate", "past-the-pivot"), ("retry", "workflow-is-over")]
    )
    async def test_leave_alone_what_is_over(
        self, counter: Counter, customer: ApiSpec, operator: ApiSpec, action: str, code: str
    ) -> None:
        """What is placed stays placed."""
        checkout_id = (await customer.post(URL, "k", BODY)).json["id"]
        await counter.run(checkout_id)

        reply = await operator.post(f"{URL}/{checkout_id}/{action}", "a", {"reason": "other"})

        assert (reply.status, reply.json["code"]) == (409, code)

    async def test_find_what_is_stuck_and_have_it_go_on(
        self, counter: Counter, customer: ApiSpec, operator: ApiSpec, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Listed by status, of all customers; once its cause is mended, a retry ends it, and the log says who asked."""
        answer = counter.shop.answer

        async def cannot_place(request: Request) -> Response:
            return REFUSED if request.path.endswith("/place") else await answer(request)

        monkeypatch.setattr(counter.shop, "answer", cannot_place)
        checkout_id = (await customer.post(URL, "k", BODY)).json["id"]
        staff = counter.reader("7", "operator")
        while not (stuck := (await staff.get(f"{URL}?status=stuck")).json["items"]):
            await counter.run(checkout_id)
            counter.clock.advance(minutes=3)
        monkeypatch.undo()
        retried = await operator.post(f"{URL}/{checkout_id}/retry", "r", {"reason": "outage"})
        await counter.run(checkout_id)

        shown = await staff.get(f"{URL}/{checkout_id}")
        assert [each["id"] for each in stuck] == [checkout_id]
        assert (retried.status, shown.json["status"]) == (202, "completed")
        assert "operator:7" in [commit.context.actor for commit in await counter.log(checkout_id)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cart_id", "no such id!"),
        ("payment_token", "4242424242424242"),
        ("shipping_address", {**ADDRESS, "country": "Utopia"}),
        ("shipping_address", {**ADDRESS, "lines": []}),
        ("shipping_address", {**ADDRESS, "lines": [""]}),
        ("shipping_address", {**ADDRESS, "lines": ["x" * 101]}),
        ("shipping_address", {**ADDRESS, "name": "Ada\nExample"}),
        ("shipping_address", {**ADDRESS, "postal_code": ""}),
        ("coupons", ["TEN", {"code": "ten"}]),
        ("coupons", ["a code with spaces"]),
        ("coupons", ["TEN"] * 51),
        ("cart_version", 0),
        ("expected_total", {"amount": -1, "currency": "USD"}),
        ("surprise", 1),
    ],
)
async def test_odd_input_is_refused(customer: ApiSpec, field: str, value: object) -> None:
    """A card number, a country that is none, a coupon twice: named, and nothing begins."""
    reply = await customer.post(URL, "k", {**BODY, field: value})

    assert (reply.status, {name.partition(".")[0] for name in reply.fields_at_fault}) == (400, {field})


class TestWhatWasAgreedOn:
    @pytest.mark.parametrize("role", ["customer", "pos", "operator"])
    @pytest.mark.parametrize("field", ["cart_version", "expected_total"])
    async def test_is_stated(self, counter: Counter, role: str, field: str) -> None:
        """By everybody: nobody is charged what they did not see."""
        body = {name: value for name, value in BODY.items() if name != field}

        reply = await counter.caller("900", role).post(URL, "k", body)

        assert (reply.status, reply.fields_at_fault) == (400, [field])

    @pytest.mark.parametrize("version", [6, 8])
    async def test_is_refused_at_once_where_the_cart_is_another_one(
        self, counter: Counter, customer: ApiSpec, version: int
    ) -> None:
        """With the version that it has."""
        reply = await customer.post(URL, "k", {**BODY, "cart_version": version})

        assert (reply.status, reply.headers["etag"], reply.fields_at_fault) == (412, '"7"', ["cart_version"])
        assert counter.topics.sent == []

    async def test_turns_back_where_the_cart_changes_meanwhile(self, counter: Counter, customer: ApiSpec) -> None:
        """Another item, put in right after "buy", is not sold with it."""
        checkout_id = (await customer.post(URL, "k", BODY)).json["id"]
        counter.shop.cart_version = 8
        await counter.run(checkout_id)

        shown = await counter.reader("900", "customer").get(f"{URL}/{checkout_id}")
        assert (shown.json["status"], shown.json["reason"]["code"]) == ("failed", "version-mismatch")
        assert counter.shop.payment == "absent"

    async def test_turns_back_where_it_comes_to_another_total(self, counter: Counter, customer: ApiSpec) -> None:
        """The reason shows what it comes to."""
        checkout_id = (await customer.post(URL, "k", {**BODY, "expected_total": usd(829)})).json["id"]
        await counter.run(checkout_id)

        reason = (await counter.reader("900", "customer").get(f"{URL}/{checkout_id}")).json["reason"]
        assert (reason["code"], "830 USD" in reason["detail"]) == ("total-differs", True)
        assert counter.shop.payment == "absent"

    async def test_needs_the_cart(self, counter: Counter, customer: ApiSpec, monkeypatch: pytest.MonkeyPatch) -> None:
        """While the cart cannot be asked a checkout is not accepted: 503, and it can be sent again."""

        async def down(_: Request) -> Response:
            raise UnavailableError("down")

        monkeypatch.setattr(counter.shop, "answer", down)
        refused = await customer.post(URL, "k", BODY)
        monkeypatch.undo()

        assert (refused.status, (await customer.post(URL, "k", BODY)).status) == (503, 202)


class TestWhoLeaves:
    async def test_begins_nothing_new(self, counter: Counter, customer: ApiSpec) -> None:
        """Their erasure was requested, and waits for what was begun before; nothing is written about them."""
        counter.shop.leaving = True

        reply = await customer.post(URL, "k", BODY)

        assert (reply.status, reply.json["code"], counter.topics.sent) == (409, "customer-is-leaving", [])

    async def test_gets_the_answer_to_what_was_begun(self, counter: Counter, customer: ApiSpec) -> None:
        """The same request again is the same checkout."""
        first = await customer.post(URL, "k", BODY)
        counter.shop.leaving = True

        assert (await customer.post(URL, "k", BODY)).json == first.json


class TestAPreview:
    PREVIEW: ClassVar = {"cart_id": "c1", "country": "US", "coupons": ["TEN"]}
    URL = "/checkout/v1/previews"

    async def test_shows_what_the_checkout_charges(self, counter: Counter, customer: ApiSpec) -> None:
        """A checkout that states what it shows is completed, at that total."""
        seen = (await counter.reader("900", "customer").query(self.URL, self.PREVIEW)).json
        stated = {"cart_version": seen["cart_version"], "expected_total": seen["total"]}
        checkout_id = (await customer.post(URL, "k", {**BODY, **stated})).json["id"]
        await counter.run(checkout_id)

        shown = await counter.reader("900", "customer").get(f"{URL}/{checkout_id}")
        assert (shown.json["status"], shown.json["total"], seen["total"]) == ("completed", usd(830), usd(830))

    async def test_has_no_effect(self, counter: Counter) -> None:
        """Nothing is written here, and the others are asked nothing but queries."""
        reply = await counter.reader("900", "customer").query(self.URL, self.PREVIEW)

        asked = [(request.service, request.method, request.path) for request in counter.shop.asked]
        assert reply.status == 200
        assert (counter.topics.sent, counter.shop.redemption, counter.shop.cart) == ([], "absent", "open")
        assert asked == [
            ("cart", "GET", "/carts/c1?min_version=1"),
            ("catalog", "POST", "/availability"),
            ("pricing", "POST", "/quotes"),
            ("promotions", "POST", "/discounts"),
        ]

    async def test_of_lines_needs_no_cart(self, counter: Counter) -> None:
        """What is not in a cart yet has a total, too."""
        body = {"lines": [{"sku": "milk", "quantity": 3}], "country": "US"}

        seen = (await counter.reader("900", "customer").query(self.URL, body)).json

        assert (seen["cart_version"], seen["total"]) == (None, usd(750))

    async def test_of_somebody_elses_cart_is_not_found(self, counter: Counter) -> None:
        """As if there were none; the shop's people see everybody's."""
        replies = [await counter.reader("901", role).query(self.URL, self.PREVIEW) for role in ("customer", "operator")]

        assert [reply.status for reply in replies] == [409, 200]

    async def test_names_what_is_not_sold(self, counter: Counter) -> None:
        """As the checkout would."""
        counter.shop.unsold = ("milk",)

        reply = await counter.reader("900", "customer").query(self.URL, self.PREVIEW)

        assert (reply.status, reply.json["code"], "Fine milk" in reply.json["detail"]) == (
            409,
            "product-not-sold",
            True,
        )

    async def test_of_a_version_that_the_cart_has_not_is_refused(self, counter: Counter) -> None:
        """With the version that it has."""
        reply = await counter.reader("900", "customer").query(self.URL, {**self.PREVIEW, "min_version": 9})

        assert (reply.status, reply.headers["etag"]) == (412, '"7"')

    @pytest.mark.parametrize(
        ("changed", "status", "fields"),
        [
            ({"lines": [{"sku": "milk", "quantity": 1}]}, 400, ["cart_id"]),
            ({"cart_id": None}, 400, ["cart_id"]),
            ({"country": "Utopia"}, 400, ["country"]),
            ({"coupons": ["TEN", "TEN"]}, 400, ["coupons"]),
            ({"customer_id": "901"}, 403, ["customer_id"]),
            ({"at": "2017-03-06T12:00:00Z"}, 403, ["at"]),
            ({"surprise": 1}, 400, ["surprise"]),
        ],
    )
    async def test_refuses_odd_input(
        self, counter: Counter, changed: dict[str, object], status: int, fields: list[str]
    ) -> None:
        """A cart and lines, neither, a coupon twice, what is for staff."""
        reply = await counter.reader("900", "customer").query(self.URL, {**self.PREVIEW, **changed})

        assert (reply.status, reply.fields_at_fault) == (status, fields)
