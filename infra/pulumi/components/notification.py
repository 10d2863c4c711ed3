"""Where alerts go."""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import monitoring

from infra.pulumi.deployment import Deployment


@dataclass(frozen=True, slots=True)
class NotificationArgs:
    """The address is `alert_mail` of the settings."""

    deployment: Deployment


class Notification(pulumi.ComponentResource):
    """A mailbox. `channels` are the names that policies and budgets take."""

    def __init__(self, name: str, args: NotificationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:observability:Notification", name, None, opts)
        deployment = args.deployment
        mail = monitoring.NotificationChannel(
            "alert-mail",
            type="email",
            display_name=f"commerce ({deployment.config.environment})",
            description="Alerts of the commerce platform.",
            project=deployment.config.project,
            enabled=True,
            force_delete=False,
            labels={"email_address": deployment.config.alert_mail},
            user_labels=deployment.labels(),
            deletion_policy="DELETE",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.channels: list[pulumi.Output[str]] = [mail.name]
        self.register_outputs({"channels": self.channels})
