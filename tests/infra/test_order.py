"""In which order things come to be: nothing is made before what it needs is there, nor called before it can answer."""

from functools import cache

import pytest

from tests.infra.harness import Declared
from tests.infra.stacks import SERVICES, deployed

Key = tuple[str, str]
APIS = ("commerce:foundation:EnabledApis", "apis")
BUILDER = ("commerce:foundation:Builder", "builder")
FUNCTION = "commerce:functions:CloudFunction"
FUNCTIONS = {("commerce:functions:ServiceFunctions", service.name) for service in SERVICES}
GRANTED = "commerce:access:Granted"
JOB = "gcp:cloudscheduler/job:Job"
MESSAGING = {("commerce:messaging:ServiceMessaging", service.name) for service in SERVICES}
SUBSCRIPTION = "gcp:pubsub/subscription:Subscription"
WRITER = "commerce:messaging:TableWriter"


def key(resource: Declared) -> Key:
    return resource.token, resource.name


@cache
def first_level() -> dict[Key, Declared]:
    """The parts of the platform."""
    parts = [each for each in deployed("dev").resources if each.component and each.parent == "commerce"]
    return {key(each): each for each in parts}


def before(part: Key) -> set[Key]:
    """All that it waits for, directly or because what it waits for does."""
    found: set[Key] = set()
    for each in first_level()[part].waits_for:
        found |= {each} | before(each)
    return found


def test_every_api_is_on_before_it_is_used() -> None:
    """All other parts of the platform wait for that."""
    parts = first_level().keys() - {APIS}

    assert len(parts) > 50
    assert {part for part in parts if APIS not in before(part)} == set()


@pytest.mark.parametrize("part", sorted(FUNCTIONS), ids=lambda part: part[1])
class TestFunctionsOfAService:
    def test_come_after_their_builder(self, part: Key) -> None:
        """Else a build would be refused what it reads and writes."""
        assert BUILDER in first_level()[part].waits_for

    def test_come_after_all_subscriptions(self, part: Key) -> None:
        """Nothing is published that somebody who is to hear of it does not get."""
        assert set(first_level()[part].waits_for) >= MESSAGING


def test_a_function_comes_after_its_roles() -> None:
    """Its first request may do what the manifest says."""
    found = deployed("dev").of(FUNCTION)

    assert {name: each.waits_for for name, each in found.items()} == {name: ((GRANTED, name),) for name in found}


def test_a_schedule_comes_after_its_function() -> None:
    """Nothing calls what is not there."""
    found = {name: each.waits_for for name, each in deployed("dev").of(JOB).items()}

    assert found == {
        schedule.name: ((FUNCTION, f"{service.name}-{schedule.function}"),)
        for service in SERVICES
        for schedule in service.schedules
    }


def test_the_edge_opens_last() -> None:
    """Nobody gets in before all functions are there."""
    assert set(first_level()["commerce:edge:LoadBalancer", "edge"].waits_for) >= FUNCTIONS


def test_functions_are_there_before_they_are_watched() -> None:
    """An alert on what does not exist yet would be refused, or would go off."""
    watching = first_level()["commerce:observability:Observability", "observability"]

    assert set(watching.waits_for) >= FUNCTIONS


def test_a_service_identity_comes_after_its_api() -> None:
    """Google's account for Pub/Sub comes to be with it."""
    (identity,) = deployed("dev").of("gcp:projects/serviceIdentity:ServiceIdentity").values()

    assert identity.waits_for == (("gcp:projects/service:Service", "pubsub"),)
