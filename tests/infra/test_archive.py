"""The archive's dataset, tables and views."""

from dataclasses import replace

import pytest
import sqlglot
from sqlglot import exp

from functions.analytics.manifest import MANIFEST
from infra.pulumi.config import Data
from tests.infra.data_program import DATASET, PROJECT, TABLE, archive, deployment
from tests.infra.harness import Declared, Inputs, Program

assert MANIFEST.dataset
DECLARED = MANIFEST.dataset
HELD = {table.name for table in DECLARED.tables}


@pytest.fixture(scope="module")
def program() -> Program:
    return archive(deployment(services=[MANIFEST]))


@pytest.fixture(scope="module")
def dataset(program: Program) -> Declared:
    return program.of(DATASET)["commerce"]


def tables(program: Program) -> dict[str, Inputs]:
    return {each["tableId"]: each for each in program.inputs(TABLE).values() if "view" not in each}


def views(program: Program) -> dict[str, Inputs]:
    return {each["tableId"]: each for each in program.inputs(TABLE).values() if "view" in each}


def test_the_dataset_is_named_for_its_environment(dataset: Declared) -> None:
    """As the functions are told: BigQuery takes no dashes."""
    assert dataset.inputs["datasetId"] == "dev_commerce"
    assert dataset.inputs["location"] == "EU"


def test_rows_stay_for_ever_by_default(dataset: Declared) -> None:
    """A table that wants its days dropped says so itself."""
    assert not {"defaultTableExpirationMs", "defaultPartitionExpirationMs"} & dataset.inputs.keys()


def test_stored_bytes_are_paid_as_they_are_counted(dataset: Declared) -> None:
    """As logical ones: with the other model a week of time travel is paid, too."""
    assert dataset.inputs["storageBillingModel"] == "LOGICAL"


def test_a_table_can_be_read_as_of_any_moment_of_a_week(dataset: Declared) -> None:
    """As long as BigQuery can; given in hours."""
    assert dataset.inputs["maxTimeTravelHours"] == "168"


def test_the_dataset_is_not_deleted_by_mistake(dataset: Declared) -> None:
    """And not at all while there is something in it."""
    assert dataset.protect
    assert dataset.inputs["deletionPolicy"] == "PREVENT"
    assert dataset.inputs["deleteContentsOnDestroy"] is False


def test_only_owners_of_the_project_have_access_from_the_start(dataset: Declared) -> None:
    """BigQuery itself would let in all who can see or edit the project."""
    assert dataset.inputs["accesses"] == [{"role": "OWNER", "specialGroup": "projectOwners"}]


def test_access_that_is_granted_later_stays(dataset: Declared) -> None:
    """Bindings are made apart: an update of the dataset leaves them alone."""
    assert dataset.ignore_changes == ("accesses",)


def test_the_dataset_says_whose_it_is(dataset: Declared) -> None:
    """Its bill is found by labels."""
    assert dataset.inputs["labels"] == {"environment": "dev", "managed-by": "pulumi", "service": "analytics"}


def test_tables_and_views_are_those_of_the_manifest(program: Program) -> None:
    """All of them, and nothing else, in the one dataset."""
    assert tables(program).keys() == HELD
    assert views(program).keys() == {view.name for view in DECLARED.views}
    assert {each["datasetId"] for each in program.inputs(TABLE).values()} == {"dev_commerce"}


@pytest.mark.parametrize("table", sorted(HELD))
def test_a_table_refuses_to_be_deleted(program: Program, table: str) -> None:
    """By Pulumi and by the provider."""
    made = program.of(TABLE)[f"commerce.{table}"]

    assert made.protect
    assert made.inputs["deletionProtection"] is True
    assert made.inputs["deletionPolicy"] == "PREVENT"


def test_tables_of_an_environment_for_trying_can_go() -> None:
    """When the settings say so."""
    made = archive(deployment(Data(protected=False), [MANIFEST]))

    assert not any(each.protect for each in (*made.of(TABLE).values(), *made.of(DATASET).values()))
    assert {each["deletionProtection"] for each in made.inputs(TABLE).values()} == {False}
    assert {each["deletionPolicy"] for each in made.inputs(TABLE).values()} == {"DELETE"}


def test_views_can_be_made_anew(program: Program) -> None:
    """They hold nothing."""
    assert {each["deletionProtection"] for each in views(program).values()} == {False}
    assert not any(program.of(TABLE)[f"commerce.{name}"].protect for name in views(program))


def test_views_are_in_todays_dialect(program: Program) -> None:
    """BigQuery takes what says nothing for its old one."""
    assert {each["view"]["useLegacySql"] for each in views(program).values()} == {False}


def test_views_read_what_is_in_their_own_dataset_and_project(program: Program) -> None:
    """With the project named, they can be asked from another one, too."""
    there = HELD | views(program).keys()

    for made in views(program).values():
        query = sqlglot.parse_one(made["view"]["query"], dialect="bigquery")
        named = {each.alias for each in query.find_all(exp.CTE)}
        read = [each for each in query.find_all(exp.Table) if each.name not in named]

        assert {(each.catalog, each.db) for each in read} == {(PROJECT, "dev_commerce")}
        assert {each.name for each in read} <= there


def test_a_view_is_made_after_all_that_it_may_use(program: Program) -> None:
    """BigQuery takes no view of what is not there."""
    before = {f"commerce.{table}" for table in HELD}

    for view in DECLARED.views:
        made = program.of(TABLE)[f"commerce.{view.name}"]
        assert set(made.depends_on) == before
        before.add(made.name)


def test_a_table_without_an_order_has_none() -> None:
    """An empty list would be refused."""
    plain = replace(DECLARED, tables=(replace(DECLARED.tables[0], cluster_by=()),), views=())
    made = archive(deployment(services=[replace(MANIFEST, dataset=plain)]))

    assert "clusterings" not in made.inputs(TABLE)["commerce.events"]
