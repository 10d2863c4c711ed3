"""Whose commits and events reach the archive, and by whom."""

from dataclasses import fields
from pathlib import Path

import pytest

import functions
from functions.analytics.manifest import CATEGORIES, MANIFEST, manifest
from functions.analytics.port import Fact
from shared.eventsourcing.archive import ArchivedEvent
from shared.topology import (
    Feed,
    Private,
    Push,
    Service,
    discover,
    domain_topic,
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


def test_every_commit_is_archived() -> None:
    """The one exception to domain topics being their own service's business."""
    assert heard(MANIFEST, "archive") == [domain_topic(service.name) for service in OTHERS]


def test_every_category_is_swept() -> None:
    """The archive's sweep knows what each service calls its streams."""
    assert {service.name: service.categories for service in OTHERS} == dict(CATEGORIES)


class TestFedByPubSub:
    """The other way: Pub/Sub itself writes what it delivers."""

    service = manifest(Feed.SUBSCRIPTION)

    def test_no_function_takes_commits(self) -> None:
        """It only sweeps, and unpacks before."""
        assert self.service.function("archive").trigger == Private()

    def test_commits_are_written_into_a_declared_table(self) -> None:
        """Of all services, as they come."""
        assert self.service.dataset is not None
        tables = {each.topic: each.table for each in self.service.subscriptions if each.table}

        assert tables == {domain_topic(name): "deliveries" for name in CATEGORIES}
        assert "deliveries" in {table.name for table in self.service.dataset.tables}

    def test_everything_else_is_the_same(self) -> None:
        """One switch, and no more."""
        assert self.service.schedules == MANIFEST.schedules
        assert [each.name for each in self.service.subscriptions] == [each.name for each in MANIFEST.subscriptions]


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
        dataset = manifest(Feed.SUBSCRIPTION).dataset
        assert dataset is not None
        for table in dataset.tables:
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
