"""Which events made a document what it is: what each of them changed, field by field, and who caused it.

A field is a path to a leaf of the document's JSON: `total.amount`, `lines[0].quantity`. Items of a list go by their
place, so what is taken out of a list moves those behind it.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, Generic, NamedTuple, TypeVar

from pydantic import BaseModel
from pydantic_core import to_json

from shared.eventsourcing.message import Commit, Event, message_id
from shared.eventsourcing.projection import Projection

E = TypeVar("E", bound=Event)
D = TypeVar("D", bound=BaseModel)
_PLAIN_NAME = re.compile(r"[\w-]+")
ABSENT: Final = object()
"""In the place of a value: there is no such path."""


class Setter(NamedTuple):
    """An event that set a field: `id` names the event (`cart-42@7.0`), `before` and `after` are JSON values. A value is
    None as well where the field was not there yet, or is there no more.
    """

    id: str
    type: str
    command: str
    actor: str
    occurred_at: datetime
    recorded_at: datetime
    before: Any
    after: Any


def flatten(document: Mapping[str, Any]) -> dict[str, Any]:
    """Path → value of every leaf, in the document's order. An empty list or object is a leaf. A key that is more than
    letters, digits, `_` and `-` is quoted, so no two leaves share a path: `lines["a.b"]`.
    """
    return dict(_leaves("", document)) if document else {}


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, part in value.items():
            yield from _leaves(_below(path, key), part)
    elif isinstance(value, list) and value:
        for index, part in enumerate(value):
            yield from _leaves(f"{path}[{index}]", part)
    else:
        yield path, value


def _below(path: str, key: str) -> str:
    if not _PLAIN_NAME.fullmatch(key):
        return f"{path}[{to_json(key).decode()}]"
    return f"{path}.{key}" if path else key


def changed_fields(before: BaseModel | None, after: BaseModel | None) -> dict[str, tuple[Any, Any]]:
    """Path → (before, after) of the leaves that differ, None where there is no such leaf. That one which is null or
    empty comes or goes is no change: a list that gets its first item is told by the item alone.
    """
    old, new = _flat(before), _flat(after)
    return {
        path: (None if was is ABSENT else was, None if now is ABSENT else now)
        for path, was, now in differences(old, new)
        if not (_is_nothing(was) and _is_nothing(now) and ABSENT in (was, now))
    }


def _flat(document: BaseModel | None) -> dict[str, Any]:
    return flatten(document.model_dump(mode="json")) if document is not None else {}


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Path, value in one and in the other, `ABSENT` where there is none; true is not 1, and null is not absent."""
    for path in (*old, *(path for path in new if path not in old)):
        was, now = old.get(path, ABSENT), new.get(path, ABSENT)
        if was is ABSENT or now is ABSENT or (type(was), was) != (type(now), now):
            yield path, was, now


def _is_nothing(value: Any) -> bool:
    return value is ABSENT or value is None or value in ([], {})


class Trace(Generic[E, D]):
    """Follows a document through its commits and remembers who set each field, at most the newest `limit` of them.

    Only `field` and what lies below it is followed, if it is given.
    """

    def __init__(self, projection: Projection[E, D], *, field: str | None = None, limit: int | None = None) -> None:
        self.document: D | None = None
        self._projection = projection
        self._below = (field, f"{field}.", f"{field}[") if field is not None else None
        self._limit = limit
        self._flat: dict[str, Any] = {}
        self._setters: dict[str, deque[Setter]] = {}

    def add(self, commit: Commit) -> None:
        """The stream's next commit; raises what the projection raises."""
        for index, stored in enumerate(commit.events):
            event = self._projection.codec.decode(stored)
            self.document = self._projection.project(self.document, event)
            old, self._flat = self._flat, _flat(self.document)
            for path, was, now in differences(old, self._flat):
                if self._is_asked_for(path):
                    setter = _setter(commit, index, None if was is ABSENT else was, None if now is ABSENT else now)
                    self._setters.setdefault(path, deque(maxlen=self._limit)).append(setter)

    def setters(self) -> dict[str, list[Setter]]:
        """Path → the events that set it, oldest first. A field that is there no more keeps its path."""
        return {path: list(setters) for path, setters in self._setters.items()}

    def _is_asked_for(self, path: str) -> bool:
        return self._below is None or path == self._below[0] or path.startswith(self._below[1:])


def _setter(commit: Commit, index: int, before: Any, after: Any) -> Setter:
    return Setter(
        id=message_id(commit.stream, commit.version, index),
        type=commit.events[index].type,
        command=commit.context.command,
        actor=commit.context.actor,
        occurred_at=commit.context.occurred_at,
        recorded_at=commit.recorded_at,
        before=before,
        after=after,
    )


def provenance(
    projection: Projection[E, D], commits: Iterable[Commit], *, field: str | None = None
) -> dict[str, list[Setter]]:
    """Path → the events that set it, oldest first, of a stream's commits from the first one on. `field` limits it to
    that path and what lies below it. Raises CorruptDataError for a commit that cannot be understood, and what the
    projection raises.
    """
    trace = Trace(projection, field=field)
    for commit in commits:
        trace.add(commit)
    return trace.setters()
