"""Where things lie in the database `events`, and the writes that put them there: creates, and nothing else.

    streams/{stream}/commits/{version}        shard, recorded_at, body
    streams/{stream}/outbox/{suffix}          shard, recorded_at; the message's id is {stream}@{suffix}
    streams/{stream}/snapshots/{inverted}     version, schema, body; the newest has the smallest id
    answers/{idempotency key}                 head (JSON: fingerprint, status, headers), body

Versions have ten digits, so that the order of names is the order of versions and no index is needed. All of a stream
lies below one document: its keys are neighbours, and a commit touches as few parts of the database as can be.
"""

from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import from_json, to_json

from shared.adapters.firestore.messages import REQUEST_TIME, Write
from shared.adapters.firestore.values import document_id, moment, text_of
from shared.eventsourcing.codec import decode_commit
from shared.eventsourcing.errors import CorruptCommitError, CorruptDataError
from shared.eventsourcing.event_store import Answer, NewCommit, Snapshot
from shared.eventsourcing.message import Commit, shard_of

COMMITS: Final = "commits"
OUTBOX: Final = "outbox"
SNAPSHOTS: Final = "snapshots"
_LAST_VERSION: Final = 9_999_999_999


@dataclass(frozen=True, slots=True)
class LogLayout:
    """Names of documents; `root` is `projects/…/databases/…/documents`."""

    root: str

    def stream(self, stream: str) -> str:
        return f"{self.root}/streams/{document_id(stream)}"

    def commit(self, stream: str, version: int) -> str:
        return f"{self.stream(stream)}/{COMMITS}/{version:010d}"

    def owed(self, message_id: str) -> str | None:
        """The outbox row of a message; None for what is no message id."""
        stream, _, suffix = message_id.rpartition("@")
        return f"{self.stream(stream)}/{OUTBOX}/{document_id(suffix)}" if stream and suffix else None

    def answer(self, key: str) -> str:
        return f"{self.root}/answers/{document_id(key)}"


def add_commit(request: Any, layout: LogLayout, commit: NewCommit) -> None:
    """One stream's part of an append: the commit, its outbox rows and its snapshot. The commit comes first: its
    result holds `recorded_at`.
    """
    stream, version = commit.position.stream, commit.position.version + 1
    folder, shard = layout.stream(stream), shard_of(stream)
    _add_stamped(request, f"{folder}/{COMMITS}/{version:010d}", shard)["body"].bytes_value = commit.body
    for message_id in commit.owed:
        suffix = message_id.rpartition("@")[2]
        _add_stamped(request, f"{folder}/{OUTBOX}/{document_id(suffix)}", shard)
    if (snapshot := commit.snapshot) is not None:
        fields = _add(request, f"{folder}/{SNAPSHOTS}/{_LAST_VERSION - snapshot.version:010d}").update.fields
        fields["version"].integer_value = snapshot.version
        fields["schema"].string_value = snapshot.schema
        fields["body"].bytes_value = snapshot.data


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
