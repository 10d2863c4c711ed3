"""A subscription as it is declared, with its dead letters."""

from collections.abc import Mapping
from typing import Any

import pytest

from functions.cart.manifest import MANIFEST as CART
from functions.checkout.manifest import MANIFEST as CHECKOUT
from infra.pulumi.config import Data
from shared import topology
from shared.topology import Service
from tests.infra.harness import Declared, Program
from tests.infra.messaging_program import (
    AGENT,
    NUMBER,
    SUBSCRIPTION,
    SUBSCRIPTION_MEMBER,
    TOPIC,
    TOPIC_MEMBER,
    deployment,
    subscription,
)

WEEK = "604800s"


def of(service: Service, name: str) -> topology.Subscription:
    return next(each for each in service.subscriptions if each.name == name)


def declared(service: Service, name: str, data: Data | None = None) -> Program:
    return subscription(deployment(data=data), service, of(service, name))


def inputs(service: Service, name: str) -> Mapping[str, Any]:
    return declared(service, name).inputs(SUBSCRIPTION)[name]


@pytest.fixture(scope="module")
def projector() -> Program:
    return declared(CART, "cart-projector")


def in_the_cloud(program: Program) -> Declared:
    return program.of(SUBSCRIPTION)["cart-projector"]


def test_push_goes_to_the_function(projector: Program) -> None:
    """The function's own URL, at `/`; the token is for this function and nobody else's."""
    url = f"https://dev-cart-projector-{NUMBER}.europe-west1.run.app"

    assert in_the_cloud(projector).inputs["pushConfig"] == {
        "pushEndpoint": f"{url}/",
        "noWrapper": {"writeMetadata": True},
        "oidcToken": {"serviceAccountEmail": "dev-push@acme-shop.iam.gserviceaccount.com", "audience": url},
    }


def test_nothing_expires_or_is_kept_twice(projector: Program) -> None:
    """A subscription stays however idle it is; what is acknowledged is kept by the topic alone."""
    for each in projector.inputs(SUBSCRIPTION).values():
        assert each["expirationPolicy"] == {"ttl": ""}
        assert (each["messageRetentionDuration"], each["retainAckedMessages"]) == (WEEK, False)


def test_nothing_waits_for_an_order(projector: Program) -> None:
    """Messages come in any order, and may come twice."""
    for each in projector.inputs(SUBSCRIPTION).values():
        assert (each["enableMessageOrdering"], each["enableExactlyOnceDelivery"]) == (False, False)


def test_deadline_filter_and_retries_are_the_manifests() -> None:
    """A backoff has seconds, the filter is as it was declared."""
    found, wanted = inputs(CHECKOUT, "checkout-orchestrator"), of(CHECKOUT, "checkout-orchestrator")

    assert (found["ackDeadlineSeconds"], found["filter"]) == (wanted.ack_deadline, wanted.filter)
    assert wanted.filter
    assert found["retryPolicy"] == {"minimumBackoff": "1s", "maximumBackoff": "60s"}


def test_what_fails_goes_to_its_own_dead_letter_topic(projector: Program) -> None:
    """After the manifest's number of attempts; the topic keeps it for a week."""
    policy = in_the_cloud(projector).inputs["deadLetterPolicy"]

    assert policy == {
        "deadLetterTopic": "projects/acme-shop/topics/dev-cart-projector-dead",
        "maxDeliveryAttempts": 20,
    }
    assert projector.inputs(TOPIC)["cart-projector-dead"]["messageRetentionDuration"] == WEEK


def test_dead_letters_are_kept_until_they_are_drained(projector: Program) -> None:
    """By a pull subscription without dead letters of its own."""
    keeper = projector.inputs(SUBSCRIPTION)["cart-projector-dead"]

    assert (keeper["name"], keeper["topic"]) == (
        "dev-cart-projector-dead",
        "projects/acme-shop/topics/dev-cart-projector-dead",
    )
    assert keeper["ackDeadlineSeconds"] == 60
    assert not {"pushConfig", "bigqueryConfig", "deadLetterPolicy"}.intersection(keeper)


def test_nothing_fails_before_the_keeper_is_there(projector: Program) -> None:
    """What is published to a topic without a subscription is lost."""
    assert in_the_cloud(projector).depends_on == ("cart-projector-dead",)


def test_pubsub_may_move_dead_letters(projector: Program) -> None:
    """Its own account takes them off the subscription and publishes them, here and nowhere else."""
    out, into = projector.inputs(SUBSCRIPTION_MEMBER), projector.inputs(TOPIC_MEMBER)

    assert [(each["subscription"], each["role"], each["member"]) for each in out.values()] == [
        ("dev-cart-projector", "roles/pubsub.subscriber", AGENT)
    ]
    assert [(each["topic"], each["role"], each["member"]) for each in into.values()] == [
        ("dev-cart-projector-dead", "roles/pubsub.publisher", AGENT)
    ]


def test_what_waits_is_protected(projector: Program) -> None:
    """The subscription, its dead letters and what keeps them, unless the settings say that nothing is."""
    unprotected = declared(CART, "cart-projector", Data(protected=False))

    for token in (SUBSCRIPTION, TOPIC):
        assert all(each.protect for each in projector.of(token).values())
        assert not any(each.protect for each in unprotected.of(token).values())


def test_relay_pulls() -> None:
    """No function takes pushes of it."""
    assert not {"pushConfig", "bigqueryConfig"}.intersection(inputs(CART, "cart-commits-relay"))
