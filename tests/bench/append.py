"""A warm command in this process against the bare one-document commit RPC below it, side by side."""

from collections.abc import Awaitable, Mapping, Sequence
from itertools import count

from shared.adapters.firestore import FirestoreChannel, FirestoreEventStore
from shared.adapters.firestore.messages import CommitRequest
from shared.adapters.pubsub import PubSubChannel, PubSubPublisher
from shared.adapters.pubsub.messages import SCHEMA
from shared.adapters.system import new_id, utc_now
from shared.eventsourcing.codec import decode_commit
from shared.eventsourcing.event_store import Answer, Appended, NewCommit, OperationCounts, Position
from shared.eventsourcing.message import message_id
from tests.bench.carts import PUBLICATION, NoPublisher, Till, answer_of, commit_body, handler_on
from tests.bench.figures import Result, Target, ratio, timed
from tests.bench.stopwatch import Operation, interleaved
from tests.bench.surroundings import Surroundings

_CARTS = 20
_BARE, _BARE_3 = "bare Commit RPC, 1 document", "bare Commit RPC, 3 documents"
_BARE_PUBLISH = "bare Publish RPC, 1 message"
_APPEND = "the store's append: commit, outbox row, answer"
_COMMAND = "warm AddItem, publishing replaced by nothing"
_UNKEYED = "the same without idempotency key (2 documents)"
_PUBLISHED = "warm AddItem, published to Pub/Sub"
_COMMIT_TARGET, _APPEND_TARGET = 1.2, 20.0
_SECONDS = 5.0


async def run(around: Surroundings) -> Result:
    async with around.project() as (store, topics):
        operations = await _operations(store, topics)
        rounds, warm_up = around.sized(1500, 20), around.sized(1500, 10)
        return _result(await interleaved(operations, rounds=rounds, warm_up=warm_up))


async def _operations(store: FirestoreChannel, topics: PubSubChannel) -> dict[str, Operation]:
    log = FirestoreEventStore(store, OperationCounts())
    publisher = PubSubPublisher(topics, OperationCounts())
    tills = {
        _COMMAND: Till(handler_on(log, NoPublisher())),
        _UNKEYED: Till(handler_on(log, NoPublisher()), keyed=False),
        _PUBLISHED: Till(handler_on(log, publisher)),
    }
    for till in tills.values():
        await till.open(_CARTS)
    return {
        _BARE: _bare_commit(store, 1),
        _COMMAND: tills[_COMMAND].add,
        _BARE_3: _bare_commit(store, 3),
        _APPEND: _append(log),
        _UNKEYED: tills[_UNKEYED].add,
        _BARE_PUBLISH: _bare_publish(topics),
        _PUBLISHED: tills[_PUBLISHED].add,
    }


def _bare_commit(store: FirestoreChannel, documents: int) -> Operation:
    """The least that stores a commit: the request, built by hand, on the raw stub; and companions of the same form."""
    database = f"projects/{store.project}/databases/events"
    metadata = store.metadata(database, parameter="database")
    body, numbers = commit_body("cart-1", 1), count()

    async def commit() -> None:
        request = CommitRequest(database=database)
        number = next(numbers)
        for document in range(documents):
            write = request.writes.add()
            write.update.name = f"{database}/documents/bare-{documents}/{number:010d}-{document}"
            write.current_document.exists = False
            write.update.fields["body"].bytes_value = body if document == 0 else b"{}"
        await store.stubs.commit(request, metadata=metadata, timeout=_SECONDS)

    return commit


def _bare_publish(topics: PubSubChannel) -> Operation:
    """The same message as the command's, built by hand once."""
    commit = decode_commit(commit_body("cart-1", 1), utc_now())
    (message,) = PUBLICATION.messages(commit)[PUBLICATION.domain_topic]
    encoded = SCHEMA["PubsubMessage"](data=message.data, attributes=message.attributes)
    request = SCHEMA["PublishRequest"](topic=topics.topic(PUBLICATION.domain_topic), messages=[encoded])

    async def publish() -> None:
        await topics.call("Publisher/Publish", request, SCHEMA["PublishResponse"], seconds=_SECONDS)

    return publish


def _append(log: FirestoreEventStore) -> Operation:
    """Without decider, codec and cache: what the adapter alone costs."""
    positions = [Position(f"cart-{new_id()}", 0) for _ in range(_CARTS)]
    numbers = count()

    def prepare() -> Awaitable[None]:
        place, key = next(numbers) % _CARTS, new_id() * 2
        stream, version = positions[place].stream, positions[place].version + 1
        owed = [message_id(stream, version)]
        new = NewCommit(position=positions[place], body=commit_body(stream, version), owed=owed)
        return append(place, new, answer_of(key, stream)(version))

    async def append(place: int, new: NewCommit, answer: Answer) -> None:
        appended = await log.append([new], answer=answer)
        assert isinstance(appended, Appended)
        positions[place] = appended.positions[0]

    return prepare


def _result(taken: Mapping[str, Sequence[float]]) -> Result:
    targets = {_APPEND: Target(_APPEND_TARGET, p95=True)}
    figures = {name: timed(name, durations, target=targets.get(name)) for name, durations in taken.items()}
    bare, command, published = figures[_BARE], figures[_COMMAND], figures[_PUBLISHED]
    both = bare.value + figures[_BARE_PUBLISH].value
    return Result(
        title="A warm command in this process, against the bare RPCs below it",
        figures=[
            *(figures[name] for name in (_BARE, _BARE_3, _APPEND, _UNKEYED, _COMMAND)),
            ratio("commit against commit: warm AddItem / bare 1 document", command, bare, limit=_COMMIT_TARGET),
            ratio("warm AddItem / bare 3 documents", command, figures[_BARE_3]),
            ratio("warm AddItem without key / bare 1 document", figures[_UNKEYED], bare),
            figures[_BARE_PUBLISH],
            published,
            ratio("with publish / bare Commit and bare Publish, one after the other", published, both),
        ],
        notes=["The target compares what must happen before an answer is safe (load, decide, append), not publishing."],
    )
