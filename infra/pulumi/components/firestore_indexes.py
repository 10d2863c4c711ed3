"""The indexes of one Firestore database: those that are declared, and no other one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import pulumi
from pulumi_gcp import firestore

from infra.pulumi.deployment import Deployment
from shared.topology import EXPIRY_FIELD, Index, IndexField

ALL_COLLECTIONS = "__default__"
ALL_FIELDS = "*"
"""Firestore's own names of the field that all fields of a database take their single-field indexes from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirestoreIndexesArgs:
    """`database` is its id. Documents in the collection groups `expiring` are deleted after their `EXPIRY_FIELD`."""

    deployment: Deployment
    database: pulumi.Input[str]
    indexes: Sequence[Index]
    expiring: Sequence[str] = ()


class FirestoreIndexes(pulumi.ComponentResource):
    """Firestore would index every field by itself: each write would cost more time and space for what nobody asks.

    `name` is the declared one of the database. Firestore answers 409 if many indexes are changed at once; the provider
    tries again, and if that is not enough, `pulumi up --parallel 4` changes fewer at once.
    """

    def __init__(self, name: str, args: FirestoreIndexesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:data:FirestoreIndexes", name, None, opts)
        self._name, self._args = name, args
        self._field(ALL_COLLECTIONS, ALL_FIELDS, ())
        for index in args.indexes:
            if len(index.fields) > 1:
                self._composite(index)
        for (collection, path), indexes in _single(args.indexes).items():
            self._field(collection, path, indexes)
        for collection in args.expiring:
            self._field(collection, EXPIRY_FIELD, (), expires=True)
        self.register_outputs({})

    def _composite(self, index: Index) -> None:
        """Firestore appends `__name__` to its fields, in the order of the last one."""
        fields = [firestore.IndexFieldArgs(field_path=field.name, order=_order(field)) for field in index.fields]
        firestore.Index(
            "-".join(_parts(self._name, index)),
            project=self._args.deployment.config.project,
            database=self._args.database,
            collection=index.collection,
            api_scope="ANY_API",
            query_scope=_scope(index),
            fields=fields,
            skip_wait=False,
            deletion_policy="DELETE",
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _field(self, collection: str, path: str, indexes: Sequence[Index], *, expires: bool = False) -> None:
        """The only single-field indexes of a field; none: it has none."""
        only = [
            firestore.FieldIndexConfigIndexArgs(order=_order(index.fields[0]), query_scope=_scope(index))
            for index in indexes
        ]
        firestore.Field(
            f"{self._name}-{collection}-{path}",
            project=self._args.deployment.config.project,
            database=self._args.database,
            collection=collection,
            field=path,
            index_config=firestore.FieldIndexConfigArgs(indexes=only or None),
            ttl_config=firestore.FieldTtlConfigArgs() if expires else None,
            skip_wait=False,
            # To delete one is to let it take the setting of all fields; that itself has none to take.
            deletion_policy="ABANDON" if collection == ALL_COLLECTIONS else "DELETE",
            opts=pulumi.ResourceOptions(parent=self),
        )


def _single(indexes: Sequence[Index]) -> Mapping[tuple[str, str], Sequence[Index]]:
    """Indexes of one field belong to the field, which has all of them at once."""

    def field(index: Index) -> tuple[str, str]:
        return index.collection, index.fields[0].name

    ordered = sorted((index for index in indexes if len(index.fields) == 1), key=field)
    return {key: list(group) for key, group in groupby(ordered, field)}


def _parts(database: str, index: Index) -> Iterator[str]:
    """Names it by what it is: an index is never changed, another one is made."""
    yield from (database, index.collection)
    yield from (f"{field.name}_desc" if field.descending else field.name for field in index.fields)
    if index.group:
        yield "group"


def _order(field: IndexField) -> str:
    return "DESCENDING" if field.descending else "ASCENDING"


def _scope(index: Index) -> str:
    return "COLLECTION_GROUP" if index.group else "COLLECTION"
