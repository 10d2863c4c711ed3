"""The edge and the foundation, declared alone."""

from collections.abc import Sequence
from typing import Any

import functions
from infra.pulumi.components.armor import EdgeArmor, EdgeArmorArgs
from infra.pulumi.components.certificate import EdgeCertificate, EdgeCertificateArgs
from infra.pulumi.components.load_balancer import LoadBalancer, LoadBalancerArgs
from infra.pulumi.config import StackConfig
from infra.pulumi.deployment import Deployment
from shared.topology import Service, discover
from tests.infra.harness import Program, run

SERVICES = discover(functions)
NUMBER = "123456789012"
_LEAST = {
    "environment": "dev",
    "project": "acme-shop",
    "project_number": NUMBER,
    "domain": "shop.example",
    "users": {"issuer": "https://issuer.example", "audience": "shop", "jwks_url": "https://issuer.example/keys"},
    "alert_mail": "shop@shop.example",
}


def deployment(services: Sequence[Service] = SERVICES, **settings: Any) -> Deployment:
    """An environment called `dev`, of these settings."""
    return Deployment(StackConfig.model_validate(_LEAST | settings), services)


def edge(given: Deployment) -> Program:
    """The load balancer, and what it needs."""

    def program() -> None:
        armor = EdgeArmor("edge", EdgeArmorArgs(given))
        certificate = EdgeCertificate("edge", EdgeCertificateArgs(given))
        LoadBalancer("edge", LoadBalancerArgs(given, certificate.certificate_map, armor.policy))

    return run(program)
