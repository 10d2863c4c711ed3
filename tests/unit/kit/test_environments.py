"""Several environments in one project: what one calls its things is nobody else's."""

from dataclasses import replace

import pytest

from shared.adapters import firestore, pubsub
from shared.adapters.firestore.database import Database
from shared.eventsourcing.archive import in_dataset
from shared.eventsourcing.errors import TopologyError
from shared.eventsourcing.event_store import OperationCounts
from shared.testing.memory_platform import SETTINGS
from shared.topology import Maturity, event_sourced, expiring_collections

DEV = replace(SETTINGS, prefix="dev-")


def test_a_database_is_named_for_its_environment() -> None:
    """Two environments share no log."""
    channel = firestore.connect("shop", None, "dev-")

    assert Database(channel, "events", OperationCounts(), 1.0).name == "projects/shop/databases/dev-events"


def test_topics_and_subscriptions_are_named_for_their_environment() -> None:
    """Two environments share no message."""
    channel = pubsub.connect("shop", None, "dev-")

    assert channel.topic("cart-commits") == "projects/shop/topics/dev-cart-commits"
    assert channel.subscription("cart-projector") == "projects/shop/subscriptions/dev-cart-projector"


def test_without_a_prefix_names_are_those_declared() -> None:
    """The local runtimes have one environment, and need no more."""
    assert pubsub.connect("shop", None).topic("cart-commits") == "projects/shop/topics/cart-commits"
    assert SETTINGS.dataset == "commerce"


def test_a_dataset_is_named_for_its_environment() -> None:
    """BigQuery takes no dashes in the name of a dataset."""
    assert DEV.dataset == "dev_commerce"


def test_a_statement_is_moved_to_another_dataset_and_its_texts_are_not() -> None:
    """The types of events begin with the same word."""
    view = "SELECT * FROM commerce.facts_once\nJOIN commerce.products USING (sku) WHERE type = 'commerce.orders.X.v1'"

    moved = in_dataset(view, "dev_commerce")

    assert moved == (
        "SELECT * FROM dev_commerce.facts_once\nJOIN dev_commerce.products USING (sku)"
        " WHERE type = 'commerce.orders.X.v1'"
    )


def test_secrets_are_those_of_a_function() -> None:
    """Its neighbours need not see them."""
    service = event_sourced("pay", description="", publishes="", secrets={"commands": ("KEY",)})

    assert service.function("commands").secrets == ("KEY",)
    assert service.function("queries").secrets == ()
    assert service.secrets == ("KEY",)


def test_secrets_for_a_function_that_is_not_there_are_refused() -> None:
    """A mistyped name would leave the function without them."""
    with pytest.raises(TopologyError, match="secrets for comands"):
        event_sourced("pay", description="", publishes="", secrets={"comands": ("KEY",)})


def test_commits_of_kept_states_expire_and_the_log_does_not() -> None:
    """An event-sourced service needs all of its events for ever."""
    kept = event_sourced("catalog", description="", publishes="", maturity=Maturity.STATE, categories=("product",))
    sourced = event_sourced("cart", description="", publishes="")

    assert expiring_collections([kept, sourced]) == ("product-commits",)
