"""One public function as the load balancer sees it."""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import compute

from infra.pulumi.deployment import Deployment

_DRAINING = 300
"""Seconds; the provider's own. There are no machines to drain behind a function, but it would be sent unsaid."""


@dataclass(frozen=True, slots=True)
class PublicBackendArgs:
    """`function` is the declared name of a function, such as `cart-commands`; without one there is nothing behind."""

    deployment: Deployment
    security_policy: pulumi.Input[str]
    function: str = ""


class PublicBackend(pulumi.ComponentResource):
    """A serverless network endpoint group and a backend service by the same name.

    Neither timeout nor port nor balancing mode is set: with serverless endpoints they are refused. It is the function's
    own timeout that counts, the same that the local gateway takes.
    """

    def __init__(self, name: str, args: PublicBackendArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:edge:PublicBackend", name, None, opts)
        deployment, config = args.deployment, args.deployment.config
        service = compute.BackendService(
            name,
            name=deployment.name(name),
            project=config.project,
            description=f"The function {args.function}." if args.function else "Nothing: behind what is not found.",
            load_balancing_scheme="EXTERNAL_MANAGED",
            protocol="HTTP",  # without a meaning here: Google encrypts the way to a function by itself
            backends=[compute.BackendServiceBackendArgs(group=self._endpoints(name, args))] if args.function else [],
            security_policy=args.security_policy,
            connection_draining_timeout_sec=_DRAINING,
            session_affinity="NONE",
            enable_cdn=False,
            compression_mode="DISABLED",
            custom_request_headers=[],
            custom_response_headers=[],
            log_config=_logging(config.edge.log_sample_rate),
            deletion_policy="DELETE",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.service = service.id
        self.register_outputs({"service": self.service})

    def _endpoints(self, name: str, args: PublicBackendArgs) -> pulumi.Output[str]:
        group = compute.RegionNetworkEndpointGroup(
            name,
            name=args.deployment.name(name),
            project=args.deployment.config.project,
            region=args.deployment.config.region,
            description=f"The function {args.function}.",
            network_endpoint_type="SERVERLESS",
            cloud_run=compute.RegionNetworkEndpointGroupCloudRunArgs(service=args.deployment.name(args.function)),
            deletion_policy="DELETE",
            opts=pulumi.ResourceOptions(parent=self),
        )
        return group.id


def _logging(rate: float) -> compute.BackendServiceLogConfigArgs:
    if not rate:
        return compute.BackendServiceLogConfigArgs(enable=False)
    return compute.BackendServiceLogConfigArgs(enable=True, sample_rate=rate, optional_mode="EXCLUDE_ALL_OPTIONAL")
