"""The platform's own calls: pushes, schedules, and what operators do about parked streams."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from functions.cart.projections import CARTS_PROJECTION
from shared.adapters.memory.dead_letters import MemoryDeadLetters
from shared.eventsourcing.dead_letters import Buried, Origin
from shared.eventsourcing.feed_walk import WalkReport
from shared.eventsourcing.projection import Projection
from shared.eventsourcing.projector import Projector
from shared.http.auth import KeySet, PlatformCallers, TokenVerifier
from shared.http.edge import Handler, guarded
from shared.http.platform_api import Job, ProjectorEdge, ScheduleEdge
from shared.testing.api_spec import ApiSpec, Reply
from tests.unit.http.conftest import Shop

PUSHER = "pusher@shop.test"


def broken(*_: object) -> Any:
    raise ZeroDivisionError("a bug")


class Backend:
    """The projector function of a shop, whose projection can be broken and mended."""

    def __init__(self, shop: Shop, folder: Path) -> None:
        self.shop = shop
        self.dead_letters = MemoryDeadLetters()
        self.jobs: dict[str, Job] = {}
        self.done = 0
        (folder / "platform.json").write_text(json.dumps(shop.issuer.jwks()))
        keys = KeySet((folder / "platform.json").as_uri(), shop.clock)
        verifier = TokenVerifier("https://issuer.test", "functions", keys, shop.clock)
        self.callers = PlatformCallers(verifier, frozenset({PUSHER}))
        self.mend()

    def mend(self) -> None:
        self.function = self._function(CARTS_PROJECTION)

    def break_(self) -> None:
        self.function = self._function(replace(CARTS_PROJECTION, project=broken))

    async def count(self) -> WalkReport:
        self.done += 1
        return WalkReport(0, 0)

    def caller(self, email: str = PUSHER) -> ApiSpec:
        token = self.shop.issuer.mint("robot", email=email, audience="functions")
        return ApiSpec(self.function, token)

    async def push(self, cart_id: str, version: int = -1, **change: str) -> Reply:
        commit = (await self.shop.log(cart_id))[version]
        headers = {"ce-id": commit.id, "ce-recordedtime": commit.recorded_at.isoformat(), **change}
        return await self.caller().send("POST", "/", body=commit.body, headers=headers)

    def _function(self, projection: Projection[Any, Any]) -> Handler:
        shop = self.shop
        projector = Projector(projection, shop.events, shop.rows, self.dead_letters, shop.clock)
        schedule = ScheduleEdge(self.callers, self.jobs)
        edge = ProjectorEdge(
            "cart",
            [projector],
            callers=self.callers,
            dead_letters=self.dead_letters,
            clock=shop.clock,
            schedule=schedule,
        )
        return guarded("cart-projector", edge, shop._log)


@pytest.fixture
def backend(shop: Shop, tmp_path: Path) -> Backend:
    return Backend(shop, tmp_path)


@pytest.fixture
async def cart(till: ApiSpec) -> str:
    reply = await till.post("/cart/v1/carts", "k1", {"currency": "USD", "customer_id": "900"})
    return str(reply.json["id"])


async def test_a_pushed_commit_is_acknowledged_and_shown(shop: Shop, backend: Backend, cart: str) -> None:
    """A message that was applied is acknowledged, and its document can be queried."""
    reply = await backend.push(cart)

    shown = await shop.reader("op", "operator").get(f"/cart/v1/carts/{cart}")
    assert (reply.status, reply.headers["outcome"], shown.status) == (204, "applied", 200)


async def test_a_body_that_cannot_be_read_is_read_from_the_log(shop: Shop, backend: Backend, cart: str) -> None:
    """A message still says which commit it is about."""
    headers = {"ce-id": f"cart-{cart}@1"}

    reply = await backend.caller().send("POST", "/", body=b"garbage", headers=headers)

    assert (reply.status, reply.headers["outcome"]) == (204, "healed")


async def test_a_message_about_nothing_is_buried(backend: Backend) -> None:
    """A message that names no commit is kept and acknowledged: it would never be understood."""
    reply = await backend.caller().send("POST", "/", body=b"garbage", headers={"ce-id": "x"})

    assert (reply.status, reply.headers["outcome"]) == (204, "buried")


async def test_others_may_not_push(backend: Backend, cart: str) -> None:
    """A good token of another service account is refused."""
    backend.callers = PlatformCallers(backend.callers.verifier, frozenset({"nobody"}))
    backend.mend()

    assert (await backend.push(cart)).status == 403


async def test_a_user_may_not_push(shop: Shop, backend: Backend) -> None:
    """A user's token does not pass for the platform's."""
    caller = ApiSpec(backend.function, shop.token("900", "operator"))

    assert (await caller.send("POST", "/", body=b"{}")).status == 401


async def test_a_store_that_is_down_makes_the_message_come_again(
    shop: Shop, backend: Backend, cart: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is acknowledged that was not kept."""
    from shared.eventsourcing.errors import UnavailableError  # noqa: PLC0415 - the fault of this test

    async def down(*_: object) -> None:
        raise UnavailableError("down")

    monkeypatch.setattr(shop.rows, "put_all", down)

    reply = await backend.push(cart)

    assert (reply.status, reply.headers["retry-after"]) == (503, "1")


async def test_parked_streams_are_listed(backend: Backend, cart: str) -> None:
    """An operator sees which stream of which projection is parked, where and why."""
    backend.break_()
    await backend.push(cart)

    (parked,) = (await backend.caller().send("POST", "/dead-letters")).json["items"]

    assert (parked["stream"], parked["version"], parked["error"]) == (f"cart-{cart}", 1, "ZeroDivisionError: a bug")


async def test_a_redrive_shows_first_and_acts_then(shop: Shop, backend: Backend, cart: str) -> None:
    """A dry run shows the document that would be; the re-drive makes it so."""
    backend.break_()
    await backend.push(cart)
    backend.mend()
    wanted = {"projection": "cart.carts", "stream": f"cart-{cart}"}

    dry = await backend.caller().send("POST", "/redrive", json=wanted)
    before = await shop.rows.get("carts", cart)
    await backend.caller().send("POST", "/redrive", json={**wanted, "dry_run": False})
    after = await shop.rows.get("carts", cart)

    assert (dry.json["after"]["status"], before, after and after.version) == ("open", None, 1)


async def test_buried_messages_are_listed(backend: Backend) -> None:
    """As they came, as far as they are text."""
    await backend.caller().send("POST", "/", body=b"\xff", headers={"ce-id": "x"})

    (message,) = (await backend.caller().send("POST", "/dead-letters")).json["messages"]

    assert (message["subscription"], message["message_id"], message["body"]) == ("cart-projector", "x", "\ufffd")
    assert message["error"] == "UnreadableError: the message does not say when it was recorded"


async def test_a_buried_message_is_taken_again(shop: Shop, backend: Backend, cart: str) -> None:
    """What Pub/Sub gave up while the function failed: dry it says who would take it, and then it is applied."""
    commit = (await shop.log(cart))[-1]
    letter = Buried(
        service="cart",
        function="projector",
        subscription="cart-projector",
        message_id=commit.id,
        attributes={"ce-id": commit.id, "ce-recordedtime": commit.recorded_at.isoformat()},
        body=commit.body,
        error="not accepted in 20 attempts",
        origin=Origin.DEAD_LETTER_TOPIC,
        attempts=20,
        first_at=shop.clock(),
        last_at=shop.clock(),
    )
    await backend.dead_letters.bury(letter)
    wanted = {"subscription": "cart-projector", "message_id": commit.id}

    dry = await backend.caller().send("POST", "/redrive", json=wanted)
    before = await shop.rows.get("carts", cart)
    done = await backend.caller().send("POST", "/redrive", json={**wanted, "dry_run": False})

    would = f"cart.carts: commit {commit.id} of CartOpened.v1"
    assert (dry.json, before) == ({"outcome": would, "failed": False, "dry_run": True}, None)
    assert done.json == {"outcome": "applied", "failed": False, "dry_run": False}
    assert (await shop.rows.get("carts", cart) is not None, backend.dead_letters.buried) == (True, {})


async def test_a_message_that_is_not_buried_cannot_be_taken_again(backend: Backend) -> None:
    """Nor one that another function owns."""
    wanted = {"subscription": "cart-projector", "message_id": "x"}

    assert (await backend.caller().send("POST", "/redrive", json=wanted)).status == 404


async def test_a_stream_of_an_unknown_projection_cannot_be_redriven(backend: Backend) -> None:
    """The field at fault is named."""
    reply = await backend.caller().send("POST", "/redrive", json={"projection": "cart.others", "stream": "cart-1"})

    assert (reply.status, reply.fields_at_fault) == (400, ["projection"])


@pytest.mark.parametrize("path", ["/dead-letters", "/redrive"])
async def test_others_may_not_see_dead_letters(shop: Shop, backend: Backend, path: str) -> None:
    """They are for the platform's operators."""
    stranger = ApiSpec(backend.function, shop.issuer.mint("robot", email="stranger@shop.test", audience="functions"))

    assert (await stranger.send("POST", path, json={})).status == 403


async def test_an_unforeseen_error_is_logged_with_its_place(shop: Shop, cart: str) -> None:
    """The caller of a 500 learns nothing, the log everything."""

    async def bug(_: object) -> None:
        raise ZeroDivisionError("a bug")

    reply = await ApiSpec(guarded("x", bug, shop._log)).send("POST", "/cart/v1/carts")  # type: ignore[arg-type] # never answers

    assert (reply.status, reply.json["code"]) == (500, "internal-error")
    assert "in bug" in str(shop.lines[-1]["stack_trace"])


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/dead-letters", "/redrive", "/sweep", "/drain", "/expire"])
async def test_the_platforms_paths_take_nothing_but_post(backend: Backend, cart: str, method: str, path: str) -> None:
    """Whatever another method is sent with, nothing is done, and nothing is shown."""
    backend.jobs = dict.fromkeys(("/sweep", "/drain", "/expire"), backend.count)
    backend.break_()
    await backend.push(cart)

    reply = await backend.caller().send(method, path, body=b'{"dry_run": false}')

    assert reply.status in {404, 405}
    assert not ({"items", "messages"} & reply.json.keys())
    assert backend.done == 0


@pytest.mark.parametrize("path", ["/dead-letters", "/redrive", "/sweep"])
async def test_an_unknown_parameter_is_refused(backend: Backend, cart: str, path: str) -> None:
    """A dry run that is asked for where nobody reads it does not become a real one."""
    backend.jobs = {"/sweep": backend.count}
    backend.mend()

    reply = await backend.caller().send("POST", f"{path}?dry_run=true", json={})

    assert (reply.status, reply.fields_at_fault, backend.done) == (400, ["dry_run"], 0)


async def test_an_attribute_that_is_given_twice_is_refused(backend: Backend, cart: str) -> None:
    """A message is about one commit."""
    (commit,) = (await backend.shop.log(cart))[:1]
    headers = {"ce-id": (commit.id, "cart-other@1"), "ce-recordedtime": commit.recorded_at.isoformat()}

    reply = await backend.caller().send("POST", "/", body=commit.body, headers=headers)

    assert (reply.status, reply.fields_at_fault) == (400, ["ce-id"])


async def test_the_platforms_paths_do_take_post(backend: Backend) -> None:
    """So that the other methods are refused for what they are."""
    backend.jobs = {"/expire": backend.count}
    backend.mend()

    assert (await backend.caller().send("POST", "/expire")).json == {"read": 0, "changed": 0}
    assert backend.done == 1
