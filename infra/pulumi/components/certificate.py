"""The certificate of the public API, issued and renewed by Google."""

from dataclasses import dataclass
from hashlib import sha256

import pulumi
from pulumi_gcp import certificatemanager

from infra.pulumi.deployment import Deployment


@dataclass(frozen=True, slots=True)
class EdgeCertificateArgs:
    """For the domain of the settings."""

    deployment: Deployment


class EdgeCertificate(pulumi.ComponentResource):
    """Proven by a DNS record that stays for ever: so there is a certificate before the first request comes, and one for
    a new domain before the old one goes. A `compute.ManagedSslCertificate` is issued only once the domain leads to the
    load balancer, which has none until then.

    `record` is the CNAME to be set; `certificate_map` is what an HTTPS proxy refers to. A client that asks for another
    name than the domain gets no certificate at all.
    """

    def __init__(self, name: str, args: EdgeCertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:edge:EdgeCertificate", name, None, opts)
        self._deployment, config = args.deployment, args.deployment.config
        self._child = pulumi.ResourceOptions(parent=self)
        # Another domain is another certificate: Google keeps the one in use from being replaced under its name.
        self._of_domain = f"{name}-{sha256(config.domain.encode()).hexdigest()[:8]}"
        labels = args.deployment.labels()
        certificates = certificatemanager.CertificateMap(
            name,
            name=args.deployment.name(name),
            project=config.project,
            description="What the load balancer shows its clients.",
            labels=labels,
            deletion_policy="DELETE",
            opts=self._child,
        )
        proof = self._proof()
        certificatemanager.CertificateMapEntry(
            self._of_domain,
            name=args.deployment.name(self._of_domain),
            project=config.project,
            description=config.domain[:256],
            map=certificates.name,
            hostname=config.domain,
            certificates=[self._certificate(proof).id],
            labels=labels,
            deletion_policy="DELETE",
            opts=self._child,
        )
        record = proof.dns_resource_records[0]
        self.record = pulumi.Output.concat(record.name, " ", record.type, " ", record.data)
        self.certificate_map = pulumi.Output.concat("//certificatemanager.googleapis.com/", certificates.id)
        self.register_outputs({"record": self.record, "certificate_map": self.certificate_map})

    def _proof(self) -> certificatemanager.DnsAuthorization:
        return certificatemanager.DnsAuthorization(
            self._of_domain,
            name=self._deployment.name(self._of_domain),
            project=self._deployment.config.project,
            location="global",
            description="Proof that the domain is ours.",
            domain=self._deployment.config.domain,
            type="FIXED_RECORD",
            labels=self._deployment.labels(),
            deletion_policy="DELETE",
            opts=self._child,
        )

    def _certificate(self, proof: certificatemanager.DnsAuthorization) -> certificatemanager.Certificate:
        return certificatemanager.Certificate(
            self._of_domain,
            name=self._deployment.name(self._of_domain),
            project=self._deployment.config.project,
            location="global",
            description=self._deployment.config.domain[:256],
            scope="DEFAULT",
            managed=certificatemanager.CertificateManagedArgs(
                domains=[self._deployment.config.domain], dns_authorizations=[proof.id]
            ),
            labels=self._deployment.labels(),
            deletion_policy="DELETE",
            opts=self._child,
        )
