"""The archive in BigQuery: a dataset with the tables and views that a manifest declares."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_gcp import bigquery

from infra.pulumi.deployment import Deployment
from shared.eventsourcing.archive import in_dataset
from shared.packaging.views import query_of
from shared.topology import Column, ColumnType, Dataset, Service, Table, View

_WEEK_HOURS = 168
_AS_ANSWERED = {ColumnType.INT64: "INTEGER"}
"""What BigQuery's interface calls some types, whatever they were called when the table was made."""


@dataclass(frozen=True, slots=True)
class ArchiveArgs:
    """`dataset` is that of `service`."""

    deployment: Deployment
    service: Service
    dataset: Dataset


class Archive(pulumi.ComponentResource):
    """`dataset` is its id."""

    def __init__(self, name: str, args: ArchiveArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:data:Archive", name, None, opts)
        self._args = args
        self._project = args.deployment.config.project
        self._protected = args.deployment.config.data.protected
        self._labels = args.deployment.labels(args.service.name)
        self.dataset = self._declared().dataset_id
        there = [self._table(table) for table in args.dataset.tables]
        for view in args.dataset.views:
            there.append(self._view(view, after=there))
        self.register_outputs({"dataset": self.dataset})

    def _declared(self) -> bigquery.Dataset:
        """Only whom IAM names has access. It is given when the dataset is made, so that BigQuery does not let in the
        project's viewers and editors; from then on bindings add to it, and this must not take them away.
        """
        declared = self._args.dataset
        return bigquery.Dataset(
            declared.name,
            dataset_id=self._args.deployment.id(declared.name),
            project=self._project,
            location=self._args.deployment.config.bigquery_location,
            description=declared.description,
            labels=self._labels,
            accesses=[bigquery.DatasetAccessArgs(role="OWNER", special_group="projectOwners")],
            is_case_insensitive=False,
            max_time_travel_hours=str(_WEEK_HOURS),
            storage_billing_model="LOGICAL",
            delete_contents_on_destroy=False,
            deletion_policy="PREVENT" if self._protected else "DELETE",
            opts=pulumi.ResourceOptions(parent=self, protect=self._protected, ignore_changes=["accesses"]),
        )

    def _table(self, table: Table) -> bigquery.Table:
        return bigquery.Table(
            f"{self._args.dataset.name}.{table.name}",
            dataset_id=self.dataset,
            table_id=table.name,
            project=self._project,
            description=table.description,
            labels=self._labels,
            schema=json.dumps([_column(column) for column in table.columns]),
            time_partitioning=bigquery.TableTimePartitioningArgs(type="DAY", field=table.partition_by),
            clusterings=list(table.cluster_by) or None,
            require_partition_filter=True,
            deletion_protection=self._protected,
            deletion_policy="PREVENT" if self._protected else "DELETE",
            opts=pulumi.ResourceOptions(parent=self, protect=self._protected),
        )

    def _view(self, view: View, *, after: Sequence[bigquery.Table]) -> bigquery.Table:
        """It may use any table, and the views before it. It names the project, too: else it could be asked in this
        project alone.
        """
        dataset = f"`{self._project}`.{self._args.deployment.id(self._args.dataset.name)}"
        return bigquery.Table(
            f"{self._args.dataset.name}.{view.name}",
            dataset_id=self.dataset,
            table_id=view.name,
            project=self._project,
            description=view.description,
            labels=self._labels,
            view=bigquery.TableViewArgs(
                query=in_dataset(query_of(self._args.service, view), dataset), use_legacy_sql=False
            ),
            deletion_protection=False,
            deletion_policy="DELETE",
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
        )


def _column(column: Column) -> dict[str, str]:
    return {
        "name": column.name,
        "type": _AS_ANSWERED.get(column.type, column.type.value),
        "mode": "REQUIRED" if column.required else "NULLABLE",
    }
