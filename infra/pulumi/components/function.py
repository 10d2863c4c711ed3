"""One function: its source, its size, its identity, and who may call it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_gcp import cloudfunctionsv2, cloudrunv2

from infra.pulumi.components.secret import SecretVariable
from infra.pulumi.deployment import Deployment
from shared.topology import PYTHON_VERSION, Function, Http, Service

EVERYBODY = "allUsers"
_EPOCH = "315532800"
"""Any moment. Where it is set, the build compiles our own modules to bytecode that is checked by the source's content
and not by its time, which the image may change: each cold start would compile them again. Packages do not need it:
their bytecode is never checked. Read in the source of Google's buildpacks, not tried in a build.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudFunctionArgs:
    """`account` is whom it runs as, `builder` (the full name) who builds it out of `archive` in `bucket` and puts the
    image into `repository`. Members of `invokers` may call it, besides everybody if it is public.
    """

    deployment: Deployment
    service: Service
    function: Function
    account: pulumi.Input[str]
    builder: pulumi.Input[str]
    bucket: pulumi.Input[str]
    archive: pulumi.Input[str]
    repository: pulumi.Input[str]
    variables: Mapping[str, pulumi.Input[str]]
    secrets: Mapping[str, SecretVariable]
    invokers: Mapping[str, pulumi.Input[str]]


class CloudFunction(pulumi.ComponentResource):
    """Of the second generation: it is a Cloud Run service, by the same name.

    A public one is reached through the load balancer alone and checks its callers' tokens itself; to any other one
    nobody has access but Google's services that are named, by tokens that Cloud Run checks before the function does.
    Requests of an instance share one event loop: there are no threads to be counted.
    """

    def __init__(self, name: str, args: CloudFunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:functions:CloudFunction", name, None, opts)
        deployment, config = args.deployment, args.deployment.config
        public = isinstance(args.function.trigger, Http)
        function = cloudfunctionsv2.Function(
            name,
            name=deployment.name(name),
            project=config.project,
            location=config.region,
            description=args.function.description,
            labels=deployment.labels(args.service.name, exposure="public" if public else "private"),
            build_config=_build(args),
            service_config=_service(args, public=public),
            deletion_policy="DELETE",
            opts=pulumi.ResourceOptions(parent=self),
        )
        for caller, member in _members(args.invokers, public=public).items():
            cloudrunv2.ServiceIamMember(
                f"{name}-invoked-by-{caller}",
                project=config.project,
                location=config.region,
                name=function.name,
                role="roles/run.invoker",
                member=member,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.name = function.name
        self.register_outputs({"name": self.name})


def _members(invokers: Mapping[str, pulumi.Input[str]], *, public: bool) -> dict[str, pulumi.Input[str]]:
    return {**invokers, **({"everybody": EVERYBODY} if public else {})}


def _build(args: CloudFunctionArgs) -> cloudfunctionsv2.FunctionBuildConfigArgs:
    return cloudfunctionsv2.FunctionBuildConfigArgs(
        runtime="python" + PYTHON_VERSION.replace(".", ""),
        entry_point=args.function.name,
        environment_variables={"SOURCE_DATE_EPOCH": _EPOCH},
        docker_repository=args.repository,
        service_account=args.builder,
        source=cloudfunctionsv2.FunctionBuildConfigSourceArgs(
            storage_source=cloudfunctionsv2.FunctionBuildConfigSourceStorageSourceArgs(
                bucket=args.bucket, object=args.archive
            )
        ),
        # Google renews the base image below the running code when it has security patches.
        automatic_update_policy=cloudfunctionsv2.FunctionBuildConfigAutomaticUpdatePolicyArgs(),  # type: ignore[no-untyped-call] # it has no arguments
    )


def _service(args: CloudFunctionArgs, *, public: bool) -> cloudfunctionsv2.FunctionServiceConfigArgs:
    function, config = args.function, args.deployment.config
    name = f"{args.service.name}-{function.name}"
    return cloudfunctionsv2.FunctionServiceConfigArgs(
        service_account_email=args.account,
        available_cpu=str(function.cpu),
        available_memory=f"{function.memory}Mi",
        max_instance_request_concurrency=function.concurrency,
        min_instance_count=config.scaling.min_instances.get(name, function.min_instances),
        max_instance_count=min(function.max_instances, config.scaling.max_instances),
        timeout_seconds=function.timeout,
        ingress_settings="ALLOW_INTERNAL_AND_GCLB" if public else "ALLOW_INTERNAL_ONLY",
        all_traffic_on_latest_revision=True,
        environment_variables=dict(args.variables),
        secret_environment_variables=_secrets(args.secrets, config.project),
    )


def _secrets(
    secrets: Mapping[str, SecretVariable], project: str
) -> Sequence[cloudfunctionsv2.FunctionServiceConfigSecretEnvironmentVariableArgs]:
    return [
        cloudfunctionsv2.FunctionServiceConfigSecretEnvironmentVariableArgs(
            key=key, project_id=project, secret=each.secret, version=each.version
        )
        for key, each in secrets.items()
    ]
