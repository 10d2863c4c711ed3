"""The tables of the archive: every stored event and every published one as a row."""

from shared.eventsourcing.archive import EVENTS, FACTS
from shared.topology.analytics import Column, ColumnType, Table

_TEXT, _NUMBER, _TIME, _JSON = ColumnType.STRING, ColumnType.INT64, ColumnType.TIMESTAMP, ColumnType.JSON

EVENTS_TABLE = Table(
    name=EVENTS,
    description="Every stored event of every service, at least once: a copy of the log.",
    columns=(
        Column("id"),
        Column("category"),
        Column("stream"),
        Column("version", _NUMBER),
        Column("index", _NUMBER),
        Column("size", _NUMBER),
        Column("type"),
        Column("occurred_at", _TIME),
        Column("recorded_at", _TIME),
        Column("claimed_at", _TIME, required=False),
        Column("command"),
        Column("command_id"),
        Column("correlation_id"),
        Column("causation_id", _TEXT, required=False),
        Column("actor"),
        Column("traceparent", _TEXT, required=False),
        Column("data", _JSON),
    ),
    partition_by="occurred_at",
    cluster_by=("category", "type", "stream"),
)
FACTS_TABLE = Table(
    name=FACTS,
    description="Every integration event of every service, at least once: what the views are made of.",
    columns=(
        Column("id"),
        Column("type"),
        Column("service"),
        Column("subject"),
        Column("occurred_at", _TIME),
        Column("recorded_at", _TIME),
        Column("claimed_at", _TIME, required=False),
        Column("correlation_id"),
        Column("payload", _JSON),
    ),
    partition_by="occurred_at",
    cluster_by=("service", "type", "subject"),
)
