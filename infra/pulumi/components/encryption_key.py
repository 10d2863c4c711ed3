"""The key-encryption key: all data keys of customers are wrapped by it, and it never leaves Cloud KMS."""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import kms, projects

from infra.pulumi.deployment import Deployment

RING = "commerce"
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class EncryptionKeyArgs:
    """What it needs to know."""

    deployment: Deployment


class EncryptionKey(pulumi.ComponentResource):
    """`name` is the declared one of the key; `key` is its full name, `projects/…/cryptoKeys/…`. `for_databases` is the
    same, known only when Firestore may use it, where databases are to be encrypted with it.

    A key ring cannot be deleted, nor its name be used again: after a teardown, one of the same name is imported
    (`pulumi import`) instead of made.
    """

    def __init__(self, name: str, args: EncryptionKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:data:EncryptionKey", name, None, opts)
        self._project = args.deployment.config.project
        deployment, config = args.deployment, args.deployment.config
        protected = config.data.protected
        ring = kms.KeyRing(
            RING,
            name=deployment.name(RING),
            project=config.project,
            location=config.region,
            opts=pulumi.ResourceOptions(parent=self, protect=protected),
        )
        key = kms.CryptoKey(
            name,
            name=deployment.name(name),
            key_ring=ring.id,
            labels=deployment.labels(),
            purpose="ENCRYPT_DECRYPT",
            version_template=kms.CryptoKeyVersionTemplateArgs(
                algorithm="GOOGLE_SYMMETRIC_ENCRYPTION", protection_level="SOFTWARE"
            ),
            # Data keys name the version that wrapped them: those of before stay readable.
            rotation_period=f"{90 * _DAY}s",
            # All personal data goes with the key: so long a mistake can be mended.
            destroy_scheduled_duration=f"{30 * _DAY}s",
            import_only=False,
            skip_initial_version_creation=False,
            deletion_policy="PREVENT" if protected else "DELETE",
            opts=pulumi.ResourceOptions(parent=self, protect=protected),
        )
        self.key = key.id
        self.for_databases = self._let_firestore_use(key) if config.data.own_encryption_key else key.id
        self.register_outputs({"key": self.key})

    def _let_firestore_use(self, key: kms.CryptoKey) -> pulumi.Output[str]:
        """Its account comes to be when it is asked for."""
        firestore = projects.ServiceIdentity(
            "firestore",
            project=self._project,
            service="firestore.googleapis.com",
            opts=pulumi.ResourceOptions(parent=self),
        )
        granted = kms.CryptoKeyIAMMember(
            "firestore-encrypts",
            crypto_key_id=key.id,
            role="roles/cloudkms.cryptoKeyEncrypterDecrypter",
            member=firestore.member,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return pulumi.Output.all(key.id, granted.id).apply(lambda both: str(both[0]))
