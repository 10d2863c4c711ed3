"""What Pub/Sub sends: the request of an unwrapped push with metadata, and the copy that goes to the dead letters."""

from collections.abc import Mapping

from shared.adapters.memory.broker import LeasedMessage
from shared.eventsourcing.publishing import Message
from shared.topology import Subscription

PATH = "/"
_DEAD_LETTER = "CloudPubSubDeadLetterSource"


def push_headers(message: LeasedMessage, subscription: str, attempt: int, authorization: str) -> dict[str, str]:
    """The attributes as they were published, then Pub/Sub's own; `subscription` is its full name."""
    return {
        **message.attributes,
        "x-goog-pubsub-subscription-name": subscription,
        "x-goog-pubsub-message-id": message.message_id,
        "x-goog-pubsub-publish-time": message.published_at.isoformat(),
        "x-goog-pubsub-delivery-attempt": str(attempt),
        "authorization": authorization,
    }


def dead_letter(message: LeasedMessage, subscription: Subscription, project: str, attempts: int) -> Message:
    """The message as it was, and where it came from."""
    source: Mapping[str, str] = {
        f"{_DEAD_LETTER}Subscription": subscription.name,
        f"{_DEAD_LETTER}SubscriptionProject": project,
        f"{_DEAD_LETTER}DeliveryCount": str(attempts),
        f"{_DEAD_LETTER}TopicPublishTime": message.published_at.isoformat(),
    }
    return Message(message.message_id, message.data, {**message.attributes, **source})
