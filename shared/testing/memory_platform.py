"""A service on in-process adapters, with a clock of the test's own."""

from collections.abc import Callable
from datetime import datetime

from shared.adapters.crypto import AesGcm
from shared.adapters.memory.broker import MemoryBroker
from shared.adapters.memory.checkpoints import MemoryCheckpoints
from shared.adapters.memory.dead_letters import MemoryDeadLetters
from shared.adapters.memory.event_store import MemoryEventStore
from shared.adapters.memory.read_store import MemoryReadStore
from shared.adapters.memory.vault import MemoryVault
from shared.bootstrap import Dependencies, Wiring
from shared.config import Runtime, Settings
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.personal import KeyEncryption, PersonalData, WrappedKey
from shared.eventsourcing.projection import ReadStore
from shared.eventsourcing.publishing import Publisher
from shared.http.query_api import QueryWiring
from shared.topology import Maturity, Service

SETTINGS = Settings(
    runtime=Runtime.EMBEDDED,
    project="test",
    user_issuer="https://issuer.test",
    user_audience="shop",
    user_jwks_url="",
    platform_issuer="https://platform.test",
    platform_jwks_url="",
    platform_audience="functions",
    platform_callers=(),
)


_NOTHING = Service(name="nothing", description="Has no streams.", maturity=Maturity.EVENT_SOURCED, functions=())


class UnwrappedKeys:
    """`KeyEncryption` that wraps nothing: for tests that are not about it."""

    async def wrap(self, key: bytes, subject: str) -> WrappedKey:
        return WrappedKey(key, f"plain/{subject}")

    async def unwrap(self, wrapped: WrappedKey, subject: str) -> bytes:  # noqa: ARG002 - the port's own name
        return wrapped.data


def memory_personal(clock: Callable[[], datetime], keys: KeyEncryption | None = None) -> PersonalData:
    return PersonalData(MemoryVault(OperationCounts()), keys or UnwrappedKeys(), AesGcm(), clock)


def memory_dependencies(
    clock: Callable[[], datetime],
    *,
    events: MemoryEventStore | None = None,
    rows: ReadStore | None = None,
    publisher: Publisher | None = None,
) -> Dependencies:
    """All adapters in memory; what is given is used."""
    counts = OperationCounts()
    log, broker = events or MemoryEventStore(clock, counts), MemoryBroker(clock, counts)
    return Dependencies(
        events=log,
        outbox=log,
        states=log,
        rows=rows or MemoryReadStore(counts),
        dead_letters=MemoryDeadLetters(),
        checkpoints=MemoryCheckpoints(),
        publisher=publisher or broker,
        subscriber=broker,
        personal=memory_personal(clock),
    )


def query_wiring(
    dependencies: Dependencies,
    clock: Callable[[], datetime],
    settings: Settings = SETTINGS,
    wiring: Wiring | None = None,
) -> QueryWiring:
    """What queries may use, of these; `wiring` is that of their service, for those that ask for more than documents."""
    own = wiring or Wiring(_NOTHING, (), None, dependencies, clock)
    return QueryWiring(
        rows=dependencies.rows,
        log=dependencies.events,
        states=dependencies.states,
        personal=dependencies.personal,
        clock=clock,
        settings=settings,
        services=own.services,
        foresee=own.joint.foresee,
    )
