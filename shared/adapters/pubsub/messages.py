"""The messages of Pub/Sub's gRPC interface that the adapters and the local delivery use; the names are Google's."""

from typing import Final

from google.protobuf.duration_pb2 import DESCRIPTOR as DURATION
from google.protobuf.timestamp_pb2 import DESCRIPTOR as TIMESTAMP

from shared.adapters.protobuf import Messages

SCHEMA: Final = Messages(
    "google.pubsub.v1",
    """
PubsubMessage: data 1 bytes; attributes 2 map string; message_id 3 string; publish_time 4 google.protobuf.Timestamp
ReceivedMessage: ack_id 1 string; message 2 PubsubMessage; delivery_attempt 3 int32

PublishRequest: topic 1 string; messages 2 repeated PubsubMessage
PublishResponse: message_ids 1 repeated string
PullRequest: subscription 1 string; max_messages 3 int32
PullResponse: received_messages 1 repeated ReceivedMessage
AcknowledgeRequest: subscription 1 string; ack_ids 2 repeated string
ModifyAckDeadlineRequest: subscription 1 string; ack_ids 4 repeated string; ack_deadline_seconds 3 int32
StreamingPullRequest: subscription 1 string; stream_ack_deadline_seconds 5 int32; client_id 6 string
StreamingPullResponse: received_messages 1 repeated ReceivedMessage

Topic: name 1 string; message_retention_duration 8 google.protobuf.Duration
Subscription: name 1 string; topic 2 string; ack_deadline_seconds 5 int32; filter 12 string;
    dead_letter_policy 13 DeadLetterPolicy; retry_policy 14 RetryPolicy
DeadLetterPolicy: dead_letter_topic 1 string; max_delivery_attempts 2 int32
RetryPolicy: minimum_backoff 1 google.protobuf.Duration; maximum_backoff 2 google.protobuf.Duration
""",
    imports=(TIMESTAMP, DURATION),
)
