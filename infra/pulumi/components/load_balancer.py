"""The one public origin: an address, TLS, and the way to every public function."""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import compute

from infra.pulumi.components.public_backend import PublicBackend, PublicBackendArgs
from infra.pulumi.components.url_map import UrlMap, UrlMapArgs
from infra.pulumi.deployment import Deployment
from infra.pulumi.routes import backends

_KEEP_ALIVE = 610
"""Seconds that a client's connection stays open without a request; Google's own number."""
NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class LoadBalancerArgs:
    """`certificate_map` as the HTTPS proxy wants it, `security_policy` by its id."""

    deployment: Deployment
    certificate_map: pulumi.Input[str]
    security_policy: pulumi.Input[str]


class LoadBalancer(pulumi.ComponentResource):
    """Global and external. Clients come by HTTPS, from TLS 1.2 on; who comes by HTTP is sent there.

    `address` is what the domain's A record must say. WebSockets are not meant to work: no function speaks them.
    """

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:edge:LoadBalancer", name, None, opts)
        self._name, self._args, self._config = name, args, args.deployment.config
        self._child = pulumi.ResourceOptions(parent=self)
        address = self._address()
        self.address = address.address
        self._listen("https", address, "443", self._https(self._url_map()).id)
        self._listen("http", address, "80", self._http().id)
        self.register_outputs({"address": self.address})

    def _address(self) -> compute.GlobalAddress:
        return compute.GlobalAddress(
            self._name,
            name=self._args.deployment.name(self._name),
            project=self._config.project,
            description="Of the public API; DNS points to it.",
            address_type="EXTERNAL",
            ip_version="IPV4",
            labels=self._args.deployment.labels(),
            deletion_policy="PREVENT" if self._config.data.protected else "DELETE",
            # A new address means a change of DNS, and clients that find nobody until it is known everywhere.
            opts=pulumi.ResourceOptions(parent=self, protect=self._config.data.protected),
        )

    def _url_map(self) -> pulumi.Output[str]:
        deployment, policy = self._args.deployment, self._args.security_policy
        found = {
            backend: PublicBackend(
                backend.name, PublicBackendArgs(deployment, policy, backend.name), self._child
            ).service
            for backend in backends(deployment.services)
        }
        nowhere = PublicBackend(NOWHERE, PublicBackendArgs(deployment, policy), self._child)
        return UrlMap(self._name, UrlMapArgs(deployment, found, nowhere.service), self._child).id_of_map

    def _https(self, url_map: pulumi.Output[str]) -> compute.TargetHttpsProxy:
        deployment, project = self._args.deployment, self._config.project
        tls = compute.SSLPolicy(
            self._name,
            name=deployment.name(self._name),
            project=project,
            description="Of the public API.",
            profile="MODERN",
            min_tls_version="TLS_1_2",
            post_quantum_key_exchange="ENABLED",
            deletion_policy="DELETE",
            opts=self._child,
        )
        return compute.TargetHttpsProxy(
            self._name,
            name=deployment.name(self._name),
            project=project,
            description="Of the public API.",
            url_map=url_map,
            certificate_map=self._args.certificate_map,
            ssl_policy=tls.id,
            quic_override="ENABLE" if self._config.edge.http3 else "DISABLE",
            # What comes before the handshake is done could be sent again by somebody else: a command is not for that.
            tls_early_data="DISABLED",
            http_keep_alive_timeout_sec=_KEEP_ALIVE,
            deletion_policy="DELETE",
            opts=self._child,
        )

    def _http(self) -> compute.TargetHttpProxy:
        deployment, project, to_https = self._args.deployment, self._config.project, f"{self._name}-to-https"
        redirect = compute.URLMap(
            to_https,
            name=deployment.name(to_https),
            project=project,
            description="From HTTP to HTTPS.",
            default_url_redirect=compute.URLMapDefaultUrlRedirectArgs(
                https_redirect=True, redirect_response_code="MOVED_PERMANENTLY_DEFAULT", strip_query=False
            ),
            deletion_policy="DELETE",
            opts=self._child,
        )
        return compute.TargetHttpProxy(
            to_https,
            name=deployment.name(to_https),
            project=project,
            description="From HTTP to HTTPS.",
            url_map=redirect.id,
            http_keep_alive_timeout_sec=_KEEP_ALIVE,
            deletion_policy="DELETE",
            opts=self._child,
        )

    def _listen(self, scheme: str, address: compute.GlobalAddress, port: str, target: pulumi.Output[str]) -> None:
        name = f"{self._name}-{scheme}"
        compute.GlobalForwardingRule(
            name,
            name=self._args.deployment.name(name),
            project=self._config.project,
            description=f"{scheme.upper()} to the public API.",
            load_balancing_scheme="EXTERNAL_MANAGED",
            network_tier="PREMIUM",
            ip_protocol="TCP",
            ip_address=address.id,
            port_range=port,
            target=target,
            labels=self._args.deployment.labels(),
            deletion_policy="DELETE",
            opts=self._child,
        )
