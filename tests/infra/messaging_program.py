"""A deployment in which parts of the messaging are declared alone, and the types of what they consist of."""

from collections.abc import Sequence

import functions
from infra.pulumi.components.subscription import Subscription, SubscriptionArgs
from infra.pulumi.config import Data, Scaling, StackConfig, Users
from infra.pulumi.deployment import Deployment
from shared import topology
from shared.topology import Service, discover
from tests.infra.harness import Program, run

SERVICES = discover(functions)
PROJECT, NUMBER, REGION = "acme-shop", "123456789012", "europe-west1"
AGENT = f"serviceAccount:service-{NUMBER}@gcp-sa-pubsub.iam.gserviceaccount.com"

TOPIC = "gcp:pubsub/topic:Topic"
TOPIC_MEMBER = "gcp:pubsub/topicIAMMember:TopicIAMMember"
SUBSCRIPTION = "gcp:pubsub/subscription:Subscription"
SUBSCRIPTION_MEMBER = "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember"
QUEUE = "gcp:cloudtasks/queue:Queue"
JOB = "gcp:cloudscheduler/job:Job"


def deployment(
    services: Sequence[Service] = SERVICES, *, data: Data | None = None, scaling: Scaling | None = None
) -> Deployment:
    """An environment called `dev`."""
    config = StackConfig(
        environment="dev",
        project=PROJECT,
        project_number=NUMBER,
        domain="shop.example",
        region=REGION,
        users=Users(issuer="https://issuer.example", audience="shop", jwks_url="https://issuer.example/keys"),
        data=data or Data(),
        scaling=scaling or Scaling(),
        alert_mail="shop@shop.example",
    )
    return Deployment(config, services)


def subscription(given: Deployment, service: Service, declared: topology.Subscription) -> Program:
    """One alone."""
    args = SubscriptionArgs(
        deployment=given,
        service=service,
        declared=declared,
        topic=f"projects/{PROJECT}/topics/{given.name(declared.topic)}",
        caller=given.account("push"),
    )
    return run(lambda: Subscription(declared.name, args))
