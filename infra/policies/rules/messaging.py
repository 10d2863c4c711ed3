"""Messages: kept, retried, and never lost without a trace."""

from collections.abc import Iterator

from .model import Resource, Stack, resource_rule, stack_rule
from .reading import DAY, function_at, last_part, missing, seconds

_TOPIC = "gcp:pubsub/topic:Topic"
_SUBSCRIPTION = "gcp:pubsub/subscription:Subscription"
_TOPIC_MEMBER = "gcp:pubsub/topicIAMMember:TopicIAMMember"
_SUBSCRIPTION_MEMBER = "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember"
_JOB = "gcp:cloudscheduler/job:Job"
_QUEUE = "gcp:cloudtasks/queue:Queue"
_DEAD = "-dead"
_PUBSUB_AGENT = "@gcp-sa-pubsub.iam.gserviceaccount.com"
_ATTEMPTS = range(5, 101)
_LONGEST_RETENTION = 31 * DAY


def _keeps_dead_letters(subscription: Resource) -> bool:
    """A subscription to a dead-letter topic has none of its own: there is nowhere further to go."""
    return last_part(subscription.inputs.get("topic", "")).endswith(_DEAD)


@resource_rule(_SUBSCRIPTION, do="Set dead_letter_policy with a topic of its own and 5 to 100 attempts.")
def subscription_has_dead_letters(subscription: Resource) -> Iterator[str]:
    """What cannot be delivered goes to a dead-letter topic; only that topic's own subscription has none."""
    policy = subscription.section("deadLetterPolicy")
    if _keeps_dead_letters(subscription):
        return
    if missing(policy, "deadLetterTopic", "maxDeliveryAttempts"):
        yield "what fails is tried until it is too old, then lost"
    elif policy["maxDeliveryAttempts"] not in _ATTEMPTS:
        yield f"{policy['maxDeliveryAttempts']:g} attempts"


@resource_rule(_SUBSCRIPTION, do="Set retry_policy.minimum_backoff and maximum_backoff.")
def subscription_backs_off(subscription: Resource) -> Iterator[str]:
    """Deliveries are repeated after a growing pause: without one, a failing message is sent again at once."""
    policy = subscription.section("retryPolicy")
    if _keeps_dead_letters(subscription):
        return
    if absent := missing(policy, "minimumBackoff", "maximumBackoff"):
        yield f"not set: {absent}"
    elif seconds(policy["minimumBackoff"]) > seconds(policy["maximumBackoff"]):
        yield "the shortest pause is longer than the longest"


@resource_rule(_SUBSCRIPTION, do='Set expiration_policy.ttl to "".')
def subscription_never_expires(subscription: Resource) -> Iterator[str]:
    """A subscription stays, however long nothing happens; by default it is gone after 31 idle days."""
    if subscription.section("expirationPolicy").get("ttl") != "":
        yield "it expires"


@resource_rule(_SUBSCRIPTION, do="Set ack_deadline_seconds (10 to 600) and message_retention_duration.")
def subscription_deadlines_are_explicit(subscription: Resource) -> Iterator[str]:
    """How long a delivery may take and how long a message waits are said."""
    if absent := missing(subscription.inputs, "ackDeadlineSeconds", "messageRetentionDuration"):
        yield f"not set: {absent}"


@resource_rule(_SUBSCRIPTION, do="Push to https with oidc_token.service_account_email and oidc_token.audience.")
def subscription_push_is_authenticated(subscription: Resource) -> Iterator[str]:
    """A push carries a token with an audience, over https."""
    push = subscription.section("pushConfig")
    if not push:
        return
    if not push.get("pushEndpoint", "").startswith("https://"):
        yield "its endpoint is not https"
    if absent := missing(push.get("oidcToken") or {}, "serviceAccountEmail", "audience"):
        yield f"not set: {absent}"


@stack_rule(_SUBSCRIPTION, do="Push to a function of this stack.")
def subscription_pushes_within(subscription: Resource, stack: Stack) -> Iterator[str]:
    """Messages are pushed to functions of the platform and to nobody else."""
    endpoint = subscription.section("pushConfig").get("pushEndpoint", "")
    if endpoint and function_at(endpoint, stack) is None:
        yield f"{endpoint} is no function of this stack"


@stack_rule(_SUBSCRIPTION, do="Subscribe to the dead-letter topic.")
def dead_letters_are_kept(subscription: Resource, stack: Stack) -> Iterator[str]:
    """A dead-letter topic has a subscription: what is published to a topic without one is lost."""
    topic = last_part(subscription.section("deadLetterPolicy").get("deadLetterTopic", ""))
    if topic and topic not in {last_part(each.inputs.get("topic", "")) for each in stack.of(_SUBSCRIPTION)}:
        yield f"nothing subscribes to {topic}"


@stack_rule(
    _SUBSCRIPTION,
    do="Grant Pub/Sub's own account roles/pubsub.publisher on the dead-letter topic and roles/pubsub.subscriber on the "
    "subscription.",
)
def dead_letters_can_be_moved(subscription: Resource, stack: Stack) -> Iterator[str]:
    """Pub/Sub itself may move dead letters; without both grants it drops the policy silently."""
    topic = last_part(subscription.section("deadLetterPolicy").get("deadLetterTopic", ""))
    if topic and topic not in _granted(stack, _TOPIC_MEMBER, "topic", "roles/pubsub.publisher"):
        yield f"Pub/Sub may not publish to {topic}"
    name = subscription.inputs.get("name", "")
    if topic and name not in _granted(stack, _SUBSCRIPTION_MEMBER, "subscription", "roles/pubsub.subscriber"):
        yield "Pub/Sub may not take messages off it"


def _granted(stack: Stack, kind: str, on: str, role: str) -> set[str]:
    """What Pub/Sub's own account has a role on."""
    return {
        last_part(grant.inputs.get(on, ""))
        for grant in stack.of(kind)
        if grant.inputs.get("role") == role and grant.inputs.get("member", "").endswith(_PUBSUB_AGENT)
    }


@resource_rule(_TOPIC, do="Set message_retention_duration: a day to 31 days.")
def topic_can_be_replayed(topic: Resource) -> Iterator[str]:
    """A topic keeps what was published, so that a subscription can be set back."""
    kept = seconds(topic.inputs.get("messageRetentionDuration", ""))
    if not DAY <= kept <= _LONGEST_RETENTION:
        yield f"it keeps messages for {kept / DAY:g} days"


@resource_rule(_TOPIC, do="Set message_storage_policy.allowed_persistence_regions.")
def topic_says_where_it_stores(topic: Resource) -> Iterator[str]:
    """Messages are stored in regions that are named, not wherever somebody publishes from."""
    if not topic.section("messageStoragePolicy").get("allowedPersistenceRegions"):
        yield "messages may be stored anywhere"


@resource_rule(_JOB, do="Set http_target.oidc_token with an audience, and attempt_deadline.")
def schedule_is_authenticated(job: Resource) -> Iterator[str]:
    """A schedule calls over https with a token that has an audience, and says how long it waits."""
    target = job.section("httpTarget")
    if not target.get("uri", "").startswith("https://"):
        yield "it does not call over https"
    if absent := missing(target.get("oidcToken") or {}, "serviceAccountEmail", "audience"):
        yield f"not set: {absent}"
    if not job.given("attemptDeadline"):
        yield "not set: attemptDeadline"


@resource_rule(_QUEUE, do="Set rate_limits and retry_config.")
def queue_limits_are_explicit(queue: Resource) -> Iterator[str]:
    """A queue says how fast and how often it tries: the defaults are 500 a second, a hundred times."""
    if absent := missing(queue.section("rateLimits"), "maxConcurrentDispatches", "maxDispatchesPerSecond"):
        yield f"not set: {absent}"
    if absent := missing(queue.section("retryConfig"), "maxAttempts", "minBackoff", "maxBackoff"):
        yield f"not set: {absent}"


RULES = (
    topic_can_be_replayed,
    topic_says_where_it_stores,
    subscription_has_dead_letters,
    subscription_backs_off,
    subscription_never_expires,
    subscription_deadlines_are_explicit,
    subscription_push_is_authenticated,
    subscription_pushes_within,
    dead_letters_are_kept,
    dead_letters_can_be_moved,
    schedule_is_authenticated,
    queue_limits_are_explicit,
)
