"""A schedule as it is declared."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from functions.cart.manifest import MANIFEST as CART
from infra.pulumi.components.schedule import Schedule, ScheduleArgs
from shared import topology
from shared.topology import Service
from tests.infra.harness import Program, run
from tests.infra.messaging_program import JOB, NUMBER, REGION, deployment
from tests.infra.stacks import SERVICES

SCHEDULES = {each.name: each for each in CART.schedules}
ALL = [each for service in SERVICES for each in service.schedules]


def declared(
    name: str, service: Service = CART, *, declared_as: topology.Schedule | None = None, waits: bool = False
) -> Program:
    def program() -> None:
        given = deployment()
        after = (pulumi.ComponentResource("test:A:Function", "its-function"),) if waits else ()
        args = ScheduleArgs(
            deployment=given,
            service=service,
            declared=declared_as or SCHEDULES[name],
            caller=given.account("scheduler"),
            after=after,
        )
        Schedule(name, args)

    return run(program)


def inputs(name: str, service: Service = CART, *, declared_as: topology.Schedule | None = None) -> Mapping[str, Any]:
    return declared(name, service, declared_as=declared_as).inputs(JOB)[name]


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


@pytest.mark.parametrize(
    ("cron", "retries"), [("* * * * *", 0), ("*/5 * * * *", 0), ("*/10 * * * *", 3), ("17 * * * *", 3)]
)
def test_rare_calls_are_tried_again(cron: str, retries: int) -> None:
    """What comes again within five minutes is not."""
    assert inputs("cart-expiry", declared_as=replace(SCHEDULES["cart-expiry"], cron=cron))["retryConfig"] == {
        "retryCount": retries,
        "minBackoffDuration": "30s",
        "maxBackoffDuration": "300s",
        "maxDoublings": 5,
        "maxRetryDuration": "0s",
    }


@pytest.mark.parametrize("schedule", ALL, ids=lambda each: each.name)
def test_a_schedule_that_fails_for_good_is_noticed(schedule: topology.Schedule) -> None:
    """The alert goes by more than two failures within 15 minutes: each run, and each time that it is tried again."""
    often = re.match(r"\*(?:/(\d+))? \* \* \* \*$", schedule.cron)
    runs = max(1, 15 // int(often[1] or 1)) if often else 1
    retries = inputs("cart-expiry", declared_as=replace(SCHEDULES["cart-expiry"], cron=schedule.cron))["retryConfig"]

    assert runs * (1 + retries["retryCount"]) > 2


def test_schedule_waits_for_its_function() -> None:
    """Nothing is called that is not there."""
    job = declared("cart-expiry", waits=True).of(JOB)["cart-expiry"]

    assert job.depends_on == ("its-function",)
