"""What a service consists of, as plain typed data: its manifest.

Declared once beside the code and read by all: the functions' wiring, the local runtimes, the deployment, the generated
tables and the architecture tests. Names are local to the platform (`cart-commits`); a runtime adds project and region.
"""

from dataclasses import dataclass
from enum import StrEnum

from shared.topology.analytics import Dataset

PYTHON_VERSION = "3.11"
"""The one Python version: runtime of the deployed functions, floor of the package."""

EVENTS_DATABASE = "events"
READ_MODELS_DATABASE = "read-models"
KEY_VAULT_DATABASE = "key-vault"
DEAD_LETTER_ACK_DEADLINE = 60
"""Seconds that a drain has for what it pulled from a dead-letter subscription."""
DEAD_LETTER_RETENTION_DAYS = 7
"""Of a dead-letter topic; its subscription keeps what nobody drained for as long."""


class Maturity(StrEnum):
    """How far a service goes in separating commands from queries."""

    CONSUMER = "level 1: takes what others publish"
    STATE = "level 2: state document and events"
    EVENT_SOURCED = "level 3: event-sourced"


class Permission(StrEnum):
    """What a function's identity may do; each becomes the least role that allows it."""

    APPEND_EVENTS = "create, get and list in the events database"
    KEEP_STATE = "update state documents in the events database"
    READ_EVENTS = "get and list in the events database"
    SETTLE_OUTBOX = "get, list and delete in the events database"
    WRITE_READ_MODELS = "read and write the read-models database"
    READ_READ_MODELS = "read the read-models database"
    PUBLISH = "publish to the service's own topics"
    SUBSCRIBE = "pull from the service's own pull subscriptions"
    CALL_SERVICES = "call other services over their public API, as a service"
    SCHEDULE_TASKS = "create tasks in the service's own queues"
    SEAL_PERSONAL_DATA = "create and get in the key-vault database; encrypt and decrypt with the platform's key"
    OPEN_PERSONAL_DATA = "get in the key-vault database; decrypt with the platform's key"
    ERASE_PERSONAL_DATA = "create, get and update in the key-vault database: a tombstone in place of a key"
    WRITE_ANALYTICS = "insert into the analytics tables and query them"


@dataclass(frozen=True, slots=True)
class Http:
    """Called by clients through the load balancer: requests below `/<service>/v1/` with one of these methods, and a
    POST to one of `queries`, paths below `/<service>/v1`, whichever function takes all other POSTs.
    """

    methods: tuple[str, ...]
    queries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Push:
    """Called by push subscriptions: one message a request, unwrapped, its attributes as headers."""

    subscriptions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Private:
    """Called by nobody but the schedules and queues that name the function."""


Trigger = Http | Push | Private


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One deployed function: an entry point in the service's `main.py`. Memory in MiB, `timeout` in seconds.
    `secrets` are the variables that it reads and nobody else may see.
    """

    name: str
    trigger: Trigger
    permissions: tuple[Permission, ...]
    description: str
    secrets: tuple[str, ...] = ()
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
    `<name>-dead`, for what failed `max_attempts` times, and this topic a pull subscription of the same name, which is
    drained into the dead-letter store. `filter` is in Pub/Sub's filter language. Seconds everywhere.
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

    @property
    def dead_letter_subscription(self) -> str:
        """Keeps what comes to the dead-letter topic until it is drained."""
        return self.dead_letter_topic


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
class Queue:
    """Named tasks, each a POST to a path of `function` at a time; a name is taken once. Seconds everywhere."""

    name: str
    function: str
    description: str
    max_attempts: int = 20
    min_backoff: float = 1.0
    max_backoff: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A bounded context: everything that one folder under `functions/` asks of its runtime.

    `categories` are the kinds of streams that it keeps, `environment` the names of the variables that its functions
    read besides those of every function.
    """

    name: str
    description: str
    maturity: Maturity
    functions: tuple[Function, ...]
    categories: tuple[str, ...] = ()
    topics: tuple[Topic, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    collections: tuple[Collection, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    queues: tuple[Queue, ...] = ()
    dataset: Dataset | None = None
    environment: tuple[str, ...] = ()

    @property
    def secrets(self) -> tuple[str, ...]:
        """Of all its functions."""
        return tuple(dict.fromkeys(name for function in self.functions for name in function.secrets))

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
        for function in self.functions:
            if isinstance(function.trigger, Push) and subscription in function.trigger.subscriptions:
                return function
        return None

    @property
    def indexes(self) -> tuple[Index, ...]:
        """The composite indexes of its read models."""
        return tuple(
            Index(collection=collection.name, fields=fields, database=READ_MODELS_DATABASE)
            for collection in self.collections
            for fields in collection.indexes
        )


def domain_topic(service: str) -> str:
    """One message per commit, for the service's own projectors (and the archive)."""
    return f"{service}-commits"


def integration_topic(service: str) -> str:
    """One CloudEvent per public event, for everybody."""
    return f"{service}-events"


def relay_subscription(topic: str) -> str:
    return f"{topic}-relay"
