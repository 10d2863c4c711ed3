"""A topic as it is declared."""

from infra.pulumi.components.topic import Topic, TopicArgs
from infra.pulumi.config import Data
from tests.infra.harness import Declared, run
from tests.infra.messaging_program import REGION, TOPIC, deployment


def declared(data: Data | None = None) -> Declared:
    args = TopicArgs(deployment=deployment(data=data), service="cart", retention_days=3)
    return run(lambda: Topic("cart-commits", args)).of(TOPIC)["cart-commits"]


def test_topic_is_called_for_its_environment() -> None:
    """Several environments fit one project."""
    inputs = declared().inputs

    assert (inputs["name"], inputs["project"]) == ("dev-cart-commits", "acme-shop")
    assert inputs["labels"] == {"environment": "dev", "managed-by": "pulumi", "service": "cart"}


def test_topic_keeps_messages_as_long_as_the_manifest_says() -> None:
    """Three days, in seconds."""
    assert declared().inputs["messageRetentionDuration"] == "259200s"


def test_messages_are_stored_in_the_region() -> None:
    """And nowhere else; who publishes from elsewhere is not refused."""
    policy = {"allowedPersistenceRegions": [REGION], "enforceInTransit": False}

    assert declared().inputs["messageStoragePolicy"] == policy


def test_topic_has_no_schema() -> None:
    """A publication is never refused: docs/adr/0019."""
    assert "schemaSettings" not in declared().inputs


def test_topic_is_protected_like_data() -> None:
    """Unless the settings say that nothing is."""
    assert declared().protect
    assert not declared(Data(protected=False)).protect


def test_path_is_what_subscriptions_ask_for() -> None:
    """The full name of the topic in the cloud."""
    paths: list[str] = []

    def program() -> None:
        args = TopicArgs(deployment=deployment(), service="cart", retention_days=3)
        Topic("cart-commits", args).path.apply(paths.append)

    run(program)

    assert paths == ["projects/acme-shop/topics/dev-cart-commits"]
