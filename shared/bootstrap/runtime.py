"""Where ports meet adapters: the dependencies of this process's runtime, made on first use.

An instance imports only the clients that its function needs: a cold start pays for nothing else.
"""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

from shared.adapters.keys import key_encryption
from shared.adapters.system import utc_now
from shared.config import Runtime, Settings, settings
from shared.eventsourcing.checkpoint import Checkpoints
from shared.eventsourcing.dead_letters import DeadLetters
from shared.eventsourcing.event_store import EventStore, OperationCounts, Outbox, StateStore
from shared.eventsourcing.personal import PersonalData, Vault
from shared.eventsourcing.projection import ReadStore
from shared.eventsourcing.publishing import Publisher, Subscriber
from shared.http.auth import KeySet, PlatformCallers, TokenVerifier, Verifier

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """One adapter for each port."""

    events: EventStore
    outbox: Outbox
    states: StateStore
    rows: ReadStore
    dead_letters: DeadLetters
    checkpoints: Checkpoints
    publisher: Publisher
    subscriber: Subscriber
    personal: PersonalData


_COUNTS = OperationCounts()


def operations() -> OperationCounts:
    """What this process asked of its backends so far."""
    return _COUNTS


@dataclass(slots=True)
class _Process:
    """What was made here so far, and what is to be called at its end."""

    made: dict[tuple[object, ...], Any] = field(default_factory=dict)
    at_end: list[Callable[[], Awaitable[None]]] = field(default_factory=list)


_PROCESS: Final = ContextVar("process", default=_Process())  # noqa: B039 - one for the whole process, that is the point


def _once(make: Callable[P, R]) -> Callable[P, R]:
    """Made on first use and kept for this process."""

    @wraps(make)
    def kept(*args: P.args, **kwargs: P.kwargs) -> R:
        made, key = _PROCESS.get().made, (make.__name__, *args)
        if key not in made:
            made[key] = make(*args, **kwargs)
        found: R = made[key]
        return found

    return kept


def simulate_process(env: Settings, deps: Dependencies, people: Verifier, platform: PlatformCallers) -> None:
    """What runs in this context from now on is a process of its own with these parts: a simulation has many in one."""
    parts = {environment: env, dependencies: deps, users: people, callers: platform}
    _PROCESS.set(_Process({(kept.__name__,): part for kept, part in parts.items()}))


@_once
def environment() -> Settings:
    return settings()


@_once
def dependencies() -> Dependencies:
    """The adapters of this process's runtime."""
    return embedded() if environment().runtime is Runtime.EMBEDDED else _google(environment())


@_once
def embedded() -> "EmbeddedPlatform":
    """The whole backend inside this process, shared by all functions in it."""
    return EmbeddedPlatform()


class EmbeddedPlatform(Dependencies):
    """The in-process adapters; `broker` is both publisher and subscriber."""

    def __init__(self) -> None:
        from shared.adapters.memory.broker import MemoryBroker  # noqa: PLC0415 - only this runtime needs it
        from shared.adapters.memory.checkpoints import MemoryCheckpoints  # noqa: PLC0415 - as above
        from shared.adapters.memory.dead_letters import MemoryDeadLetters  # noqa: PLC0415 - as above
        from shared.adapters.memory.event_store import MemoryEventStore  # noqa: PLC0415 - as above
        from shared.adapters.memory.read_store import MemoryReadStore  # noqa: PLC0415 - as above
        from shared.adapters.memory.vault import MemoryVault  # noqa: PLC0415 - as above

        events, broker = MemoryEventStore(utc_now, _COUNTS), MemoryBroker(utc_now, _COUNTS)
        super().__init__(
            events=events,
            outbox=events,
            states=events,
            rows=MemoryReadStore(_COUNTS),
            dead_letters=MemoryDeadLetters(),
            checkpoints=MemoryCheckpoints(_COUNTS),
            publisher=broker,
            subscriber=broker,
            personal=_personal(MemoryVault(_COUNTS), environment()),
        )

    @property
    def broker(self) -> Any:
        return self.publisher


def _google(env: Settings) -> Dependencies:
    from shared.adapters import firestore, pubsub  # noqa: PLC0415 - importing the clients costs a cold start

    channel = firestore.connect(env.project, env.firestore_emulator, env.prefix, quick=env.quick_queries)
    topics = pubsub.connect(env.project, env.pubsub_emulator, env.prefix)
    events = firestore.FirestoreEventStore(channel, _COUNTS)
    return Dependencies(
        events=events,
        outbox=events,
        states=events,
        rows=firestore.FirestoreReadStore(channel, _COUNTS),
        dead_letters=firestore.FirestoreDeadLetters(channel, _COUNTS),
        checkpoints=firestore.FirestoreCheckpoints(channel, _COUNTS),
        publisher=pubsub.PubSubPublisher(topics, _COUNTS),
        subscriber=pubsub.PubSubSubscriber(topics, _COUNTS),
        personal=_personal(firestore.FirestoreVault(channel, _COUNTS), env),
    )


def _personal(vault: Vault, env: Settings) -> PersonalData:
    from shared.adapters.crypto import AesGcm  # noqa: PLC0415 - most functions never see personal data

    return PersonalData(vault, key_encryption(env.key_file, env.kms_key, _COUNTS), AesGcm(), utc_now)


@_once
def users() -> Verifier:
    """Checks the tokens of people, tills and services; a service's is for the public API as a whole."""
    env = environment()
    people = TokenVerifier(env.user_issuer, env.user_audience, KeySet(env.user_jwks_url, utc_now), utc_now)
    return Verifier(people, _platform(env.origin), frozenset(env.service_callers))


@_once
def callers() -> PlatformCallers:
    """Checks the tokens of Google's own callers, which are for this function alone."""
    env = environment()
    return PlatformCallers(_platform(env.platform_audience), frozenset(env.platform_callers))


def at_end(close: Callable[[], Awaitable[None]]) -> None:
    """Have this called by `close`: what holds connections says so."""
    _PROCESS.get().at_end.append(close)


async def close() -> None:
    """Give all connections back, and start anew. A deployed instance just ends; a process that outlives its platform
    does this.
    """
    ends = _PROCESS.get().at_end
    while ends:
        await ends.pop()()
    forget()


def forget() -> None:
    """Start anew: the next use reads the environment again and makes everything again. For several platforms in the
    life of one process.
    """
    process = _PROCESS.get()
    process.at_end.clear()
    process.made.clear()


@_once
def _platform(audience: str) -> TokenVerifier:
    env = environment()
    keys = KeySet(env.platform_jwks_url, utc_now)
    return TokenVerifier(env.platform_issuer, audience, keys, utc_now)
