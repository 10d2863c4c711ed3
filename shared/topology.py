"""What a service consists of, as plain typed data: its manifest.

Declared once beside the code and read by all: the functions' wiring, the local runtimes, the deployment, the generated
tables and the architecture tests. Names are local to the platform (`cart-commits`); a runtime adds project and region.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

PYTHON_VERSION = "3.11"
"""The one Python version: runtime of the deployed functions, floor of the package."""

EVENTS_DATABASE = "events"
READ_MODELS_DATABASE = "read-models"


class Maturity(StrEnum):
    """How far a service goes in separating commands from queries."""

    STATE = "level 2: state document and events"
    EVENT_SOURCED = "level 3: event-sourced"


class Permission(StrEnum):
    """What a function's identity may do; each becomes the least role that allows it."""

    APPEND_EVENTS = "create, get and list in the events database"
    READ_EVENTS = "get and list in the events database"
    SETTLE_OUTBOX = "get, list and delete in the events database"
    WRITE_READ_MODELS = "read and write the read-models database"
    READ_READ_MODELS = "read the read-models database"
    PUBLISH = "publish to the service's own topics"
    SUBSCRIBE = "pull from the service's own pull subscriptions"


@dataclass(frozen=True, slots=True)
class Http:
    """Called by clients through the load balancer: requests below `/<service>/v1/` with one of these methods."""

    methods: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Push:
    """Called by a push subscription: one message a request, unwrapped, its attributes as headers."""

    subscription: str


@dataclass(frozen=True, slots=True)
class Private:
    """Called by nobody but the schedules and queues that name the function."""


Trigger = Http | Push | Private


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One deployed function: an entry point in the service's `main.py`. Memory in MiB, `timeout` in seconds."""

    name: str
    trigger: Trigger
    permissions: tuple[Permission, ...]
    description: str
    cpu: int = 1
    memory: int = 512
    concurrency: int = 80
    min_instances: int = 0
    max_instances: int = 20
    timeout: int = 60


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic; `retention_days` is how far back a subscription can be rewound."""

    name: str
    description: str
    retention_days: int = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A subscription to a topic of this service, or to an integration topic of another one.

    Pushed to the function whose trigger names it, otherwise pulled. Every one has a dead-letter topic,
    `<name>-dead`, for what failed `max_attempts` times. `filter` is in Pub/Sub's filter language. Seconds everywhere.
    """

    name: str
    topic: str
    filter: str = ""
    ack_deadline: int = 90
    max_attempts: int = 20
    min_backoff: float = 1.0
    max_backoff: float = 60.0

    @property
    def dead_letter_topic(self) -> str:
        return f"{self.name}-dead"


@dataclass(frozen=True, slots=True)
class IndexField:
    name: str
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """A composite index; `group` makes it span all collections of that name, whatever their parent."""

    collection: str
    fields: tuple[IndexField, ...]
    database: str
    group: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """A collection of read models. Automatic indexes are off for every field; `indexes` are all that there are."""

    name: str
    description: str
    indexes: tuple[tuple[IndexField, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A cron entry (UTC) that POSTs to `path` of a private function."""

    name: str
    function: str
    path: str
    cron: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A bounded context: everything that one folder under `functions/` asks of its runtime."""

    name: str
    description: str
    maturity: Maturity
    functions: tuple[Function, ...]
    topics: tuple[Topic, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    collections: tuple[Collection, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    secrets: tuple[str, ...] = ()

    @property
    def domain_topic(self) -> str:
        return domain_topic(self.name)

    @property
    def integration_topic(self) -> str:
        return integration_topic(self.name)

    def function(self, name: str) -> Function:
        """KeyError if it has none of that name."""
        return {function.name: function for function in self.functions}[name]

    def pushed_to(self, subscription: str) -> Function | None:
        """The function that a subscription is pushed to, None if it is pulled."""
        return next((f for f in self.functions if f.trigger == Push(subscription)), None)

    @property
    def indexes(self) -> tuple[Index, ...]:
        """The composite indexes of its read models."""
        return tuple(
            Index(collection=collection.name, fields=fields, database=READ_MODELS_DATABASE)
            for collection in self.collections
            for fields in collection.indexes
        )


PLATFORM_INDEXES = tuple(
    Index(
        collection=collection,
        fields=(IndexField("shard"), IndexField("recorded_at")),
        database=EVENTS_DATABASE,
        group=True,
    )
    for collection in ("commits", "outbox")
)
"""The log's own: the feed over all streams of a shard, and the outbox by age."""


def domain_topic(service: str) -> str:
    """One message per commit, for the service's own projectors (and the archive)."""
    return f"{service}-commits"


def integration_topic(service: str) -> str:
    """One CloudEvent per public event, for everybody."""
    return f"{service}-events"


def relay_subscription(topic: str) -> str:
    return f"{topic}-relay"


def event_sourced(
    name: str,
    *,
    description: str,
    publishes: str,
    collections: tuple[Collection, ...] = (),
    functions: tuple[Function, ...] = (),
    subscriptions: tuple[Subscription, ...] = (),
    schedules: tuple[Schedule, ...] = (),
) -> Service:
    """A level-3 service: commands, queries, projector and relay with their topics, subscriptions and schedules, and
    what it has besides. `publishes` says what is on its integration topic. A function named as a usual one replaces it.
    """
    own = {function.name for function in functions}
    topics = (
        Topic(domain_topic(name), "One message per commit, for the service's own projector."),
        Topic(integration_topic(name), publishes),
    )
    relays = tuple(Subscription(name=relay_subscription(topic.name), topic=topic.name) for topic in topics)
    return Service(
        name=name,
        description=description,
        maturity=Maturity.EVENT_SOURCED,
        functions=(*(usual for usual in _usual_functions(name) if usual.name not in own), *functions),
        topics=topics,
        subscriptions=(Subscription(name=f"{name}-projector", topic=domain_topic(name)), *relays, *subscriptions),
        collections=collections,
        schedules=(*_usual_schedules(name), *schedules),
    )


def _usual_functions(service: str) -> tuple[Function, ...]:
    return (
        Function(
            name="commands",
            trigger=Http(("POST", "PUT", "DELETE")),
            permissions=(Permission.APPEND_EVENTS, Permission.PUBLISH),
            description="Decides commands and appends to the log.",
        ),
        Function(
            name="queries",
            trigger=Http(("GET",)),
            permissions=(Permission.READ_READ_MODELS, Permission.READ_EVENTS),
            description="Answers from the read models; history and earlier states from the log.",
        ),
        Function(
            name="projector",
            trigger=Push(f"{service}-projector"),
            permissions=(Permission.WRITE_READ_MODELS, Permission.READ_EVENTS),
            description="Keeps the read models at the end of the log.",
        ),
        Function(
            name="relay",
            trigger=Private(),
            permissions=(
                Permission.SETTLE_OUTBOX,
                Permission.PUBLISH,
                Permission.SUBSCRIBE,
                Permission.WRITE_READ_MODELS,
            ),
            description="Proves publication; sends again what was never seen.",
            concurrency=1,
            max_instances=1,
        ),
    )


def _usual_schedules(service: str) -> tuple[Schedule, ...]:
    return (
        Schedule(
            name=f"{service}-relay", function="relay", path="/", cron="* * * * *", description="Proof of publication."
        ),
        Schedule(
            name=f"{service}-sweep",
            function="projector",
            path="/sweep",
            cron="*/5 * * * *",
            description="Catch-up of the read models.",
        ),
    )


def discover(package: ModuleType) -> tuple[Service, ...]:
    """The manifests of all services in a package, by name: a new service is a folder, no list is edited."""
    names = sorted(module.name for module in iter_modules(package.__path__) if module.ispkg)
    return tuple(import_module(f"{package.__name__}.{name}.manifest").MANIFEST for name in names)


def all_indexes(services: Sequence[Service]) -> tuple[Index, ...]:
    """Every composite index that the platform needs."""
    return PLATFORM_INDEXES + tuple(index for service in services for index in service.indexes)
