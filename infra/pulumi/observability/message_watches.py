"""Alerts about messages: those that nobody can take, wait for too long, or were never published."""

from typing import Final

from infra.pulumi.deployment import Deployment
from infra.pulumi.observability import google as of
from infra.pulumi.observability import logged
from infra.pulumi.observability.watch import (
    JOB,
    SERVICE,
    SUBSCRIPTION,
    Limit,
    Severity,
    Silence,
    Watch,
    counted,
    some,
)

PUSHED: Final = "[a-z-]+-(projector|orchestrator|on-[a-z]+)"
"""Subscriptions that are pushed to a function."""
DEAD: Final = "[a-z-]+-dead"
RELAY: Final = "[a-z-]+-relay"


def dead_letters(deployment: Deployment) -> Watch:
    pushed = of.of_subscriptions(of.DEAD_LETTERED, deployment, PUSHED)
    return Watch(
        name="dead-letters",
        says="Something could not be processed",
        severity=Severity.ERROR,
        means="A message, or a stream of a read model, cannot be processed. Nothing is lost: it is kept until it is"
        " taken again or thrown away. Until then a read model or another service lacks it.",
        first="`commerce dead-letters list` (with `COMMERCE_RUNTIME=gcp`), then `show`. Mend the cause, deploy, and"
        " `commerce dead-letters redrive`.",
        conditions=(
            some("Pub/Sub gave a message up", pushed, SUBSCRIPTION),
            counted(logged.BURIED, "A function can never take a message", deployment),
            counted(logged.PARKED, "A read model cannot get past a commit", deployment),
        ),
    )


def undrained(deployment: Deployment) -> Watch:
    waiting = of.of_subscriptions(of.UNDELIVERED, deployment, DEAD)
    limit = Limit(
        says="Dead letters wait for their drain",
        filter=waiting,
        limit=0,
        aligner="ALIGN_MIN",
        reducer="REDUCE_MAX",
        by=SUBSCRIPTION,
        seconds=deployment.config.alerts.dead_letter_seconds,
    )
    return Watch(
        name="dead-letters-undrained",
        says="Dead letters are not drained",
        severity=Severity.ERROR,
        means="What Pub/Sub gave up stays in a dead-letter subscription, where operators do not see it, and is lost"
        " after 7 days. A drain runs every 5 minutes.",
        first="`gcloud scheduler jobs list` for the `-drain` jobs, then the ERROR lines of the function that drains.",
        conditions=(limit,),
    )


def backlog(deployment: Deployment) -> Watch:
    limits = deployment.config.alerts
    classes = {
        "projectors": ("[a-z-]+-projector", limits.projector_backlog_seconds),
        "orchestrators": ("[a-z-]+-orchestrator", limits.projector_backlog_seconds),
        "reactions and the archive": ("[a-z-]+-on-[a-z]+", limits.push_backlog_seconds),
        "relays": ("[a-z-]+-relay", limits.pull_backlog_seconds),
    }
    return Watch(
        name="backlog",
        says="Messages are not taken in time",
        severity=Severity.ERROR,
        means="The oldest message of a subscription waits for too long: its function refuses it, is too slow, or is"
        " not called at all. What readers and other services see is older than promised.",
        first="`commerce dead-letters list`, then the ERROR and WARNING lines of the subscription's function. A"
        " function at its most instances is an alert of its own.",
        conditions=tuple(
            Limit(
                says=f"The oldest message of {who} is older than {seconds} s",
                filter=of.of_subscriptions(of.OLDEST_UNACKED, deployment, pattern),
                limit=seconds,
                aligner="ALIGN_MAX",
                reducer="REDUCE_MAX",
                by=SUBSCRIPTION,
                period=60,
                seconds=300,
            )
            for who, (pattern, seconds) in classes.items()
        ),
    )


def outbox(deployment: Deployment) -> Watch:
    seconds = deployment.config.alerts.outbox_seconds
    return Watch(
        name="outbox",
        says="Commits are not published",
        severity=Severity.CRITICAL,
        means="A relay finds messages that nobody has seen on their topic, also after it sent them again, or it cannot"
        " send them. Read models and other services do not hear of these commits. They are safe in the log.",
        first="The lines of that relay: an `error` if it cannot send; else `report` says how many are `sent` again"
        " and how many are `stuck`. Stuck means commits that this code cannot read: deploy code that can. `gcloud"
        " pubsub topics list` says whether the topic is there.",
        conditions=(
            counted(logged.OUTBOX_LATE, f"The oldest is unpublished for more than {seconds} s", deployment),
            counted(logged.OUTBOX_STUCK, "A relay cannot make messages of a commit", deployment),
        ),
    )


def schedules(deployment: Deployment) -> Watch:
    failing = logged.SCHEDULE_FAILURES.selector(deployment)
    limit = Limit(
        says="A schedule failed more than twice within 15 minutes",
        filter=failing,
        limit=2,
        aligner="ALIGN_SUM",
        reducer="REDUCE_SUM",
        by=JOB,
        period=900,
    )
    return Watch(
        name="schedules",
        says="A schedule fails",
        severity=Severity.ERROR,
        means="A job is called in time and not answered with 2xx: relays, sweeps, drains or expiry fall behind.",
        first="`gcloud scheduler jobs describe` of the job, then the lines of its function at that minute. 403: the"
        " scheduler's account may not invoke it.",
        conditions=(limit,),
    )


def silence(deployment: Deployment) -> Watch:
    seconds = deployment.config.alerts.silence_seconds
    answered = f'{of.of_functions(of.REQUESTS, deployment, RELAY)} AND metric.labels.response_code_class="2xx"'
    seldom = Limit(
        says="No run of a relay succeeded",
        filter=answered,
        limit=1,
        under=True,
        silent=True,
        aligner="ALIGN_SUM",
        reducer="REDUCE_SUM",
        by=SERVICE,
        period=seconds,
        seconds=60,
    )
    silence = Silence(says="Nothing is heard of a relay", filter=answered, by=SERVICE, seconds=seconds)
    return Watch(
        name="relay-silent",
        says="A relay does not run",
        severity=Severity.CRITICAL,
        means="Each relay should run every minute, and no other alert would notice: its metrics come from its own"
        " lines. Messages that were lost between log and topic stay lost until it runs.",
        first="`gcloud scheduler jobs list`: is the job there, enabled, and when did it run last? Then the lines of"
        " the relay.",
        conditions=(seldom, silence),
    )
