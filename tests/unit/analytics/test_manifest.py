"""Whose events reach the analytics store."""

import functions
from functions.analytics.manifest import MANIFEST, PUBLISHERS
from shared.topology import discover, integration_topic


def test_every_integration_topic_is_subscribed_to() -> None:
    """A service that publishes is heard, whatever it publishes: none of its types is filtered away."""
    published = {
        service.integration_topic
        for service in discover(functions)
        for topic in service.topics
        if topic.name == service.integration_topic
    }
    heard = {each.topic for each in MANIFEST.subscriptions if not each.filter}

    assert published - heard == set()


def test_every_subscription_is_pushed_to_the_consumer() -> None:
    """One function takes them all."""
    pushed = [MANIFEST.pushed_to(subscription.name) for subscription in MANIFEST.subscriptions]

    assert {function.name for function in pushed if function} == {"consumer"}
    assert [each.topic for each in MANIFEST.subscriptions] == [integration_topic(name) for name in PUBLISHERS]
