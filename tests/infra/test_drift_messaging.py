"""Messaging is the same on this machine and in the cloud: every topic, subscription, push, schedule and queue."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from emulators.edge.scheduler import Cron
from emulators.edge.tasks import LocalTasks, Task
from infra.pulumi.deployment import Deployment
from shared.http.message_edge import PUSH
from shared.testing.virtual_time import START, on_virtual_time, virtual_now
from shared.topology import Queue, Service
from tests.infra.harness import Program
from tests.infra.local_messaging import ATTRIBUTES, Asked, Calls, asked, pushes, scheduled
from tests.infra.messaging_program import JOB, QUEUE, SUBSCRIPTION, TOPIC
from tests.infra.stacks import SERVICES, config, deployed

CLOUD = Deployment(config("dev"), SERVICES)
PROJECT, REGION = CLOUD.config.project, CLOUD.config.region
METADATA = frozenset(f"x-goog-pubsub-{name}" for name in ("subscription-name", "message-id", "publish-time"))
"""What Pub/Sub adds to an unwrapped push with metadata, besides the ordering key of a message that has one.
https://cloud.google.com/pubsub/docs/payload-unwrapping
"""
UNDOCUMENTED = frozenset({"x-goog-pubsub-delivery-attempt"})
"""Sent here and documented for wrapped pushes only: functions read it if it is there."""


@pytest.fixture(scope="module")
def cloud() -> Program:
    """The whole platform."""
    return deployed("dev")


@pytest.fixture(scope="module")
def local() -> Asked:
    """What Google's emulator is asked for."""
    return asked(CLOUD)


def named(program: Program, token: str) -> dict[str, Mapping[str, Any]]:
    """Those of a type by the name that they are called by on this machine."""
    return {each["name"].removeprefix(CLOUD.prefix): each for each in program.inputs(token).values()}


def full(kind: str, program: Program, token: str) -> dict[str, Mapping[str, Any]]:
    """Those of a type by their full names."""
    return {f"projects/{PROJECT}/{kind}/{each['name']}": each for each in program.inputs(token).values()}


def seconds(duration: Any) -> str:
    """Google's message, as Pulumi writes it."""
    return f"{duration.seconds + duration.nanos / 1e9:g}s" if duration.nanos else f"{duration.seconds}s"


def queues() -> Iterator[tuple[Service, Queue]]:
    return ((service, queue) for service in SERVICES for queue in service.queues)


class TestTopics:
    def test_are_the_same(self, cloud: Program, local: Asked) -> None:
        """All of them, those of dead letters included, each with its retention."""
        declared = {name: each["messageRetentionDuration"] for name, each in full("topics", cloud, TOPIC).items()}

        assert declared == {name: seconds(each.message_retention_duration) for name, each in local.topics.items()}
        assert len(declared) > 2 * len(SERVICES)


class TestSubscriptions:
    def test_are_the_same(self, cloud: Program, local: Asked) -> None:
        """All of them, to the same topics: those that keep dead letters included."""
        declared = {name: each["topic"] for name, each in full("subscriptions", cloud, SUBSCRIPTION).items()}

        assert declared == {name: each.topic for name, each in local.subscriptions.items()}

    def test_let_the_same_messages_pass(self, cloud: Program, local: Asked) -> None:
        """And wait for an answer as long."""
        found = full("subscriptions", cloud, SUBSCRIPTION)
        declared = {name: (each["filter"], each["ackDeadlineSeconds"]) for name, each in found.items()}

        assert declared == {
            name: (each.filter, each.ack_deadline_seconds) for name, each in local.subscriptions.items()
        }

    def test_give_up_the_same_messages(self, cloud: Program, local: Asked) -> None:
        """To the same dead letters, after as many attempts with the same pauses; keepers never do."""
        declared = {}
        for name, each in full("subscriptions", cloud, SUBSCRIPTION).items():
            dead, retries = each.get("deadLetterPolicy"), each.get("retryPolicy")
            if dead and retries:
                policy = (dead["deadLetterTopic"], dead["maxDeliveryAttempts"])
                declared[name] = (*policy, retries["minimumBackoff"], retries["maximumBackoff"])

        assert declared == {
            name: (
                each.dead_letter_policy.dead_letter_topic,
                each.dead_letter_policy.max_delivery_attempts,
                seconds(each.retry_policy.minimum_backoff),
                seconds(each.retry_policy.maximum_backoff),
            )
            for name, each in local.subscriptions.items()
            if each.HasField("dead_letter_policy")
        }
        assert len(local.subscriptions) == 2 * len(declared)

    def test_are_all_there_before_anybody_publishes(self, cloud: Program) -> None:
        """What a relay saw counts as published. On this machine its subscriptions come last; there, functions do."""
        messaging = set(cloud.of("commerce:messaging:ServiceMessaging"))

        assert len(messaging) == len(SERVICES)
        for each in cloud.of("commerce:functions:ServiceFunctions").values():
            assert messaging <= set(each.depends_on)


class TestPushes:
    def test_reach_the_same_functions(self, cloud: Program) -> None:
        """At the path that functions take them at; what is pulled here is pulled there."""
        found = named(cloud, SUBSCRIPTION)
        declared = {name: each["pushConfig"]["pushEndpoint"] for name, each in found.items() if "pushConfig" in each}
        sent = pushes(CLOUD)

        assert declared == {name: call.url(CLOUD) for name, call in sent.items()}
        assert {call.path for call in sent.values()} == {PUSH}

    def test_carry_the_same_headers(self) -> None:
        """The message's attributes, what Pub/Sub tells of it, and a token."""
        for call in pushes(CLOUD).values():
            assert set(call.headers) - UNDOCUMENTED == {*ATTRIBUTES, *METADATA, "authorization"}
            assert call.headers.items() >= ATTRIBUTES.items()

    def test_are_not_wrapped(self, cloud: Program) -> None:
        """The message's data is the body, and its attributes travel."""
        configs = [each["pushConfig"] for each in cloud.inputs(SUBSCRIPTION).values() if "pushConfig" in each]

        assert {each["noWrapper"]["writeMetadata"] for each in configs} == {True}
        assert {call.body for call in pushes(CLOUD).values()} == {b"{}"}


class TestSchedules:
    def test_call_the_same_functions(self, cloud: Program) -> None:
        """All of them, each at its path, without a body."""
        declared = {name: each["httpTarget"] for name, each in named(cloud, JOB).items()}
        made = scheduled(CLOUD)

        assert {name: each["uri"] for name, each in declared.items()} == {
            name: call.url(CLOUD) for name, call in made.items()
        }
        assert {each["httpMethod"] for each in declared.values()} == {"POST"}
        assert not any("body" in each for each in declared.values())
        assert {call.body for call in made.values()} == {b""}

    def test_come_at_the_same_times(self, cloud: Program) -> None:
        """By the same clock: UTC."""
        declared = {name: Cron.parse(each["schedule"]) for name, each in named(cloud, JOB).items()}

        assert declared == {each.name: Cron.parse(each.cron) for service in SERVICES for each in service.schedules}
        assert {each["timeZone"] for each in cloud.inputs(JOB).values()} == {"Etc/UTC"}


class TestQueues:
    def test_are_the_same(self, cloud: Program) -> None:
        """Tasks are created under the same names, but for where it is."""
        local = LocalTasks(SERVICES, Calls(), lambda: "Bearer token", virtual_now, project=PROJECT, region=REGION)
        declared = {f"/v2/projects/{PROJECT}/locations/{REGION}/queues/{name}/tasks" for name in named(cloud, QUEUE)}

        assert {path for _, path in local.routes()} == declared
        assert declared

    def test_try_as_often_with_the_same_pauses(self, cloud: Program) -> None:
        """A task that is never taken is called at the same times, to the last attempt."""
        for service, queue in queues():
            assert attempts_here(service, queue) == attempts_there(named(cloud, QUEUE)[queue.name]["retryConfig"])


@on_virtual_time
async def attempts_here(service: Service, queue: Queue) -> list[float]:
    """When the local stand-in calls a function that takes nothing."""
    functions = Calls(status=503)
    local = LocalTasks(SERVICES, functions, lambda: "Bearer token", virtual_now, project=PROJECT, region=REGION)
    await local._run(service, queue, Task(name="t", at=START, path="/", body=b"{}"))
    assert {(call.service, call.function) for call in functions.made} == {(service.name, queue.function)}
    return functions.times


def attempts_there(config: Mapping[str, Any]) -> list[float]:
    """When Cloud Tasks does by its documentation: the pause is doubled `maxDoublings` times, then grows by the same,
    and is never longer than `maxBackoff`.
    """
    shortest, longest = (float(config[name].removesuffix("s")) for name in ("minBackoff", "maxBackoff"))
    doublings, at, times = config["maxDoublings"], 0.0, [0.0]
    for attempt in range(config["maxAttempts"] - 1):
        beyond = max(attempt - doublings, 0)
        at += min(shortest * 2.0 ** min(attempt, doublings) * (1 + beyond), longest)
        times.append(at)
    return times
