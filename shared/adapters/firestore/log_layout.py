"""Where things lie in the database `events`, and the writes that put them there: creates, but for states.

    streams/{stream}/{category}-commits/{version}   shard, recorded_at, body; expires_at where a state is kept
    streams/{stream}/{category}-outbox/{suffix}     shard, recorded_at; the message's id is {stream}@{suffix}
    streams/{stream}/snapshots/{inverted}           version, schema, body; the newest has the smallest id
    answers/{idempotency key}                       head (JSON: fingerprint, status, headers), body
    states/{stream}                                 category, version, recorded_at, body

Versions have ten digits, so that the order of names is the order of versions and no index is needed. All of a stream
lies below one document: its keys are neighbours, and a commit touches as few parts of the database as can be. Commits
and outbox rows of each category are a collection group of their own: a walk over one looks at no other's.
"""

from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import from_json, to_json

from shared.adapters.firestore.messages import REQUEST_TIME, Write
from shared.adapters.firestore.values import document_id, moment, set_moment, set_token, text_of, token_of
from shared.adapters.system import utc_now
from shared.eventsourcing.codec import decode_commit
from shared.eventsourcing.errors import CorruptCommitError, CorruptDataError
from shared.eventsourcing.event_store import Answer, NewCommit, Position, Snapshot, StateDocument
from shared.eventsourcing.message import Commit, category_of, commits_collection, outbox_collection, shard_of

SNAPSHOTS: Final = "snapshots"
STATES: Final = "states"
_LAST_VERSION: Final = 9_999_999_999


@dataclass(frozen=True, slots=True)
class LogLayout:
    """Names of documents; `root` is `projects/…/databases/…/documents`."""

    root: str

    def stream(self, stream: str) -> str:
        return f"{self.root}/streams/{document_id(stream)}"

    def commit(self, stream: str, version: int) -> str:
        return f"{self.stream(stream)}/{commits_collection(category_of(stream))}/{version:010d}"

    def owed(self, message_id: str) -> str | None:
        """The outbox row of a message; None for what is no message id."""
        stream, _, suffix = message_id.rpartition("@")
        if not stream or not suffix:
            return None
        outbox = document_id(outbox_collection(category_of(stream)))  # it may be anybody's text
        return f"{self.stream(stream)}/{outbox}/{document_id(suffix)}"

    def answer(self, key: str) -> str:
        return f"{self.root}/answers/{document_id(key)}"

    def state(self, stream: str) -> str:
        return f"{self.root}/{STATES}/{document_id(stream)}"


def add_commit(request: Any, layout: LogLayout, commit: NewCommit) -> None:
    """One stream's part of an append: the commit, its outbox rows, its snapshot and its state. The commit comes first:
    its result holds `recorded_at`. The state comes last: its result holds the token of the position that is reached.
    """
    stream, version = commit.position.stream, commit.position.version + 1
    folder, shard = layout.stream(stream), shard_of(stream)
    category = category_of(stream)
    fields = _add_stamped(request, f"{folder}/{commits_collection(category)}/{version:010d}", shard)
    fields["body"].bytes_value = commit.body
    if commit.expires_after is not None:
        set_moment(fields["expires_at"].timestamp_value, utc_now() + commit.expires_after)
    for message_id in commit.owed:
        suffix = message_id.rpartition("@")[2]
        _add_stamped(request, f"{folder}/{outbox_collection(category)}/{document_id(suffix)}", shard)
    if (snapshot := commit.snapshot) is not None:
        fields = _add(request, snapshot_name(folder, snapshot.version)).update.fields
        fields["version"].integer_value = snapshot.version
        fields["schema"].string_value = snapshot.schema
        fields["body"].bytes_value = snapshot.data
    if commit.state is not None:
        _add_state(request, layout, commit.position, commit.state)


def snapshot_name(stream: str, version: int) -> str:
    """Below the stream's document; the name of the newest one is the first."""
    return f"{stream}/{SNAPSHOTS}/{_LAST_VERSION - version:010d}"


def reached_by(commit: NewCommit, result: Any) -> Position:
    """Where the stream ends after the append; `result` is that of the commit's last write."""
    token = token_of(result.update_time) if commit.state is not None else None
    return Position(commit.position.stream, commit.position.version + 1, token)


def _add_state(request: Any, layout: LogLayout, position: Position, state: bytes) -> None:
    """The commit's create arbitrates, but commits expire here, and then a very old position would find its place free.
    So the state as well must be the one that was read.
    """
    write = request.writes.add()
    write.update.name = layout.state(position.stream)
    if not position.version:
        write.current_document.exists = False
    elif position.token is not None:
        set_token(write.current_document.update_time, position.token)
    fields = write.update.fields
    fields["category"].string_value = category_of(position.stream)
    fields["version"].integer_value = position.version + 1
    fields["body"].bytes_value = state
    write.update_transforms.add(field_path="recorded_at", set_to_server_value=REQUEST_TIME)


def add_answer(request: Any, layout: LogLayout, answer: Answer) -> None:
    """Two fields: each one more would cost a command a hundredth of its time."""
    fields = _add(request, layout.answer(answer.key)).update.fields
    head = {"fingerprint": answer.fingerprint, "status": answer.status, "headers": answer.headers}
    fields["head"].bytes_value = to_json(head)
    fields["body"].bytes_value = answer.body


def read_answer(key: str, document: Any) -> Answer:
    """Raises CorruptDataError."""
    try:
        return Answer(
            key=key, body=document.fields["body"].bytes_value, **from_json(document.fields["head"].bytes_value)
        )
    except (ValueError, TypeError) as error:
        raise CorruptDataError(f"the answer under {key!r} cannot be decoded: {error}") from error


def read_snapshot(document: Any) -> Snapshot:
    fields = document.fields
    return Snapshot(fields["version"].integer_value, fields["schema"].string_value, fields["body"].bytes_value)


def read_state(document: Any) -> StateDocument:
    fields = document.fields
    return StateDocument(
        stream=text_of(document.name.rpartition("/")[2]),
        version=fields["version"].integer_value,
        recorded_at=moment(fields["recorded_at"].timestamp_value),
        body=fields["body"].bytes_value,
        token=token_of(document.update_time),
    )


def read_commit(document: Any) -> Commit:
    """Raises CorruptCommitError."""
    fields = document.fields
    recorded_at = moment(fields["recorded_at"].timestamp_value)
    try:
        return decode_commit(fields["body"].bytes_value, recorded_at)
    except CorruptDataError as error:
        stream, version = place(document.name)
        raise CorruptCommitError(stream, int(version), recorded_at, error) from error


def place(name: str) -> tuple[str, str]:
    """The stream of a document below it, and its own id."""
    *_, stream, _, identity = name.split("/")
    return text_of(stream), text_of(identity)


def _template() -> Any:
    write = Write()
    write.current_document.exists = False
    write.update_transforms.add(field_path="recorded_at", set_to_server_value=REQUEST_TIME)
    return write


_STAMPED: Final = _template()


def _add_stamped(request: Any, name: str, shard: str) -> Any:
    write = request.writes.add()
    write.CopyFrom(_STAMPED)  # half again as fast as setting it up
    write.update.name = name
    fields = write.update.fields
    fields["shard"].string_value = shard
    return fields


def _add(request: Any, name: str) -> Any:
    write = request.writes.add()
    write.current_document.exists = False
    write.update.name = name
    return write
