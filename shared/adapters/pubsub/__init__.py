"""Publisher and Subscriber on Google Cloud Pub/Sub or its emulator."""

from shared.adapters.pubsub.channel import PubSubChannel, connect
from shared.adapters.pubsub.publisher import PubSubPublisher
from shared.adapters.pubsub.subscriber import PubSubSubscriber, PulledMessage

__all__ = ["PubSubChannel", "PubSubPublisher", "PubSubSubscriber", "PulledMessage", "connect"]
