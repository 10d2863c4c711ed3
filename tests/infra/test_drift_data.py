"""What the local runner makes of the manifests and what is deployed are the same: tables, views, indexes."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from emulators.processes.bigquery_topology import table_of
from functions.analytics.manifest import MANIFEST
from shared.eventsourcing.archive import in_dataset
from shared.packaging.views import query_of
from shared.topology import Index, IndexField, all_indexes
from tests.infra.data_program import DATABASE, FIELD, INDEX, PROJECT, SERVICES, TABLE, archive, databases, deployment
from tests.infra.harness import Program

SAME = {"INT64": "INTEGER"}
"""BigQuery has two names for some types: those of its dialect, and those of its interface."""
DIRECTIONS = {"ASCENDING": False, "DESCENDING": True}


class Made(NamedTuple):
    """A table, wherever it is. `columns` are name, type and mode."""

    columns: Sequence[tuple[str, str, str]]
    partitioning: tuple[str, str]
    clustering: Sequence[str]
    needs_filter: bool
    description: str


@pytest.fixture(scope="module")
def deployed() -> Program:
    return archive(deployment(services=[MANIFEST]))


@pytest.fixture(scope="module")
def firestore() -> Program:
    return databases(deployment())


def local(table: Mapping[str, Any]) -> Made:
    """From what Google's client sends to the local BigQuery."""
    return Made(
        columns=[_column(each) for each in table["schema"]["fields"]],
        partitioning=(table["timePartitioning"]["type"], table["timePartitioning"]["field"]),
        clustering=table["clustering"]["fields"],
        needs_filter=table["requirePartitionFilter"],
        description=table["description"],
    )


def cloud(table: Mapping[str, Any]) -> Made:
    """From what Pulumi declares."""
    return Made(
        columns=[_column(each) for each in json.loads(table["schema"])],
        partitioning=(table["timePartitioning"]["type"], table["timePartitioning"]["field"]),
        clustering=table["clusterings"],
        needs_filter=table["requirePartitionFilter"],
        description=table["description"],
    )


def _column(column: Mapping[str, str]) -> tuple[str, str, str]:
    return column["name"], SAME.get(column["type"], column["type"]), column["mode"]


def test_tables_are_the_same(deployed: Program) -> None:
    """Columns, their types and whether they can be null; days, the order in them, the needed filter."""
    assert MANIFEST.dataset
    made = {
        table.name: local(table_of(PROJECT, MANIFEST.dataset, table).to_api_repr()) for table in MANIFEST.dataset.tables
    }

    assert made == {each["tableId"]: cloud(each) for each in deployed.inputs(TABLE).values() if "view" not in each}


def test_views_are_the_same(deployed: Program) -> None:
    """The same query, of another dataset."""
    assert MANIFEST.dataset
    dataset = f"`{PROJECT}`.dev_commerce"

    assert {view.name: in_dataset(query_of(MANIFEST, view), dataset) for view in MANIFEST.dataset.views} == {
        each["tableId"]: each["view"]["query"] for each in deployed.inputs(TABLE).values() if "view" in each
    }


def test_indexes_are_those_that_the_emulator_is_asked_about(firestore: Program) -> None:
    """`tests/e2e/test_indexes.py` holds the declared ones against the queries; these are the declared ones."""
    declared = {each["name"]: name for name, each in firestore.inputs(DATABASE).items()}
    composite = [
        index(declared[each["database"]], each, *((field["fieldPath"], field["order"]) for field in each["fields"]))
        for each in firestore.inputs(INDEX).values()
    ]
    single = [
        index(declared[each["database"]], {**each, **of_field}, (each["field"], of_field["order"]))
        for each in firestore.inputs(FIELD).values()
        for of_field in each["indexConfig"].get("indexes", ())
    ]

    assert sorted(composite + single, key=repr) == sorted(all_indexes(SERVICES), key=repr)


def index(database: str, made: Mapping[str, Any], *fields: tuple[str, str]) -> Index:
    return Index(
        collection=made["collection"],
        fields=tuple(IndexField(name, descending=DIRECTIONS[order]) for name, order in fields),
        database=database,
        group=made["queryScope"] == "COLLECTION_GROUP",
    )
