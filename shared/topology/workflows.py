"""The usual service that is a workflow: an event-sourced one with an orchestrator, its timers and its sweep."""

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
from shared.topology.presets import NO_PERMISSIONS, Permissions, event_sourced

COMMANDS_TO_ACT_ON = ("Start", "Decide", "Decline", "Retry", "ForceCompensate")
"""Commits of these wake the orchestrator; its own would only tell it what it knows."""


def workflow_service(
    name: str,
    *,
    description: str,
    publishes: str,
    collection: str,
    categories: tuple[str, ...] = (),
    post_queries: tuple[str, ...] = (),
    environment: tuple[str, ...] = (),
    permissions: Permissions = NO_PERMISSIONS,
) -> Service:
    """`collection` holds one document per workflow, found by status and by customer. `permissions` are what the usual
    functions may do besides the usual.
    """
    orchestrator = f"{name}-orchestrator"
    newest_first = IndexField("started_at", descending=True)
    return event_sourced(
        name,
        description=description,
        publishes=publishes,
        categories=categories,
        post_queries=post_queries,
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
        functions=(
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
        ),
        subscriptions=(
            Subscription(
                name=orchestrator,
                topic=domain_topic(name),
                filter=" OR ".join(f'attributes.ce-command = "{each}"' for each in COMMANDS_TO_ACT_ON),
            ),
        ),
        queues=(
            Queue(name=f"{name}-timers", function="orchestrator", description="Asks again what was not answered."),
        ),
        schedules=(
            Schedule(
                name=f"{name}-resume",
                function="orchestrator",
                path="/resume",
                cron="*/5 * * * *",
                description="Goes on with what neither a push nor a timer came back to.",
            ),
        ),
    )
