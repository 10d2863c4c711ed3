"""The inventory on in-process adapters, behind its real edges."""

import itertools
from collections.abc import Mapping
from datetime import timedelta

import pytest

from functions.inventory.main import SERVICE
from shared.bootstrap import Dependencies, Wiring
from shared.http.auth import PlatformCallers, Principal, Role, TokenVerifier
from shared.http.command_edge import CommandEdge
from shared.http.edge import guarded
from shared.http.platform_api import ScheduleEdge
from shared.http.reaction_edge import ReactionEdge
from shared.testing.api_spec import ApiSpec
from shared.testing.doubles import FixedClock, RecordingPublisher
from shared.testing.memory_platform import memory_dependencies


class BelievesAnything(TokenVerifier):
    """A token is the role of its bearer."""

    def __init__(self) -> None:
        """Nothing to check with."""

    async def principal(self, authorization: str | None) -> Principal:
        role = (authorization or "Bearer customer").removeprefix("Bearer ")
        return Principal("ada", frozenset({Role(role)}), "platform@test")


class Warehouse:
    """The service as its callers see it, and its log."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.topics = RecordingPublisher()
        self.deps: Dependencies = memory_dependencies(self.clock, publisher=self.topics)
        self._ids = itertools.count(1)
        self.wiring = self._wiring()
        callers = PlatformCallers(BelievesAnything(), frozenset({"platform@test"}))
        self.reactor = ReactionEdge(
            "inventory",
            SERVICE.reactions,
            self.wiring,
            callers=callers,
            dead_letters=self.deps.dead_letters,
            clock=self.clock,
            schedule=ScheduleEdge(callers, {}),
        )

    def caller(self, role: str) -> ApiSpec:
        """Each call makes an instance with a memory of its own."""
        edge = CommandEdge(SERVICE.command_apis, self._wiring(), BelievesAnything(), self.clock, self._id)
        return ApiSpec(guarded("inventory-commands", edge, lambda *_, **__: None), role)

    async def push(self, source: str, event_type: str, event: Mapping[str, object], *, identity: str) -> str:
        """What became of an integration event of another service."""
        headers = {
            "ce-id": identity,
            "ce-type": f"commerce.{source}.{event_type}",
            "ce-time": self.clock().isoformat(),
            "ce-subject": "any",
        }
        caller = ApiSpec(self.reactor, "service")
        return (await caller.send("POST", "/", json=event, headers=headers)).headers["outcome"]

    async def stock(self, sku: str) -> tuple[int, int]:
        """On hand and reserved."""
        state = await self.wiring.state("stock", sku)
        return state.on_hand, state.reserved

    async def status(self, reservation_id: str) -> str:
        return str((await self.wiring.state("reservation", reservation_id)).status)

    @property
    def soon(self) -> str:
        return (self.clock() + timedelta(minutes=15)).isoformat()

    def _wiring(self) -> Wiring:
        return Wiring(SERVICE.manifest, SERVICE.aggregates, deps=self.deps, clock=self.clock, new_id=self._id)

    def _id(self) -> str:
        return f"id{next(self._ids)}"


@pytest.fixture
def warehouse() -> Warehouse:
    return Warehouse()


@pytest.fixture
def service(warehouse: Warehouse) -> ApiSpec:
    return warehouse.caller("service")


@pytest.fixture
def operator(warehouse: Warehouse) -> ApiSpec:
    return warehouse.caller("operator")
