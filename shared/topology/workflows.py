"""The usual service that is a workflow: an event-sourced one with an orchestrator, its timers and its sweep. A service
that does other things, too, takes these parts.
"""

from dataclasses import dataclass

from shared.topology.declarations import (
    Collection,
    Function,
    IndexField,
    Permission,
    Push,
    Queue,
    Schedule,
    Service,
    Subscription,
    domain_topic,
)
from shared.topology.presets import NO_PERMISSIONS, Permissions, ReactsTo, event_sourced

COMMANDS_TO_ACT_ON = ("Start", "Decide", "Decline", "Retry", "ForceCompensate")
"""Commits of these wake the orchestrator; its own would only tell it what it knows."""


@dataclass(frozen=True, slots=True)
class Orchestration:
    """What carries the workflows of a service out, whatever else the service does."""

    function: Function
    subscription: Subscription
    queue: Queue
    schedule: Schedule


def orchestration(name: str, *, starts: tuple[str, ...] = ()) -> Orchestration:
    """`starts` are joint commands and reactions that begin a workflow, or let one go on, besides the usual commands:
    they are called as their plans.
    """
    orchestrator, acted_on = f"{name}-orchestrator", (*COMMANDS_TO_ACT_ON, *starts)
    return Orchestration(
        Function(
            name="orchestrator",
            trigger=Push((orchestrator,)),
            permissions=(
                Permission.APPEND_EVENTS,
                Permission.PUBLISH,
                Permission.WRITE_READ_MODELS,
                Permission.CALL_SERVICES,
                Permission.SCHEDULE_TASKS,
            ),
            description="Asks the other services, step by step, forwards or back.",
        ),
        Subscription(
            name=orchestrator,
            topic=domain_topic(name),
            filter=" OR ".join(f'attributes.ce-command = "{each}"' for each in acted_on),
        ),
        Queue(name=f"{name}-timers", function="orchestrator", description="Asks again what was not answered."),
        Schedule(
            name=f"{name}-resume",
            function="orchestrator",
            path="/resume",
            cron="*/5 * * * *",
            description="Goes on with what neither a push nor a timer came back to.",
        ),
    )


def workflow_service(
    name: str,
    *,
    description: str,
    publishes: str,
    collection: str,
    categories: tuple[str, ...] = (),
    post_queries: tuple[str, ...] = (),
    reacts_to: tuple[ReactsTo, ...] = (),
    starts: tuple[str, ...] = (),
    environment: tuple[str, ...] = (),
    permissions: Permissions = NO_PERMISSIONS,
) -> Service:
    """`collection` holds one document per workflow, found by status and by customer. `permissions` are what the usual
    functions may do besides the usual; `starts` are those of `orchestration`.
    """
    parts, newest_first = orchestration(name, starts=starts), IndexField("started_at", descending=True)
    return event_sourced(
        name,
        description=description,
        publishes=publishes,
        categories=categories,
        post_queries=post_queries,
        reacts_to=reacts_to,
        environment=environment,
        permissions=permissions,
        collections=(
            Collection(
                name=collection,
                description="One document per workflow: its status, its timeline, and why it turned back.",
                indexes=(
                    (IndexField("status"), newest_first),
                    (IndexField("customer_id"), newest_first),
                    (IndexField("customer_id"), IndexField("status"), newest_first),
                ),
            ),
        ),
        functions=(parts.function,),
        subscriptions=(parts.subscription,),
        queues=(parts.queue,),
        schedules=(parts.schedule,),
    )
