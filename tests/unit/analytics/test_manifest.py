"""Whose commits and events reach the archive, and by whom."""

from dataclasses import fields
from pathlib import Path

import pytest

import functions
from functions.analytics.manifest import CATEGORIES, MANIFEST
from functions.analytics.port import Fact
from shared.eventsourcing.archive import ArchivedEvent
from shared.topology import (
    Push,
    Service,
    discover,
    integration_topic,
)

OTHERS = [service for service in discover(functions) if service.topics]


def heard(service: Service, function: str) -> list[str]:
    """The topics that are pushed to a function, all of each."""
    trigger = service.function(function).trigger
    names = trigger.subscriptions if isinstance(trigger, Push) else ()
    return [each.topic for each in service.subscriptions if each.name in names and not each.filter]


def test_every_integration_event_is_consumed() -> None:
    """A service that publishes is heard, whatever it publishes: none of its types is filtered away."""
    assert heard(MANIFEST, "consumer") == [integration_topic(service.name) for service in OTHERS]


def test_every_category_is_swept() -> None:
    """The archive's sweep knows what each service calls its streams."""
    assert {service.name: service.categories for service in OTHERS} == dict(CATEGORIES)


class TestTables:
    """What is declared is what is written."""

    @pytest.mark.parametrize(("table", "row"), [("events", ArchivedEvent), ("facts", Fact)])
    def test_have_a_column_for_each_field(self, table: str, row: type) -> None:
        """In the same order."""
        assert MANIFEST.dataset is not None
        columns = [column.name for column in MANIFEST.dataset.table(table).columns]

        assert columns == [each.name for each in fields(row)]

    def test_are_cut_and_sorted_by_columns_that_they_have(self) -> None:
        """Any other would be refused when it is deployed."""
        assert MANIFEST.dataset is not None
        for table in MANIFEST.dataset.tables:
            assert {table.partition_by, *table.cluster_by} <= {column.name for column in table.columns}


class TestViews:
    """The queries beside the code."""

    folder = Path(str(functions.__path__[0])) / MANIFEST.name

    def test_are_all_declared(self) -> None:
        """Each file is a view, each view a file."""
        assert MANIFEST.dataset is not None
        declared = {self.folder / view.sql for view in MANIFEST.dataset.views}

        assert declared == set((self.folder / "views").glob("*.sql"))

    def test_read_published_contracts_only(self) -> None:
        """Private events may change without asking anybody: they are only counted."""
        readers = {
            file.stem for file in (self.folder / "views").glob("*.sql") if "commerce.events" in file.read_text("utf-8")
        }

        assert readers == {"events_once", "storage_growth"}
