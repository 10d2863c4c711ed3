"""Stripe's client keeps what every payment provider promises, against a local Stripe; and what only it can show."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from urllib.parse import parse_qsl

import aiohttp
import pytest
import stripe as stripe_client
from aiohttp import web
from aiohttp.test_utils import TestServer

from emulators.processes.google import Emulator
from emulators.processes.ports import LOOPBACK, free_ports
from emulators.processes.stripe import SECRET_KEY, WEBHOOK_SECRET, send_webhooks, start_stripe
from functions.payments.adapters.stripe import StripeProvider
from functions.payments.effect import Settlement
from functions.payments.events import DisputeOutcome
from functions.payments.port import Intent, IntentStatus, RefundState
from functions.payments.webhook import StripeWebhook
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.money import Money
from shared.http.edge import guarded
from shared.testing.api_spec import ApiSpec
from tests.contract.payment_provider import PaymentProviderConformance, authorized, charge, order
from tests.unit.payments.payments_in_memory import (
    AUTHORIZE,
    AUTHORIZED,
    CAPTURE,
    CAPTURING,
    CREATED,
    REQUESTED,
    Lines,
    PaymentsInMemory,
    Shop,
)


@pytest.fixture(scope="module")
def local_stripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with start_stripe(log_file=tmp_path_factory.mktemp("stripe") / "stripe.log") as emulator:
        yield emulator


@pytest.fixture
async def provider(local_stripe: Emulator) -> AsyncIterator[StripeProvider]:
    stripe = StripeProvider(SECRET_KEY, f"http://{local_stripe.host}")
    yield stripe
    await stripe.close()


class TestStripeProvider(PaymentProviderConformance):
    pass


async def test_a_refund_that_is_refused_has_failed(provider: StripeProvider) -> None:
    """Stripe's refusal is an outcome, not an outage."""
    intent = await authorized(provider)
    await provider.capture(intent.intent_id)

    refused = await provider.refund(order(intent, "r1", 0))

    assert (refused.state, refused.provider_refund_id) == (RefundState.FAILED, "")


async def configure(stripe: Emulator, path: str, body: object = None) -> dict[str, str]:
    """What staff does in the dashboard, or a bank does."""
    url = f"http://{stripe.host}{path}"
    headers = {"Authorization": f"Bearer {SECRET_KEY}"}
    async with aiohttp.ClientSession() as session, session.post(url, json=body or {}, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        return dict(await answer.json())


async def test_a_disputed_payment_gives_nothing_back(local_stripe: Emulator, provider: StripeProvider) -> None:
    """Until the shop wins; the dispute is told of, and how it ended."""
    intent = await authorized(provider)
    await provider.capture(intent.intent_id)
    opened = await configure(local_stripe, "/_config/disputes", {"payment_intent": intent.intent_id})

    refused = await provider.refund(order(intent, "r1"))
    (found,) = (await provider.money_back(intent.intent_id)).disputes
    await configure(local_stripe, f"/_config/disputes/{opened['id']}", {"status": "won"})
    (won,) = (await provider.money_back(intent.intent_id)).disputes
    given = await provider.refund(order(intent, "r1"))

    assert (refused.state, refused.code) == (RefundState.FAILED, "charge_disputed")
    assert (found.dispute_id, found.amount.amount, found.outcome) == (opened["id"], 1998, None)
    assert (won.outcome, given.state) == (DisputeOutcome.WON, RefundState.COMPLETED)


async def test_a_refund_of_the_dashboard_is_told_of(local_stripe: Emulator, provider: StripeProvider) -> None:
    """Under an id that is made of the provider's, also when the bank sends it back."""
    intent = await authorized(provider)
    await provider.capture(intent.intent_id)
    made = await configure(local_stripe, "/v1/refunds", {"payment_intent": intent.intent_id, "amount": 600})
    await configure(local_stripe, f"/_config/refunds/{made['id']}/fail")

    (found,) = (await provider.money_back(intent.intent_id)).refunds

    assert (found.refund_id, found.provider_refund_id) == (f"provider-{made['id']}", made["id"])
    assert (found.state, found.code, found.amount.amount) == (RefundState.FAILED, "expired_or_canceled_card", 600)


@pytest.mark.parametrize(("currency", "amount", "sent"), [("ISK", 5, 500), ("UGX", 5, 500), ("MGA", 500, 5)])
async def test_amounts_are_sent_as_stripe_counts(local_stripe: Emulator, currency: str, amount: int, sent: int) -> None:
    """And come back as we count."""
    stripe = StripeProvider(SECRET_KEY, f"http://{local_stripe.host}")
    money = Money(amount=amount, currency=currency)
    intent = await stripe.create(replace(charge(), amount=money))
    await stripe.confirm(intent.intent_id)
    await stripe.capture(intent.intent_id)

    refunded = await stripe.refund(replace(order(intent, "r1"), amount=money))

    charged = await stripe._stripe.v1.payment_intents.retrieve_async(intent.intent_id)
    assert (charged.amount, refunded.amount, refunded.state) == (sent, money, RefundState.COMPLETED)
    await stripe.close()


async def test_the_local_stripe_refuses_what_stripe_refuses(provider: StripeProvider) -> None:
    """Fractions of what has none: a test here would not be believed otherwise."""
    creating = {"amount": 501, "currency": "isk", "payment_method": "pm_card_visa"}

    with pytest.raises(stripe_client.InvalidRequestError):
        await provider._stripe.v1.payment_intents.create_async(creating)  # type: ignore[arg-type] # it is refused


async def test_a_provider_that_is_down_is_unavailable() -> None:
    """Nobody listens."""
    (port,) = free_ports(1)
    stripe = StripeProvider(SECRET_KEY, f"http://{LOOPBACK}:{port}")

    with pytest.raises(UnavailableError):
        await stripe.create(charge())
    await stripe.close()


async def test_a_provider_that_never_answers_is_unavailable_in_time() -> None:
    """The client's own timeout is that of a person; ours is shorter."""

    async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)

    connections: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(accept, LOOPBACK, 0)
    stripe = StripeProvider(SECRET_KEY, f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}", timeout=0.2)
    started = time.monotonic()

    with pytest.raises(UnavailableError):
        await stripe.create(charge())

    assert time.monotonic() - started < 5
    for connection in connections:
        connection.close()
    server.close()
    await stripe.close()


class Scripted:
    """A Stripe that answers as the test says, by method and path."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, Mapping[str, object]]] = {}
        self.keys: list[str | None] = []
        self.bodies: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.keys.append(request.headers.get("Idempotency-Key"))
        self.bodies.append(await request.text())
        status, body = self.answers[f"{request.method} {request.path}"]
        return web.Response(status=status, text=json.dumps(body), content_type="application/json")


Script = tuple[Scripted, StripeProvider]


@pytest.fixture
async def scripted() -> AsyncIterator[Script]:
    script, app = Scripted(), web.Application()
    app.router.add_route("*", "/{path:.*}", script.answer)
    async with TestServer(app) as server:
        stripe = StripeProvider(SECRET_KEY, str(server.make_url("/")).rstrip("/"))
        yield script, stripe
        await stripe.close()


def intent(status: str, **more: object) -> dict[str, object]:
    return {"id": "pi_1", "object": "payment_intent", "status": status, "metadata": {"payment_id": "p1"}, **more}


def error(kind: str, **more: object) -> dict[str, object]:
    return {"error": {"type": kind, "message": "no", **more}}


INTENTS = "/v1/payment_intents"
REFUND = {"id": "re_1", "object": "refund", "amount": 500, "currency": "usd"}
CALLS = ("create", "confirm", "capture", "cancel", "get", "refund", "money_back")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (500, "api_error"),
        (429, "invalid_request_error"),
        (401, "invalid_request_error"),
        (403, "invalid_request_error"),
        (409, "idempotency_error"),
        (400, "idempotency_error"),
    ],
)
async def test_trouble_is_no_outcome(scripted: Script, status: int, kind: str) -> None:
    """Stripe's own failures, a limit, a wrong key and a request still under way: it may go better later."""
    script, stripe = scripted
    paths = [f"POST {INTENTS}", f"GET {INTENTS}/pi_1", "GET /v1/refunds"]
    paths += [f"POST {INTENTS}/pi_1/{call}" for call in ("confirm", "capture", "cancel")]
    script.answers = dict.fromkeys(paths, (status, error(kind)))
    held = Intent(intent_id="pi_1", payment_id="p1", status=IntentStatus.AUTHORIZED)
    arguments = {"create": charge(), "refund": order(held, "r1")}

    for call in CALLS:
        with pytest.raises(UnavailableError):
            await getattr(stripe, call)(arguments.get(call, "pi_1"))


@pytest.mark.parametrize(
    ("call", "status"),
    [("capture", "requires_capture"), ("cancel", "requires_capture")],
)
async def test_a_call_that_was_refused_and_changed_nothing_is_made_again(
    scripted: Script, call: str, status: str
) -> None:
    """A refusal is an outcome only if the intent has moved on."""
    script, stripe = scripted
    script.answers = {
        f"POST {INTENTS}/pi_1/{call}": (400, error("invalid_request_error")),
        f"GET {INTENTS}/pi_1": (200, intent(status)),
    }

    with pytest.raises(UnavailableError):
        await getattr(stripe, call)("pi_1")


@pytest.mark.parametrize(
    ("left", "outcome"),
    [
        ("canceled", (IntentStatus.DECLINED, "payment_method_not_available")),
        ("succeeded", (IntentStatus.CAPTURED, "")),
    ],
)
async def test_a_card_that_will_not_do_is_declined(
    scripted: Script, left: str, outcome: tuple[IntentStatus, str]
) -> None:
    """Stripe refuses even to try: the intent is cancelled, so that nobody can confirm it later; unless somebody did."""
    script, stripe = scripted
    script.answers = {
        f"POST {INTENTS}/pi_1/confirm": (400, error("invalid_request_error", code="payment_method_not_available")),
        f"GET {INTENTS}/pi_1": (200, intent("requires_confirmation")),
        f"POST {INTENTS}/pi_1/cancel": (200, intent(left)),
    }

    declined = await stripe.confirm("pi_1")

    assert (declined.status, declined.code) == outcome


async def test_an_intent_that_is_not_there_is_no_decline(scripted: Script) -> None:
    """It was made with another key, say: that is for people to mend, and the customer's card is not at fault."""
    script, stripe = scripted
    nothing = (404, error("invalid_request_error", code="resource_missing"))
    script.answers = {f"POST {INTENTS}/pi_1/confirm": nothing, f"GET {INTENTS}/pi_1": nothing}

    with pytest.raises(UnavailableError):
        await stripe.confirm("pi_1")


async def test_an_intent_that_is_odd_to_ask_for_is_unavailable(scripted: Script) -> None:
    """Only a 404 says that there is none."""
    script, stripe = scripted
    script.answers = {f"GET {INTENTS}/pi_1": (400, error("invalid_request_error"))}

    with pytest.raises(UnavailableError):
        await stripe.get("pi_1")


async def test_the_banks_reason_is_kept(scripted: Script) -> None:
    """Why a card was declined is said by the bank's code where there is one."""
    script, stripe = scripted
    reason = {"code": "card_declined", "decline_code": "insufficient_funds"}
    script.answers = {
        f"POST {INTENTS}/pi_1/confirm": (402, error("card_error", code="card_declined")),
        f"GET {INTENTS}/pi_1": (200, intent("requires_payment_method", last_payment_error=reason)),
    }

    declined = await stripe.confirm("pi_1")

    assert (declined.status, declined.code) == (IntentStatus.DECLINED, "insufficient_funds")


async def test_a_card_that_wants_its_owner_is_declined(scripted: Script) -> None:
    """Nobody is there to authenticate: the intent is cancelled, so that nobody can later."""
    script, stripe = scripted
    script.answers = {
        f"POST {INTENTS}/pi_1/confirm": (200, intent("requires_action")),
        f"POST {INTENTS}/pi_1/cancel": (200, intent("canceled")),
    }

    declined = await stripe.confirm("pi_1")

    assert (declined.status, declined.code, len(script.keys)) == (IntentStatus.DECLINED, "requires_action", 2)


async def test_a_provider_may_not_know_yet(scripted: Script) -> None:
    """What is being processed is pending, and so is a status that is new to us."""
    script, stripe = scripted
    for status in ("processing", "some_new_status"):
        script.answers = {f"POST {INTENTS}/pi_1/confirm": (200, intent(status))}
        assert (await stripe.confirm("pi_1")).status is IntentStatus.PENDING


async def test_creating_and_refunding_carry_keys(scripted: Script) -> None:
    """The same call has the same key, which fits whatever the ids; another call has another."""
    script, stripe = scripted
    refund = {**REFUND, "status": "pending", "metadata": {}}
    script.answers = {
        f"POST {INTENTS}": (200, intent("requires_confirmation")),
        "POST /v1/refunds": (200, refund),
        "GET /v1/refunds": (200, {"object": "list", "data": [], "has_more": False, "url": "/v1/refunds"}),
    }
    held = await stripe.create(charge(payment_id="p" * 128))
    await stripe.create(charge(payment_id="p" * 128))
    pending = await stripe.refund(order(held, "r" * 128))
    await stripe.refund(replace(order(held, "r" * 128), amount=Money(amount=1, currency="USD")))

    first, again, _, other, _, less = script.keys
    assert less not in {other, None}
    assert (first, pending.state) == (again, RefundState.PENDING)
    assert first is not None
    assert other is not None
    assert first != other
    assert len(first) <= 255


async def test_a_refund_is_told_nothing_but_ids(scripted: Script) -> None:
    """What a customer says about it stays with us."""
    script, stripe = scripted
    script.answers = {
        "POST /v1/refunds": (200, {**REFUND, "status": "pending", "metadata": {}}),
        "GET /v1/refunds": (200, {"object": "list", "data": [], "has_more": False, "url": "/v1/refunds"}),
    }
    held = Intent(intent_id="pi_1", payment_id="p1", status=IntentStatus.CAPTURED)

    await stripe.refund(order(held, "r1"))

    assert dict(parse_qsl(script.bodies[-1])) == {
        "payment_intent": "pi_1",
        "amount": "500",
        "metadata[payment_id]": "p1",
        "metadata[refund_id]": "r1",
    }


async def test_many_at_once_charge_once_where_keys_are_ignored(local_stripe: Emulator) -> None:
    """Twenty instances authorize and capture the same payment at the same time: one intent is charged, and no other
    holds anything.
    """
    log, stripe = PaymentsInMemory(), StripeProvider(SECRET_KEY, f"http://{local_stripe.host}")
    callers = [Shop(log, stripe) for _ in range(20)]
    command = AUTHORIZE.model_copy(update={"order_id": "many-at-once"})

    await asyncio.gather(*(caller.ask(command) for caller in callers))
    await asyncio.gather(*(caller.ask(CAPTURE) for caller in callers))

    made = stripe._stripe.v1.payment_intents
    page = await made.list_async({"limit": 10_000})  # the local one has no upper limit
    ours = [each for each in page.data if each.metadata and each.metadata.to_dict().get("order_id") == "many-at-once"]
    assert sum(each.status == "succeeded" for each in ours) == 1
    assert {each.status for each in ours} <= {"succeeded", "canceled"}
    await stripe.close()


async def test_what_the_local_stripe_posts_is_understood(local_stripe: Emulator, provider: StripeProvider) -> None:
    """Its events are signed as Stripe's are, and tell what became of a payment."""
    posted: asyncio.Queue[tuple[bytes, str]] = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        await posted.put((await request.read(), request.headers["Stripe-Signature"]))
        return web.Response()

    app = web.Application()
    app.router.add_post("/webhooks", take)
    log = PaymentsInMemory()
    async with TestServer(app) as server:
        send_webhooks(local_stripe.host, str(server.make_url("/webhooks")))
        held = await authorized(provider)
        log.given(REQUESTED, CREATED.model_copy(update={"intent_id": held.intent_id}), AUTHORIZED, CAPTURING)
        await provider.capture(held.intent_id)
        webhook = StripeWebhook(log, provider, WEBHOOK_SECRET, Lines(), Settlement(log, provider, Lines()))
        function = ApiSpec(guarded("payments-commands", webhook, lambda *_, **__: None))
        while log.names[-1] != "PaymentCaptured":  # other tests of this file have made payments too
            body, signature = await asyncio.wait_for(posted.get(), 10)
            reply = await function.send("POST", "/", body=body, headers={"Stripe-Signature": signature})
            assert reply.status == 200
