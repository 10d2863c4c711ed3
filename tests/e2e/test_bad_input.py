"""Bad input of every kind, over HTTP: refused with a problem, and the log does not know of it."""

from dataclasses import dataclass

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, Phase, given, settings
from pydantic_core import from_json
from yarl import URL

from emulators.feed.books import AFTER_ALL
from functions.cart.manifest import MANIFEST
from tests.e2e.hostile import A_CART, Attack, attacks
from tests.e2e.rig import CARTS_PATH, Rig

pytestmark = [pytest.mark.emulators, pytest.mark.asyncio(loop_scope="module")]

ATTACKS = 500
STRANGER = Attack(method="GET", path="/carts", role="pos", headers={"Authorization": "Bearer x.y.z"}, body=b"")
"""Seldom drawn, as most draws know who they are."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request."""

    attack: Attack
    status: int
    content_type: str
    content: bytes

    @property
    def is_foreseen(self) -> bool:
        """Accepted, or refused with a problem of the caller's."""
        return self.status < 400 or (self.content_type == "application/problem+json" and self.status < 500)


def drawn() -> list[Attack]:
    """The same every time."""
    found: list[Attack] = []

    @settings(
        max_examples=ATTACKS,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(attacks)
    def draw(attack: Attack) -> None:
        found.append(attack)

    draw()
    return [*found, STRANGER]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cart(rig: Rig) -> str:
    """The one that is attacked."""
    return await rig.open_cart("milk", "bread")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def outcomes(rig: Rig, cart: str) -> list[Outcome]:
    """One after another, so that each meets what those before it did."""
    return [await attacked(rig, cart, f"attack-{number}", attack) for number, attack in enumerate(drawn())]


async def attacked(rig: Rig, cart: str, key: str, attack: Attack) -> Outcome:
    url = URL(f"{rig.platform.origin}/cart/v1{attack.path.replace(A_CART, cart)}", encoded=True)
    token = rig.token(attack.role, "900")
    own = {"Authorization": f"Bearer {token}", "Idempotency-Key": key, "Content-Type": "application/json"}
    headers = {**own, **attack.headers}
    async with rig.session.request(attack.method, url, headers=headers, data=attack.body) as response:
        return Outcome(attack, response.status, response.content_type, await response.read())


async def test_every_refusal_is_a_problem_of_the_callers(outcomes: list[Outcome]) -> None:
    """Nothing that is sent makes a server error, and whatever is refused comes as problem+json."""
    assert [outcome for outcome in outcomes if not outcome.is_foreseen] == []


async def test_the_attacks_get_somewhere(outcomes: list[Outcome]) -> None:
    """Some pass, the others fail for many reasons: the requests reach every part of the edge."""
    statuses = {outcome.status for outcome in outcomes}

    assert statuses >= {200, 202, 400, 401, 403, 404, 405}


async def test_the_log_is_untouched_by_what_was_refused(rig: Rig, cart: str, outcomes: list[Outcome]) -> None:
    """Every commit is one that was answered with its version."""
    answers = [from_json(outcome.content) for outcome in outcomes if outcome.status == 202]

    made = {fed.commit.id async for fed in rig.log.feed(MANIFEST.name, until=AFTER_ALL)}
    opening = {f"cart-{cart}@{version}" for version in (1, 2, 3)}
    assert made - opening <= {f"cart-{answer['id']}@{answer['version']}" for answer in answers}
    assert made > opening


async def test_what_was_accepted_harms_nobody(rig: Rig, outcomes: list[Outcome]) -> None:
    """However odd, all of it is published, projected and read; nothing is parked."""
    await rig.settled()

    assert await rig.behind(await rig.ends()) == {}
    assert [letter async for letter in rig.dead_letters.list("cart")] == []


@pytest.mark.parametrize("name", ["Authorization", "Idempotency-Key", "If-Match", "If-None-Match", "X-Correlation-Id"])
async def test_a_header_that_is_given_twice_is_refused_by_name(rig: Rig, name: str) -> None:
    """Through the gateway and the functions' server, which leave them as they are."""
    url = f"{rig.platform.origin}{CARTS_PATH}"
    bearer = f"Bearer {rig.token('pos')}"
    own = {"Authorization": bearer, "Idempotency-Key": f"twice-{name}", "If-Match": '"1"', "If-None-Match": '"2"'}
    others = [(other, value) for other, value in own.items() if other != name]
    headers = [*others, *[(name, own.get(name, "a"))] * 2]

    async with rig.session.post(url, headers=headers, json={"currency": "USD"}) as response:
        problem = await response.json(content_type="application/problem+json")

    assert (response.status, [error["field"] for error in problem["errors"]]) == (400, [name])
