"""Streams as they once lay in the log, and what they come to: a file each, below the name of their category."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json

from emulators import contracts
from shared.eventsourcing.codec import decode_commit
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.message import Commit
from shared.eventsourcing.projection import Projection
from shared.eventsourcing.provenance import flatten

FOLDER = Path(__file__).parent / "samples"


@dataclass(frozen=True)
class Category:
    """What reads the streams of one category today."""

    service: str
    decider: Decider[Any, Any, Any]
    projections: tuple[Projection[Any, Any], ...]

    def state(self, commits: list[Commit]) -> Any:
        """The fold, as JSON."""
        return from_json(self.decider.dump_state(self.decider.fold(self.decider.initial_state(), commits)))

    def documents(self, commits: list[Commit]) -> dict[str, Any]:
        """Collection → its document as JSON, None where there is none."""
        return {each.collection: _document(each, commits) for each in self.projections}


def _document(projection: Projection[Any, Any], commits: list[Commit]) -> Any:
    document = None
    for commit in commits:
        document = projection.apply(document, commit)
    return document.model_dump(mode="json") if document is not None else None


@dataclass(frozen=True)
class Sample:
    """One stream: its commits as they were stored, and the state and the documents that they came to."""

    file: Path

    @cached_property
    def content(self) -> Mapping[str, Any]:
        content: Mapping[str, Any] = from_json(self.file.read_bytes())
        return content

    @property
    def category(self) -> Category:
        return categories()[self.file.parent.name]

    @property
    def commits(self) -> list[Commit]:
        return [
            decode_commit(to_json(each["commit"]), datetime.fromisoformat(each["recorded_at"]))
            for each in self.content["commits"]
        ]

    @property
    def types(self) -> set[str]:
        return {event.type for commit in self.commits for event in commit.events}


@cache
def categories() -> Mapping[str, Category]:
    """Every category of every service, by name."""
    found = {}
    for service in contracts.services():
        for aggregate in service.aggregates:
            projections = tuple(each for each in service.projections if each.category == aggregate.category)
            found[aggregate.category] = Category(service.manifest.name, aggregate.decider, projections)
    return found


def samples() -> Iterator[Sample]:
    """All of them, in the order of their paths."""
    return (Sample(file) for file in sorted(FOLDER.glob("*/*.json")))


def leaves(value: Any) -> dict[str, Any]:
    """Path → value, of a state or a document or of none."""
    return flatten(value) if isinstance(value, dict) and value else {"": value}
