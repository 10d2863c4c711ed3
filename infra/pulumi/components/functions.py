"""The functions of one service, with their identities, and what calls them by the clock."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from infra.pulumi import environment
from infra.pulumi.components.account import ServiceAccount, ServiceAccountArgs
from infra.pulumi.components.function import CloudFunction, CloudFunctionArgs
from infra.pulumi.components.granted import Granted, GrantedArgs, Inventory
from infra.pulumi.components.schedule import Schedule, ScheduleArgs
from infra.pulumi.components.secret import SecretVariable
from infra.pulumi.components.source import SourceArchive, SourceArchiveArgs
from infra.pulumi.deployment import Deployment
from infra.pulumi.permissions import KEY_ENCRYPTION_KEY, SCHEDULER_CALLER, grants
from shared.topology import Function, Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What all functions stand on: `builder`, `bucket` and `repository` are what they are built by, from and into.
    `callers` are the accounts of Google's services that call functions, by their part.
    """

    deployment: Deployment
    inventory: Inventory
    builder: pulumi.Input[str]
    bucket: pulumi.Input[str]
    repository: pulumi.Input[str]
    callers: Mapping[str, ServiceAccount]
    secrets: Mapping[str, SecretVariable]


@dataclass(frozen=True, slots=True)
class ServiceFunctionsArgs:
    """`service` is one of the deployment's."""

    ground: Ground
    service: Service


class ServiceFunctions(pulumi.ComponentResource):
    """`functions` by name. A function comes after its roles, and what calls it by the clock after the function."""

    def __init__(self, name: str, args: ServiceFunctionsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:functions:ServiceFunctions", name, None, opts)
        self._ground, self._service = args.ground, args.service
        self._own = pulumi.ResourceOptions(parent=self)
        archive = SourceArchive(
            name,
            SourceArchiveArgs(deployment=args.ground.deployment, service=args.service, bucket=args.ground.bucket),
            self._own,
        )
        self.functions: Mapping[str, CloudFunction] = {
            function.name: self._make_function(function, archive) for function in args.service.functions
        }
        self._make_schedules()
        self.register_outputs({"functions": {name: each.name for name, each in self.functions.items()}})

    def _make_function(self, function: Function, archive: SourceArchive) -> CloudFunction:
        ground, name = self._ground, f"{self._service.name}-{function.name}"
        account = ServiceAccount(
            name, ServiceAccountArgs(deployment=ground.deployment, purpose=function.description), self._own
        )
        granted = Granted(
            name,
            GrantedArgs(
                deployment=ground.deployment,
                inventory=ground.inventory,
                member=account.member,
                grants=grants(self._service, function),
            ),
            self._own,
        )
        callers = environment.callers(self._service, function)
        key = ground.inventory.keys[KEY_ENCRYPTION_KEY]
        return CloudFunction(
            name,
            CloudFunctionArgs(
                deployment=ground.deployment,
                service=self._service,
                function=function,
                account=account.email,
                builder=ground.builder,
                bucket=ground.bucket,
                archive=archive.object,
                repository=ground.repository,
                variables=environment.variables(ground.deployment, self._service, function, key),
                secrets={name: ground.secrets[name] for name in function.secrets},
                invokers={caller: ground.callers[caller].member for caller in callers},
            ),
            pulumi.ResourceOptions(parent=self, depends_on=[granted]),
        )

    def _make_schedules(self) -> None:
        for schedule in self._service.schedules:
            Schedule(
                schedule.name,
                ScheduleArgs(
                    deployment=self._ground.deployment,
                    service=self._service,
                    declared=schedule,
                    caller=self._ground.callers[SCHEDULER_CALLER].email,
                    after=[self.functions[schedule.function]],
                ),
                self._own,
            )
