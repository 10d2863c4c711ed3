"""Services of the usual kinds: their functions, topics, subscriptions and schedules.

A manifest says only what is its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from shared.eventsourcing.errors import TopologyError
from shared.eventsourcing.message import event_type
from shared.topology.declarations import (
    Collection,
    Function,
    Http,
    Maturity,
    Permission,
    Private,
    Push,
    Queue,
    Schedule,
    Service,
    Subscription,
    Topic,
    domain_topic,
    integration_topic,
    relay_subscription,
)

_MAX_FILTER_BYTES = 256
"""Pub/Sub's own limit."""


@dataclass(frozen=True, slots=True)
class ReactsTo:
    """Integration events of another service: `ReactsTo("orders", ("OrderPlaced.v1",))`. No types: all of them."""

    service: str
    types: tuple[str, ...] = ()

    def subscription(self, name: str) -> Subscription:
        return Subscription(
            name=reaction_subscription(name, self.service), topic=integration_topic(self.service), filter=self._filter()
        )

    def _filter(self) -> str:
        """By type; none where it would be too long: what nobody reacts to is acknowledged."""
        wanted = " OR ".join(f'attributes.ce-type = "{event_type(self.service, each)}"' for each in self.types)
        return wanted if len(wanted) <= _MAX_FILTER_BYTES else ""


def reaction_subscription(service: str, other: str) -> str:
    return f"{service}-on-{other}"


Permissions = Mapping[str, tuple[Permission, ...]]
"""By the name of a function: what it may do besides the usual."""
NO_PERMISSIONS: Permissions = {}
Secrets = Mapping[str, tuple[str, ...]]
"""By the name of a function: the secret variables that it reads."""
NO_SECRETS: Secrets = {}


def event_sourced(
    name: str,
    *,
    description: str,
    publishes: str,
    categories: tuple[str, ...] = (),
    collections: tuple[Collection, ...] = (),
    functions: tuple[Function, ...] = (),
    post_queries: tuple[str, ...] = (),
    subscriptions: tuple[Subscription, ...] = (),
    schedules: tuple[Schedule, ...] = (),
    reacts_to: tuple[ReactsTo, ...] = (),
    queues: tuple[Queue, ...] = (),
    environment: tuple[str, ...] = (),
    secrets: Secrets = NO_SECRETS,
    permissions: Permissions = NO_PERMISSIONS,
    maturity: Maturity = Maturity.EVENT_SOURCED,
) -> Service:
    """Commands, queries and relay with their topics, subscriptions and schedules, and what the service has besides: a
    projector, if there are collections to be kept; a reactor, if something calls it. `publishes` says what is on its
    integration topic. A function named as a usual one replaces it. `post_queries` are the paths of queries that have a
    body.
    """
    own = {function.name for function in functions}
    called = {schedule.function for schedule in schedules} | {queue.function for queue in queues}
    projects, reacts = bool(collections), bool(reacts_to) or "reactor" in called
    usual = (
        _COMMANDS,
        replace(_QUERIES, trigger=Http(("GET",), post_queries)),
        *((_projector(name),) if projects else ()),
        _RELAY,
        *((_reactor(name, reacts_to),) if reacts else ()),
    )
    allowed = _allowed(usual, permissions, maturity)
    topics = (
        Topic(domain_topic(name), "One message per commit, for the service's own projector."),
        Topic(integration_topic(name), publishes),
    )
    relays = tuple(Subscription(name=relay_subscription(topic.name), topic=topic.name) for topic in topics)
    others = tuple(reaction.subscription(name) for reaction in reacts_to)
    return Service(
        name=name,
        description=description,
        maturity=maturity,
        functions=(*(each for each in _told(allowed, secrets) if each.name not in own), *functions),
        categories=categories or (name,),
        topics=topics,
        subscriptions=(
            *((Subscription(name=f"{name}-projector", topic=domain_topic(name)),) if projects else ()),
            *relays,
            *others,
            *subscriptions,
        ),
        collections=collections,
        schedules=(
            _relay_schedule(name),
            *((_sweep_schedule(name),) if projects else ()),
            _drain_schedule(name, "relay"),
            *schedules,
        ),
        queues=queues,
        environment=environment,
    )


def consumer(
    name: str,
    *,
    description: str,
    reacts_to: tuple[ReactsTo, ...],
    permissions: tuple[Permission, ...],
    environment: tuple[str, ...] = (),
) -> Service:
    """A service that takes what others publish and keeps nothing of its own: one function, `consumer`."""
    return Service(
        name=name,
        description=description,
        maturity=Maturity.CONSUMER,
        functions=(
            Function(
                name="consumer",
                trigger=_reactions(name, reacts_to),
                permissions=(Permission.SUBSCRIBE, Permission.WRITE_READ_MODELS, *permissions),
                description="Takes the integration events of other services.",
            ),
        ),
        subscriptions=tuple(reaction.subscription(name) for reaction in reacts_to),
        schedules=(_drain_schedule(name, "consumer"),),
        environment=environment,
    )


def _reactions(service: str, reacts_to: tuple[ReactsTo, ...]) -> Push:
    return Push(tuple(reaction_subscription(service, each.service) for each in reacts_to))


_COMMANDS = Function(
    name="commands",
    trigger=Http(("POST", "PUT", "DELETE")),
    permissions=(Permission.APPEND_EVENTS, Permission.PUBLISH),
    description="Decides commands and appends to the log.",
)
_QUERIES = Function(
    name="queries",
    trigger=Http(("GET",)),
    permissions=(Permission.READ_READ_MODELS, Permission.READ_EVENTS),
    description="Answers from the read models; history and earlier states from the log.",
)
_RELAY = Function(
    name="relay",
    trigger=Private(),
    permissions=(Permission.SETTLE_OUTBOX, Permission.PUBLISH, Permission.SUBSCRIBE, Permission.WRITE_READ_MODELS),
    description="Proves publication; sends again what was never seen.",
    concurrency=1,
    max_instances=1,
)


def _projector(service: str) -> Function:
    return Function(
        name="projector",
        trigger=Push((f"{service}-projector",)),
        permissions=(Permission.WRITE_READ_MODELS, Permission.READ_EVENTS),
        description="Keeps the read models at the end of the log.",
    )


def _reactor(service: str, reacts_to: tuple[ReactsTo, ...]) -> Function:
    """Messages of others come in parallel; a service that only has jobs needs no more than one at a time."""
    return Function(
        name="reactor",
        trigger=_reactions(service, reacts_to) if reacts_to else Private(),
        permissions=(Permission.APPEND_EVENTS, Permission.PUBLISH, Permission.WRITE_READ_MODELS),
        description="Reacts to events of other services, and to time." if reacts_to else "Reacts to time.",
        concurrency=80 if reacts_to else 1,
        max_instances=20 if reacts_to else 1,
    )


def _allowed(usual: tuple[Function, ...], more: Permissions, maturity: Maturity) -> tuple[Function, ...]:
    """With what else is allowed. Who appends to the log of kept states keeps the states, too."""
    _all_usual(more, usual, "permissions")
    return tuple(
        replace(
            function,
            permissions=(
                *function.permissions,
                *((Permission.KEEP_STATE,) if _keeps_states(function, maturity) else ()),
                *more.get(function.name, ()),
            ),
        )
        for function in usual
    )


def _told(usual: tuple[Function, ...], secrets: Secrets) -> tuple[Function, ...]:
    _all_usual(secrets, usual, "secrets")
    return tuple(replace(function, secrets=secrets.get(function.name, ())) for function in usual)


def _all_usual(named: Iterable[str], usual: tuple[Function, ...], what: str) -> None:
    if unknown := set(named) - {function.name for function in usual}:
        raise TopologyError(f"{what} for {', '.join(sorted(unknown))}, which is none of the usual functions here")


def _keeps_states(function: Function, maturity: Maturity) -> bool:
    return maturity is Maturity.STATE and Permission.APPEND_EVENTS in function.permissions


def _relay_schedule(service: str) -> Schedule:
    return Schedule(
        name=f"{service}-relay", function="relay", path="/", cron="* * * * *", description="Proof of publication."
    )


def _sweep_schedule(service: str) -> Schedule:
    return Schedule(
        name=f"{service}-sweep",
        function="projector",
        path="/sweep",
        cron="*/5 * * * *",
        description="Catch-up of the read models.",
    )


def _drain_schedule(service: str, function: str) -> Schedule:
    return Schedule(
        name=f"{service}-drain",
        function=function,
        path="/drain",
        cron="*/5 * * * *",
        description="What Pub/Sub gave up, into the dead-letter store.",
    )
