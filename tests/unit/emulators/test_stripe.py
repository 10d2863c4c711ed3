"""The local Stripe: started, checked, told where its webhooks go."""

import asyncio
from pathlib import Path

import aiohttp
import psutil
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from emulators.processes.google import Emulator, EmulatorError
from emulators.processes.ports import PortTakenError, listen
from emulators.processes.stripe import SECRET_KEY, send_webhooks, start_stripe

INTENT = {
    "amount": "1998",
    "currency": "usd",
    "payment_method": "pm_card_visa",
    "confirm": "true",
}


async def charge(stripe: Emulator) -> str:
    url, headers = f"http://{stripe.host}/v1/payment_intents", {"Authorization": f"Bearer {SECRET_KEY}"}
    async with aiohttp.ClientSession() as session, session.post(url, data=INTENT, headers=headers) as response:
        return str((await response.json())["status"])


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "stripe.log"


async def test_answers_until_it_is_stopped(log_file: Path) -> None:
    """It takes payments as soon as it is started, and is gone when it is stopped."""
    with start_stripe(log_file=log_file) as stripe:
        assert await charge(stripe) == "succeeded"

    assert not psutil.pid_exists(stripe.pid)


def test_is_reached_on_loopback_alone(log_file: Path) -> None:
    """No other machine can ask it anything."""
    with start_stripe(log_file=log_file) as stripe:
        listening = [x.laddr.ip for x in psutil.Process(stripe.pid).net_connections() if x.status == psutil.CONN_LISTEN]

    assert listening == ["127.0.0.1"]


def test_a_port_that_is_taken_is_an_error(log_file: Path) -> None:
    """Nobody else's answers pass for its own."""
    taken = listen(0, option="another port")

    with pytest.raises(PortTakenError):
        start_stripe(log_file=log_file, port=taken.getsockname()[1])
    taken.close()


async def test_posts_its_events_signed(log_file: Path) -> None:
    """What happens to a payment is posted to the address that it was told."""
    received: asyncio.Queue[web.Request] = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        await request.read()
        await received.put(request)
        return web.Response()

    app = web.Application()
    app.router.add_post("/webhooks", take)
    async with TestServer(app) as server:
        with start_stripe(log_file=log_file) as stripe:
            send_webhooks(stripe.host, str(server.make_url("/webhooks")))
            await charge(stripe)

            event = await asyncio.wait_for(received.get(), 10)

    assert (await event.json())["type"] == "payment_intent.succeeded"
    assert event.headers["Stripe-Signature"].startswith("t=")


def test_an_address_that_is_none_is_an_error(log_file: Path) -> None:
    """Who cannot be told anything is not waited for in vain."""
    with start_stripe(log_file=log_file) as stripe, pytest.raises(EmulatorError, match="takes no webhooks"):
        send_webhooks(stripe.host, "nowhere")
