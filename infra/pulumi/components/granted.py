"""The roles of one identity, each granted on one thing and nothing above it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_gcp import bigquery, cloudtasks, kms, projects, pubsub, secretmanager, serviceaccount

from infra.pulumi.deployment import Deployment
from infra.pulumi.permissions import Grant, Kind

Names = dict[str, pulumi.Input[str]]


@dataclass(frozen=True, slots=True)
class Inventory:
    """What roles can be granted on, by declared name: as their own resources call it, so that a grant comes after
    its thing. `roles` are the custom ones.
    """

    roles: Names = field(default_factory=dict)
    databases: Names = field(default_factory=dict)
    topics: Names = field(default_factory=dict)
    subscriptions: Names = field(default_factory=dict)
    queues: Names = field(default_factory=dict)
    keys: Names = field(default_factory=dict)
    secrets: Names = field(default_factory=dict)
    datasets: Names = field(default_factory=dict)
    accounts: Names = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GrantedArgs:
    """`member` gets all of `grants`."""

    deployment: Deployment
    inventory: Inventory
    member: pulumi.Input[str]
    grants: Sequence[Grant]


class Granted(pulumi.ComponentResource):
    """Only additive bindings: what others grant on the same things stays as it is."""

    def __init__(self, name: str, args: GrantedArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:access:Granted", name, None, opts)
        self._deployment = args.deployment
        self._inventory = args.inventory
        self._member = args.member
        self._options = pulumi.ResourceOptions(parent=self)
        made: Mapping[Kind, Callable[[str, Grant, pulumi.Input[str]], None]] = {
            Kind.DATABASE: self._on_database,
            Kind.PROJECT: self._on_project,
            Kind.TOPIC: self._on_topic,
            Kind.SUBSCRIPTION: self._on_subscription,
            Kind.QUEUE: self._on_queue,
            Kind.KEY: self._on_key,
            Kind.SECRET: self._on_secret,
            Kind.DATASET: self._on_dataset,
            Kind.ACCOUNT: self._on_account,
        }
        for grant in args.grants:
            role = grant.role if grant.role.startswith("roles/") else args.inventory.roles[grant.role]
            binding = "-".join(filter(None, (name, grant.role.rpartition("/")[2], grant.on)))
            made[grant.kind](binding, grant, role)
        self.register_outputs({})

    def _on_database(self, name: str, grant: Grant, role: pulumi.Input[str]) -> None:
        """Firestore's databases have no bindings of their own: the project's has a condition."""
        config = self._deployment.config
        database = pulumi.Output.from_input(self._inventory.databases[grant.on])
        projects.IAMMember(
            name,
            project=config.project,
            role=role,
            member=self._member,
            condition=projects.IAMMemberConditionArgs(
                title=self._deployment.name(grant.on),
                description=f"In the database {self._deployment.name(grant.on)} alone.",
                expression=database.apply(
                    lambda found: f'resource.name == "projects/{config.project}/databases/{found}"'
                ),
            ),
            opts=self._options,
        )

    def _on_project(self, name: str, grant: Grant, role: pulumi.Input[str]) -> None:  # noqa: ARG002 - there is one
        projects.IAMMember(
            name, project=self._deployment.config.project, role=role, member=self._member, opts=self._options
        )

    def _on_topic(self, name: str, grant: Grant, role: pulumi.Input[str]) -> None:
        pubsub.TopicIAMMember(
            name,
            project=self._deployment.config.project,
            topic=self._inventory.topics[grant.on],
            role=role,
            member=self._member,
            opts=self._options,
        )

    def _on_subscription(self, name: str, grant: Grant, role: pulumi.Input[str]) -> None:
        pubsub.SubscriptionIAMMember(
            name,
            project=self._deployment.config.project,
            subscription=self._inventory.subscriptions[grant.on],
            role=role,
            member=self._member,
            opts=self._options,
        )

    def _on_queue(self, name: str, grant: Grant, role: pulumi.Input[str]) -> None:
        cloudtasks.QueueIamMember(
            name,
            project=self._deployment.config.project,
            location=self._deployment.config.region,
            name=self._inventory.queues[grant.on],
            role=role,
            member=self._member,
            opts=self._options,
        )

    def _on_key(self, name: str, grant: Grant, role: pulumi.Input[str]) -> None:
        kms.CryptoKeyIAMMember(
            name,
            crypto_key_id=self._inventory.keys[grant.on],
            role=role,
            member=self._member,
            opts=self._options,
        )

    def _on_secret(self, name: str, grant: Grant, role: pulumi.Input[str]) -> None:
        secretmanager.SecretIamMember(
            name,
            project=self._deployment.config.project,
            secret_id=self._inventory.secrets[grant.on],
            role=role,
            member=self._member,
            opts=self._options,
        )

    def _on_dataset(self, name: str, grant: Grant, role: pulumi.Input[str]) -> None:
        bigquery.DatasetIamMember(
            name,
            project=self._deployment.config.project,
            dataset_id=self._inventory.datasets[grant.on],
            role=role,
            member=self._member,
            opts=self._options,
        )

    def _on_account(self, name: str, grant: Grant, role: pulumi.Input[str]) -> None:
        serviceaccount.IAMMember(
            name,
            service_account_id=self._inventory.accounts[grant.on],
            role=role,
            member=self._member,
            opts=self._options,
        )
