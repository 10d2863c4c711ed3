"""What is promised: the founding document's five targets, and that requests are answered."""

from dataclasses import dataclass
from typing import Final

from infra.pulumi.observability.logged import (
    APPEND_LATENCY,
    COMMAND_LATENCY,
    PROJECTION_LAG,
    QUERY_LATENCY,
    REPLAY_PACE,
    Logged,
)

DAYS: Final = 28
"""Four whole weeks: each has the same weekends."""
P95: Final = 0.95
"""A 95th percentile below a bound is the same as 95 % of all values below it."""
ANSWERED: Final = 0.999
"""Google takes goals above 0 and up to 0.9999."""
_COMMANDS: Final = "[a-z-]+-commands"
_QUERIES: Final = "[a-z-]+-queries"


@dataclass(frozen=True, slots=True, kw_only=True)
class Below:
    """`goal` of all values of a metric are at most `most`, in the metric's unit. `first` is what to look at first.
    `traffic` is a pattern of the functions whose requests bring the values about; "" if there are few values anyway.
    """

    name: str
    says: str
    metric: Logged
    most: float
    first: str
    traffic: str
    goal: float = P95


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """`goal` of all requests to these functions are answered without a 5xx, as Cloud Run counts them."""

    name: str
    says: str
    functions: str
    first: str
    goal: float = ANSWERED

    @property
    def traffic(self) -> str:
        return self.functions


Objective = Below | Answered

COMMANDS = Below(
    name="command-latency",
    says="95 % of commands are answered within 50 ms",
    metric=COMMAND_LATENCY,
    most=50,
    first="The dashboard: is it the append, the publish, or are there many new instances? Their first request takes"
    " longer: `scaling.min_instances` keeps some warm. The start of the container is not in this objective; it has a"
    " chart of its own.",
    traffic=_COMMANDS,
)
APPENDS = Below(
    name="append-latency",
    says="in 95 % of requests that append to the log, each append takes at most 20 ms",
    metric=APPEND_LATENCY,
    most=20,
    first="The dashboard: conflicts of many writers to one stream, or Firestore itself (status.cloud.google.com).",
    traffic=_COMMANDS,
)
QUERIES = Below(
    name="query-latency",
    says="95 % of queries are answered within 100 ms",
    metric=QUERY_LATENCY,
    most=100,
    first="The dashboard: which service, and are its instances new? Then the slow requests' lines by `milliseconds`."
    " The start of a container is not in this objective; it has a chart of its own.",
    traffic=_QUERIES,
)
LAG = Below(
    name="projection-lag",
    says="95 % of commits are shown by the read models within 1 s",
    metric=PROJECTION_LAG,
    most=1000,
    first="The backlog of the projectors' subscriptions, then `commerce dead-letters list`: a message that is refused"
    " slows its whole subscription down.",
    traffic=_COMMANDS,
)
REPLAYS = Below(
    name="replay-pace",
    says="a replay takes less than 5 minutes per million events",
    metric=REPLAY_PACE,
    most=300,
    first="The entry in the log `commerce-operations`: which read model, and how many events? Without the archive"
    " (`--from-log`), and with fewer cores, a replay is slower.",
    traffic="",
)
COMMANDS_ANSWERED = Answered(
    name="commands-answered",
    says="99.9 % of commands are answered without a 5xx",
    functions=_COMMANDS,
    first="Errors by function on the dashboard, then the lines with severity ERROR of that function.",
)
QUERIES_ANSWERED = Answered(
    name="queries-answered",
    says="99.9 % of queries are answered without a 5xx",
    functions=_QUERIES,
    first="Errors by function on the dashboard, then the lines with severity ERROR of that function.",
)

OBJECTIVES: tuple[Objective, ...] = (
    COMMANDS,
    APPENDS,
    QUERIES,
    LAG,
    REPLAYS,
    COMMANDS_ANSWERED,
    QUERIES_ANSWERED,
)
