"""A schedule as it is declared."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from functions.cart.manifest import MANIFEST as CART
from infra.pulumi.components.schedule import Schedule, ScheduleArgs
from shared.topology import Service
from tests.infra.harness import Program, run
from tests.infra.messaging_program import JOB, NUMBER, REGION, deployment

SCHEDULES = {each.name: each for each in CART.schedules}


def declared(name: str, service: Service = CART, *, waits: bool = False) -> Program:
    def program() -> None:
        given = deployment()
        after = (pulumi.ComponentResource("test:A:Function", "its-function"),) if waits else ()
        args = ScheduleArgs(
            deployment=given,
            service=service,
            declared=SCHEDULES[name],
            caller=given.account("scheduler"),
            after=after,
        )
        Schedule(name, args)

    return run(program)


def inputs(name: str, service: Service = CART) -> Mapping[str, Any]:
    return declared(name, service).inputs(JOB)[name]


def test_schedule_calls_the_function() -> None:
    """A POST without a body to the path of the manifest; the token is for this function and nobody else's."""
    url = f"https://dev-cart-reactor-{NUMBER}.europe-west1.run.app"

    assert inputs("cart-expiry")["httpTarget"] == {
        "httpMethod": "POST",
        "uri": f"{url}/expire",
        "oidcToken": {"serviceAccountEmail": "dev-scheduler@acme-shop.iam.gserviceaccount.com", "audience": url},
    }


def test_schedule_keeps_the_manifests_time() -> None:
    """In UTC, and it is not paused."""
    found = inputs("cart-expiry")

    assert (found["name"], found["region"]) == ("dev-cart-expiry", REGION)
    assert (found["schedule"], found["timeZone"], found["paused"]) == ("17 * * * *", "Etc/UTC", False)


@pytest.mark.parametrize(("timeout", "deadline"), [(60, "70s"), (1, "15s"), (3600, "1800s")])
def test_deadline_is_beyond_the_functions_own(timeout: int, deadline: str) -> None:
    """As far as Cloud Scheduler allows: 15 seconds to half an hour."""
    functions = tuple(replace(each, timeout=timeout) for each in CART.functions)

    assert inputs("cart-expiry", replace(CART, functions=functions))["attemptDeadline"] == deadline


@pytest.mark.parametrize(("name", "retries"), [("cart-relay", 0), ("cart-sweep", 0), ("cart-expiry", 3)])
def test_rare_calls_are_tried_again(name: str, retries: int) -> None:
    """What comes again within minutes is not."""
    assert inputs(name)["retryConfig"] == {
        "retryCount": retries,
        "minBackoffDuration": "30s",
        "maxBackoffDuration": "300s",
        "maxDoublings": 5,
        "maxRetryDuration": "0s",
    }


def test_schedule_waits_for_its_function() -> None:
    """Nothing is called that is not there."""
    job = declared("cart-expiry", waits=True).of(JOB)["cart-expiry"]

    assert job.depends_on == ("its-function",)
