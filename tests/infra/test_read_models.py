"""The database of the read models, and the indexes of all databases."""

import pytest

import functions
from infra.pulumi.components.firestore_indexes import FirestoreIndexes, FirestoreIndexesArgs
from shared.topology import KEY_VAULT_DATABASE, READ_MODELS_DATABASE, Index, IndexField, all_indexes, discover
from tests.infra.data_program import BACKUPS, DATABASE, FIELD, INDEX, databases, deployment
from tests.infra.harness import Program, run

UP, DOWN = IndexField("at"), IndexField("at", descending=True)


@pytest.fixture(scope="module")
def program() -> Program:
    return databases(deployment())


def indexed(*indexes: Index) -> Program:
    args = FirestoreIndexesArgs(deployment=deployment(), database="dev-shop", indexes=indexes)
    return run(lambda: FirestoreIndexes("shop", args))


def index(*fields: IndexField, group: bool = False) -> Index:
    return Index(collection="carts", fields=fields, database="shop", group=group)


def test_read_models_have_no_backups(program: Program) -> None:
    """They are made again from the log."""
    assert "dev-read-models" not in {each["database"] for each in program.inputs(BACKUPS).values()}


def test_no_field_is_indexed_by_itself(program: Program) -> None:
    """In each database one setting for all fields of all collections."""
    everywhere = [each for each in program.inputs(FIELD).values() if each["collection"] == "__default__"]

    assert {each["database"] for each in everywhere} == {f"dev-{name}" for name in program.of(DATABASE)}
    assert [(each["field"], each["indexConfig"]) for each in everywhere] == [("*", {})] * 3


def test_the_setting_for_all_fields_stays_until_its_database_goes(program: Program) -> None:
    """There is none above it that it could go back to."""
    policies = {
        each["deletionPolicy"] for each in program.inputs(FIELD).values() if each["collection"] == "__default__"
    }

    assert policies == {"ABANDON"}


def test_a_composite_index_is_made_as_it_is_declared() -> None:
    """Its fields in their order, each with its direction."""
    made = indexed(index(IndexField("customer_id"), DOWN)).inputs(INDEX)["shop-carts-customer_id-at_desc"]

    assert made == {
        "project": "acme-shop",
        "database": "dev-shop",
        "collection": "carts",
        "apiScope": "ANY_API",
        "queryScope": "COLLECTION",
        "fields": [
            {"fieldPath": "customer_id", "order": "ASCENDING"},
            {"fieldPath": "at", "order": "DESCENDING"},
        ],
        "skipWait": False,
        "deletionPolicy": "DELETE",
    }


def test_an_index_can_span_all_collections_of_a_name() -> None:
    """The walks over a category take the commits of all streams."""
    made = indexed(index(IndexField("shard"), UP, group=True), index(IndexField("shard"), UP)).inputs(INDEX)

    assert {name: each["queryScope"] for name, each in made.items()} == {
        "shop-carts-shard-at-group": "COLLECTION_GROUP",
        "shop-carts-shard-at": "COLLECTION",
    }


def test_an_index_of_one_field_is_made_of_the_field() -> None:
    """Firestore knows no composite index of one field; all of a field's own are set at once."""
    made = indexed(index(DOWN), index(UP, group=True))

    assert not made.of(INDEX)
    assert made.inputs(FIELD)["shop-carts-at"]["indexConfig"] == {
        "indexes": [
            {"order": "DESCENDING", "queryScope": "COLLECTION"},
            {"order": "ASCENDING", "queryScope": "COLLECTION_GROUP"},
        ]
    }


def test_every_declared_index_is_in_one_of_the_databases(program: Program) -> None:
    """And nothing else but the settings of all fields and of those that expire."""
    declared = all_indexes(discover(functions))
    single = [each for each in program.inputs(FIELD).values() if each["indexConfig"]]

    assert len(program.of(INDEX)) + sum(len(each["indexConfig"]["indexes"]) for each in single) == len(declared)
    assert {each.database for each in declared} <= program.of(DATABASE).keys()


def test_the_key_vault_is_asked_by_names_alone(program: Program) -> None:
    """It has no index at all."""
    assert not [each for each in program.inputs(INDEX).values() if each["database"] == f"dev-{KEY_VAULT_DATABASE}"]


def test_indexes_belong_to_their_database(program: Program) -> None:
    """They are made in it, and stand below it among Pulumi's own."""
    made = [each for each in program.of(INDEX).values() if each.inputs["database"] == f"dev-{READ_MODELS_DATABASE}"]

    assert {each.parent for each in made} == {READ_MODELS_DATABASE}
