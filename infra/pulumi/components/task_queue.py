"""A queue of named tasks, each a call of one function at a time of its own."""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import cloudtasks

from infra.pulumi.deployment import Deployment
from shared.topology import Queue, Service

_PER_SECOND = 500.0
_AT_ONCE = 5_000
"""Google's own limits of a queue."""
_DOUBLINGS = 16
"""More than lead from the shortest pause to the longest: pauses are doubled until they are as long as allowed."""
_LOGGED = 0.1
"""The share of attempts that the queue logs; what a task did is in the function's own log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskQueueArgs:
    """`declared` is one of `service`."""

    deployment: Deployment
    service: Service
    declared: Queue


class TaskQueue(pulumi.ComponentResource):
    """Each task brings its own address and the account as which it calls; the queue says how fast and how often.

    It is protected: a queue that is deleted takes its tasks with it, and for days none of its name can be made.
    """

    def __init__(self, name: str, args: TaskQueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:messaging:TaskQueue", name, None, opts)
        config, declared = args.deployment.config, args.declared
        queue = cloudtasks.Queue(
            name,
            name=args.deployment.name(name),
            project=config.project,
            location=config.region,
            desired_state="RUNNING",
            rate_limits=cloudtasks.QueueRateLimitsArgs(
                max_dispatches_per_second=_PER_SECOND, max_concurrent_dispatches=_at_once(args)
            ),
            retry_config=cloudtasks.QueueRetryConfigArgs(
                max_attempts=declared.max_attempts,
                min_backoff=f"{declared.min_backoff:g}s",
                max_backoff=f"{declared.max_backoff:g}s",
                max_doublings=_DOUBLINGS,
                max_retry_duration="0s",
            ),
            stackdriver_logging_config=cloudtasks.QueueStackdriverLoggingConfigArgs(sampling_ratio=_LOGGED),
            deletion_policy="DELETE",
            opts=pulumi.ResourceOptions(parent=self, protect=config.data.protected),
        )
        self.name = queue.name
        self.register_outputs({"name": self.name})


def _at_once(args: TaskQueueArgs) -> int:
    """Half of what all instances of the function take: pushes and schedules find room beside a crowd of timers."""
    function = args.service.function(args.declared.function)
    instances = min(function.max_instances, args.deployment.config.scaling.max_instances)
    return min(max(1, function.concurrency * instances // 2), _AT_ONCE)
