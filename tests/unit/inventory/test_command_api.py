"""The inventory's commands, as its callers send them: all of a basket or nothing, once."""

import asyncio
from typing import Any

import pytest

from shared.testing.api_spec import ApiSpec, Reply

BASE = "/inventory/v1"


def lines(**quantities: int) -> list[dict[str, object]]:
    return [{"sku": sku, "quantity": quantity} for sku, quantity in quantities.items()]


async def fill(service: ApiSpec, **quantities: int) -> Reply:
    return await service.send("PUT", f"{BASE}/receipts/in-1", json={"lines": lines(**quantities), "reason": "delivery"})


async def reserve(service: ApiSpec, name: str, until: str, **quantities: int) -> Reply:
    body = {"lines": lines(**quantities), "expires_at": until}
    return await service.send("PUT", f"{BASE}/reservations/{name}", json=body)


async def test_a_receipt_is_booked_once(service: ApiSpec, warehouse: Any) -> None:
    """The same receipt again changes nothing."""
    replies = [await fill(service, milk=10, tea=5), await fill(service, milk=10, tea=5)]

    assert [reply.status for reply in replies] == [202, 202]
    assert (await warehouse.stock("milk"), await warehouse.stock("tea")) == ((10, 0), (5, 0))


async def test_one_product_is_received_and_adjusted(operator: ApiSpec, warehouse: Any) -> None:
    """What came in and what a count found are summed."""
    await operator.post(f"{BASE}/stock/milk/receipts", "k1", {"quantity": 5, "reference": "note-1"})
    reply = await operator.post(f"{BASE}/stock/milk/adjustments", "k2", {"delta": -2, "reason": "broken"})

    assert (reply.status, reply.json) == (202, {"id": "milk", "version": 2})
    assert await warehouse.stock("milk") == (3, 0)


async def test_a_basket_is_reserved_whole(service: ApiSpec, warehouse: Any) -> None:
    """Every line is kept, and the answer names the reservation."""
    await fill(service, milk=10, tea=5)

    reply = await reserve(service, "r1", warehouse.soon, milk=2, tea=5)

    assert (reply.status, reply.json) == (202, {"id": "r1", "version": 1})
    assert (await warehouse.stock("milk"), await warehouse.stock("tea")) == ((10, 2), (5, 5))


async def test_a_basket_that_is_short_of_one_product_is_refused_whole(service: ApiSpec, warehouse: Any) -> None:
    """Nothing is kept of the other lines, and the refusal names the product."""
    await fill(service, milk=10, tea=5)

    reply = await reserve(service, "r1", warehouse.soon, milk=2, tea=6)

    assert (reply.status, reply.json["code"], reply.fields_at_fault) == (409, "out-of-stock", ["tea"])
    assert (await warehouse.stock("milk"), await warehouse.status("r1")) == ((10, 0), "absent")


async def test_a_reservation_is_held_for_an_hour_at_most(service: ApiSpec, warehouse: Any) -> None:
    """Who asks for more is told so."""
    until = warehouse.clock().replace(day=2).isoformat()

    reply = await reserve(service, "r1", until, milk=1)

    assert (reply.status, reply.fields_at_fault) == (400, ["expires_at"])


async def test_a_late_reserve_finds_the_tombstone(service: ApiSpec, warehouse: Any) -> None:
    """Released before it was made, a reservation can never be made."""
    await fill(service, milk=10)
    await service.post(f"{BASE}/reservations/r1/release", "k1", {"reason": "checkout-failed"})

    reply = await reserve(service, "r1", warehouse.soon, milk=1)

    assert (reply.status, reply.json["code"]) == (409, "reservation-released")
    assert await warehouse.stock("milk") == (10, 0)


async def test_a_cancelled_part_goes_back_once(service: ApiSpec, warehouse: Any) -> None:
    """Under two keys, by one release: the rest stays kept."""
    await fill(service, milk=10)
    await reserve(service, "r1", warehouse.soon, milk=4)
    body = {"release_id": "o1-c1", "lines": lines(milk=1)}

    for key in ("k1", "k2"):
        assert (await service.post(f"{BASE}/reservations/r1/release-items", key, body)).status == 202

    assert await warehouse.stock("milk") == (10, 3)


async def test_a_release_gives_back_once(service: ApiSpec, warehouse: Any) -> None:
    """Releasing twice, under two keys, releases once."""
    await fill(service, milk=10)
    await reserve(service, "r1", warehouse.soon, milk=4)

    for key in ("k1", "k2"):
        reply = await service.post(f"{BASE}/reservations/r1/release", key, {"reason": "checkout-failed"})
        assert reply.status == 202

    assert await warehouse.stock("milk") == (10, 0)


async def test_an_allocated_basket_ships_in_parts(service: ApiSpec, operator: ApiSpec, warehouse: Any) -> None:
    """Each shipment takes its lines out once."""
    await fill(service, milk=10)
    await reserve(service, "r1", warehouse.soon, milk=4)
    await service.post(f"{BASE}/reservations/r1/allocate", "k1")

    for key in ("k2", "k3"):
        body = {"shipment_id": "s1", "lines": lines(milk=3)}
        assert (await operator.post(f"{BASE}/reservations/r1/ship", key, body)).status == 202

    assert (await warehouse.stock("milk"), await warehouse.status("r1")) == ((7, 1), "allocated")


@pytest.mark.parametrize("role", ["customer", "pos"])
async def test_others_change_no_stock(warehouse: Any, role: str) -> None:
    """Customers and tills have no business here."""
    reply = await reserve(warehouse.caller(role), "r1", warehouse.soon, milk=1)

    assert reply.status == 403


async def test_two_hundred_buyers_get_twenty_pieces(warehouse: Any) -> None:
    """However they interleave, exactly as many are sold as there are, on several instances."""
    tills = [warehouse.caller("service") for _ in range(4)]
    await fill(tills[0], milk=20)

    replies = await asyncio.gather(*(reserve(tills[n % 4], f"r{n}", warehouse.soon, milk=1) for n in range(200)))

    assert [reply.status for reply in replies].count(202) == 20
    assert await warehouse.stock("milk") == (20, 20)
