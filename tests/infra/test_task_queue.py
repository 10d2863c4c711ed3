"""A queue as it is declared."""

from dataclasses import replace

from functions.checkout.manifest import MANIFEST as CHECKOUT
from infra.pulumi.components.task_queue import TaskQueue, TaskQueueArgs
from infra.pulumi.config import Data, Scaling
from infra.pulumi.deployment import Deployment
from shared.topology import Function, Queue, Service
from tests.infra.harness import Declared, run
from tests.infra.messaging_program import QUEUE, REGION, deployment

(TIMERS,) = CHECKOUT.queues


def declared(given: Deployment | None = None, service: Service = CHECKOUT, queue: Queue = TIMERS) -> Declared:
    args = TaskQueueArgs(deployment=given or deployment(), service=service, declared=queue)
    return run(lambda: TaskQueue(queue.name, args)).of(QUEUE)[queue.name]


def with_orchestrator(**changed: int) -> Service:
    def change(function: Function) -> Function:
        return replace(function, **changed) if function.name == TIMERS.function else function  # type: ignore[arg-type] # all are numbers

    return replace(CHECKOUT, functions=tuple(map(change, CHECKOUT.functions)))


def test_queue_runs_in_the_region() -> None:
    """Under the name that the functions ask for."""
    inputs = declared().inputs

    assert (inputs["name"], inputs["location"], inputs["desiredState"]) == ("dev-checkout-timers", REGION, "RUNNING")


def test_retries_are_the_manifests() -> None:
    """As often as it says, however old the task is."""
    queue = replace(TIMERS, max_attempts=7, min_backoff=0.5, max_backoff=30.0)

    assert declared(queue=queue).inputs["retryConfig"] == {
        "maxAttempts": 7,
        "minBackoff": "0.5s",
        "maxBackoff": "30s",
        "maxDoublings": 16,
        "maxRetryDuration": "0s",
    }


def test_timers_leave_room_for_others() -> None:
    """They take half of what the function's instances can take, however many of these the settings allow."""
    half_of = {20: 800, 2: 80}
    for instances, half in half_of.items():
        given = deployment(scaling=Scaling(max_instances=instances))

        limits = declared(given).inputs["rateLimits"]

        assert limits == {"maxDispatchesPerSecond": 500, "maxConcurrentDispatches": half}


def test_timers_keep_googles_limits() -> None:
    """At least one at once, and at most 5,000."""
    alone, crowd = with_orchestrator(concurrency=1, max_instances=1), with_orchestrator(concurrency=1000)

    assert declared(service=alone).inputs["rateLimits"]["maxConcurrentDispatches"] == 1
    assert declared(service=crowd).inputs["rateLimits"]["maxConcurrentDispatches"] == 5_000


def test_queue_logs_a_share() -> None:
    """One attempt in ten."""
    assert declared().inputs["stackdriverLoggingConfig"] == {"samplingRatio": 0.1}


def test_queue_is_protected() -> None:
    """Its name could not be taken again for days; unless the settings say that nothing is."""
    assert declared().protect
    assert not declared(deployment(data=Data(protected=False))).protect
