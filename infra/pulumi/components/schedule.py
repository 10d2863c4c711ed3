"""A schedule: a private function is called again and again, by the clock."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_gcp import cloudscheduler

from infra.pulumi.deployment import Deployment
from shared import topology
from shared.topology import Service

_SHORTEST_DEADLINE, _LONGEST_DEADLINE = 15, 1_800
"""Google's own limits, in seconds."""
_PATIENCE = 10
"""Seconds beyond the function's own timeout: it is the function that says that it took too long."""
_RETRIES = 3
_OFTEN = ("* * * * *", "*/5 * * * *")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleArgs:
    """`declared` is one of `service`; it calls as `caller`, an account's address. All of `after`, above all the
    function, is there before the first call.
    """

    deployment: Deployment
    service: Service
    declared: topology.Schedule
    caller: pulumi.Input[str]
    after: Sequence[pulumi.Resource] = ()


class Schedule(pulumi.ComponentResource):
    """In UTC. Cloud Scheduler never starts a run while the one before is under way, as the local scheduler does not: it
    starts the next one late.
    """

    def __init__(self, name: str, args: ScheduleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:messaging:Schedule", name, None, opts)
        config, declared = args.deployment.config, args.declared
        url = args.deployment.url(args.service.name, declared.function)
        cloudscheduler.Job(
            name,
            name=args.deployment.name(name),
            project=config.project,
            region=config.region,
            description=declared.description,
            schedule=declared.cron,
            time_zone="Etc/UTC",
            paused=False,
            attempt_deadline=f"{_deadline(args.service.function(declared.function))}s",
            retry_config=_retries(declared.cron),
            http_target=cloudscheduler.JobHttpTargetArgs(
                http_method="POST",
                uri=f"{url}{declared.path}",
                oidc_token=cloudscheduler.JobHttpTargetOidcTokenArgs(service_account_email=args.caller, audience=url),
            ),
            deletion_policy="DELETE",
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*args.after]),
        )
        self.register_outputs({})


def _deadline(function: topology.Function) -> int:
    return min(max(function.timeout + _PATIENCE, _SHORTEST_DEADLINE), _LONGEST_DEADLINE)


def _retries(cron: str) -> cloudscheduler.JobRetryConfigArgs:
    """None for what comes again within five minutes anyway; what is called less often is not left undone until then
    because a function was busy once. So whatever fails for good fails more than twice within a quarter of an hour,
    which is what an alert goes by. Every call may be made twice.
    """
    return cloudscheduler.JobRetryConfigArgs(
        retry_count=0 if cron in _OFTEN else _RETRIES,
        min_backoff_duration="30s",
        max_backoff_duration="300s",
        max_doublings=5,
        max_retry_duration="0s",
    )
