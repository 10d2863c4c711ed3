"""The whole platform, in the order in which it can come to be: ground, data, messages, services, edge, eyes.

The edge comes last: nobody gets in before everything behind it is there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.pulumi.components.account import ServiceAccount, ServiceAccountArgs
from infra.pulumi.components.apis import EnabledApis, EnabledApisArgs
from infra.pulumi.components.archive import Archive, ArchiveArgs
from infra.pulumi.components.armor import EdgeArmor, EdgeArmorArgs
from infra.pulumi.components.budget import MonthlyBudget, MonthlyBudgetArgs
from infra.pulumi.components.builder import Builder, BuilderArgs
from infra.pulumi.components.certificate import EdgeCertificate, EdgeCertificateArgs
from infra.pulumi.components.encryption_key import EncryptionKey, EncryptionKeyArgs
from infra.pulumi.components.event_store import EventStore, EventStoreArgs
from infra.pulumi.components.functions import Ground, ServiceFunctions, ServiceFunctionsArgs
from infra.pulumi.components.granted import Inventory
from infra.pulumi.components.key_vault import KeyVault, KeyVaultArgs
from infra.pulumi.components.load_balancer import LoadBalancer, LoadBalancerArgs
from infra.pulumi.components.messaging import ServiceMessaging, ServiceMessagingArgs
from infra.pulumi.components.observability import Observability, ObservabilityArgs
from infra.pulumi.components.organization import ProjectRules, ProjectRulesArgs
from infra.pulumi.components.read_models import ReadModels, ReadModelsArgs
from infra.pulumi.components.registry import ImageRegistry, ImageRegistryArgs
from infra.pulumi.components.roles import CustomRoles, CustomRolesArgs
from infra.pulumi.components.secret import SecretVariable, SecretVariableArgs
from infra.pulumi.components.sources import SourceBucket, SourceBucketArgs
from infra.pulumi.components.topic import Topic, TopicArgs
from infra.pulumi.deployment import Deployment
from infra.pulumi.environment import operators_variables
from infra.pulumi.permissions import (
    CUSTOM_ROLES,
    KEY_ENCRYPTION_KEY,
    PUSH_CALLER,
    SCHEDULER_CALLER,
    TASKS_CALLER,
)
from shared.topology import EVENTS_DATABASE, KEY_VAULT_DATABASE, READ_MODELS_DATABASE

_CALLERS = {
    PUSH_CALLER: "Pub/Sub pushes messages to functions as this account.",
    SCHEDULER_CALLER: "Cloud Scheduler calls functions as this account.",
    TASKS_CALLER: "Cloud Tasks calls functions as this account.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformArgs:
    """`secrets` by the name of their variable: all that the manifests name."""

    deployment: Deployment
    secrets: Mapping[str, pulumi.Output[str]]


class Platform(pulumi.ComponentResource):
    """`outputs` are what an operator needs to go on: the address and the record for the domain, and the like."""

    def __init__(self, name: str, args: PlatformArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:platform:Platform", name, None, opts)
        self._deployment, self._secrets = args.deployment, args.secrets
        apis = EnabledApis("apis", EnabledApisArgs(args.deployment), pulumi.ResourceOptions(parent=self))
        self._own = pulumi.ResourceOptions(parent=self, depends_on=[apis])
        self._inventory = Inventory()
        ProjectRules("rules", ProjectRulesArgs(args.deployment), self._own)
        self._make_access()
        self._make_data()
        messaging = self._make_messaging()
        functions = self._make_functions(messaging)
        self.outputs = self._make_edge(functions)
        self._make_eyes(functions)
        self.register_outputs(dict(self.outputs))

    def _make_access(self) -> None:
        inventory = self._inventory
        roles = CustomRoles("roles", CustomRolesArgs(self._deployment, CUSTOM_ROLES), self._own)
        inventory.roles.update(roles.names)
        self._callers = {
            caller: ServiceAccount(caller, ServiceAccountArgs(self._deployment, purpose), self._own)
            for caller, purpose in _CALLERS.items()
        }
        inventory.accounts.update({caller: account.id_of_account for caller, account in self._callers.items()})
        self._variables = {
            variable: SecretVariable(
                _secret_name(variable),
                SecretVariableArgs(self._deployment, service.name, self._secrets[variable]),
                self._own,
            )
            for service in self._deployment.services
            for variable in service.secrets
        }
        inventory.secrets.update({variable: each.secret for variable, each in self._variables.items()})

    def _make_data(self) -> None:
        inventory, deployment = self._inventory, self._deployment
        encryption = EncryptionKey(KEY_ENCRYPTION_KEY, EncryptionKeyArgs(deployment), self._own)
        inventory.keys[KEY_ENCRYPTION_KEY], key = encryption.key, encryption.for_databases
        inventory.databases.update(
            {
                EVENTS_DATABASE: EventStore("event-store", EventStoreArgs(deployment, key), self._own).database,
                READ_MODELS_DATABASE: ReadModels("read-models", ReadModelsArgs(deployment, key), self._own).database,
                KEY_VAULT_DATABASE: KeyVault("key-vault", KeyVaultArgs(deployment, key), self._own).database,
            }
        )
        inventory.datasets.update(
            {
                dataset.name: Archive(dataset.name, ArchiveArgs(deployment, service, dataset), self._own).dataset
                for service in deployment.services
                if (dataset := service.dataset)
            }
        )

    def _make_messaging(self) -> list[ServiceMessaging]:
        deployment = self._deployment
        topics = {
            topic.name: Topic(
                topic.name,
                TopicArgs(deployment=deployment, service=service.name, retention_days=topic.retention_days),
                self._own,
            )
            for service in deployment.services
            for topic in service.topics
        }
        made = [
            ServiceMessaging(
                service.name,
                ServiceMessagingArgs(
                    deployment=deployment,
                    service=service,
                    topics={name: topic.path for name, topic in topics.items()},
                    caller=self._callers[PUSH_CALLER].email,
                ),
                self._own,
            )
            for service in deployment.services
        ]
        self._inventory.topics.update({name: topic.name for name, topic in topics.items()})
        for each in made:
            self._inventory.subscriptions.update(each.subscriptions)
            self._inventory.queues.update(each.queues)
        return made

    def _make_functions(self, messaging: list[ServiceMessaging]) -> list[ServiceFunctions]:
        """After all subscriptions: nothing is published that somebody who is to hear of it does not get."""
        deployment = self._deployment
        bucket = SourceBucket("sources", SourceBucketArgs(deployment), self._own).bucket
        images = ImageRegistry("functions", ImageRegistryArgs(deployment), self._own)
        builder = Builder("builder", BuilderArgs(deployment, bucket, images.name), self._own)
        ground = Ground(
            deployment=deployment,
            inventory=self._inventory,
            builder=builder.account,
            bucket=bucket,
            repository=images.repository,
            callers=self._callers,
            secrets=self._variables,
        )
        options = pulumi.ResourceOptions(parent=self, depends_on=[builder, *messaging])
        return [
            ServiceFunctions(service.name, ServiceFunctionsArgs(ground, service), options)
            for service in deployment.services
        ]

    def _make_edge(self, functions: list[ServiceFunctions]) -> Mapping[str, pulumi.Output[Any]]:
        certificate = EdgeCertificate("edge", EdgeCertificateArgs(self._deployment), self._own)
        armor = EdgeArmor("edge", EdgeArmorArgs(self._deployment), self._own)
        edge = LoadBalancer(
            "edge",
            LoadBalancerArgs(self._deployment, certificate.certificate_map, armor.policy),
            pulumi.ResourceOptions(parent=self, depends_on=functions),
        )
        return {
            "origin": pulumi.Output.from_input(self._deployment.config.origin),
            "address": edge.address,
            "certificate_record": certificate.record,
            "operator": pulumi.Output.from_input(self._inventory.keys[KEY_ENCRYPTION_KEY]).apply(
                lambda key: operators_variables(self._deployment, key)
            ),
        }

    def _make_eyes(self, functions: list[ServiceFunctions]) -> None:
        """What watches the platform, and whom it tells: of money, too."""
        seen = pulumi.ResourceOptions(parent=self, depends_on=functions)
        eyes = Observability("observability", ObservabilityArgs(self._deployment), seen)
        if budget := self._deployment.config.budget:
            MonthlyBudget("budget", MonthlyBudgetArgs(self._deployment, budget, eyes.channels[0]), self._own)


def _secret_name(variable: str) -> str:
    """As Secret Manager's names are written here: `STRIPE_SECRET_KEY` is `stripe-secret-key`."""
    return variable.lower().replace("_", "-")
