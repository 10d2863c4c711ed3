"""The line of a request: what the platform's metrics are made of."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shared.testing.api_spec import ApiSpec
from tests.unit.http.conftest import Shop
from tests.unit.http.test_command_api import MILK
from tests.unit.http.test_platform_api import Backend

CARTS = "/cart/v1/carts"
FOR_900 = {"currency": "USD", "customer_id": "900"}


@dataclass
class Swept:
    """What a job may report."""

    found: int


@pytest.fixture
def backend(shop: Shop, tmp_path: Path) -> Backend:
    return Backend(shop, tmp_path)


@pytest.fixture
async def cart(till: ApiSpec) -> str:
    return str((await till.post(CARTS, "k1", FOR_900)).json["id"])


@pytest.mark.usefixtures("cart")
async def test_a_command_says_its_status_and_how_long_its_parts_took(shop: Shop) -> None:
    """Milliseconds, as numbers."""
    timings = shop.lines[-1]["timings"]

    assert shop.lines[-1]["status"] == 202
    assert isinstance(timings, dict)
    assert timings.keys() == {"append", "publish"}
    assert all(each >= 0 for each in timings.values())


async def test_times_are_milliseconds(shop: Shop, till: ApiSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    """An append that takes 20 ms says so, and so does the line of a command that does nothing else."""
    seconds = [0.0]
    for module in ("shared.observability.timing", "shared.http.edge"):
        monkeypatch.setattr(f"{module}.perf_counter", lambda: seconds[0])
    append = shop.events.append

    async def slowly(*new: Any, **more: Any) -> Any:
        seconds[0] += 0.020
        return await append(*new, **more)

    monkeypatch.setattr(shop.events, "append", slowly)

    await till.post(CARTS, "k1", FOR_900)

    line = shop.lines[-1]
    assert line["timings"] == {"append": 20.0, "publish": 0.0}
    assert (line["slowest"], line["milliseconds"]) == (line["timings"], 20.0)


async def test_a_query_has_no_parts(shop: Shop) -> None:
    """What was not measured is not said."""
    await shop.reader("op", "operator").get(f"{CARTS}/c1")

    assert (shop.lines[-1]["status"], shop.lines[-1]["timings"]) == (404, None)


async def test_a_command_that_lost_a_race_says_how_often(shop: Shop, till: ApiSpec, cart: str) -> None:
    """Another instance has written what this one has not heard of."""
    elsewhere = ApiSpec(shop.new_instance(), till.token)
    await elsewhere.post(f"{CARTS}/{cart}/items", "k2", MILK)

    reply = await till.post(f"{CARTS}/{cart}/items", "k3", MILK)

    assert (reply.status, shop.lines[-1]["conflicts"]) == (202, 1)


@pytest.mark.usefixtures("cart")
async def test_a_command_without_a_race_says_nothing_of_it(shop: Shop) -> None:
    """There would be a zero in every line."""
    assert "conflicts" not in shop.lines[-1]


async def test_a_projector_says_how_late_a_commit_is_shown(shop: Shop, backend: Backend, cart: str) -> None:
    """In milliseconds, since the log has recorded it."""
    shop.clock.advance(seconds=1.5)

    await backend.push(cart)

    assert shop.lines[-1]["lag"] == 1500


async def test_a_duplicate_says_nothing_of_lag(shop: Shop, backend: Backend, cart: str) -> None:
    """It was shown long before."""
    await backend.push(cart)

    await backend.push(cart)

    assert (shop.lines[-1]["outcome"], "lag" in shop.lines[-1]) == ("duplicate", False)


async def test_a_projectors_clock_may_be_behind(shop: Shop, backend: Backend, cart: str) -> None:
    """Nothing is shown before it was recorded."""
    shop.clock.advance(seconds=-1)

    await backend.push(cart)

    assert shop.lines[-1]["lag"] == 0


async def test_a_parked_commit_is_not_shown(shop: Shop, backend: Backend, cart: str) -> None:
    """So it is not late, either."""
    backend.break_()

    await backend.push(cart)

    assert (shop.lines[-1]["outcome"], "lag" in shop.lines[-1]) == ("parked", False)


async def test_a_job_says_what_it_reports(shop: Shop, backend: Backend) -> None:
    """As numbers, which a metric can read."""

    async def sweep() -> Swept:
        return Swept(found=3)

    backend.jobs["/sweep"] = sweep

    await backend.caller().send("POST", "/sweep")

    assert shop.lines[-1]["report"] == {"found": 3}
