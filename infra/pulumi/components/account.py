"""A service account: one for each function, and one for each of Google's services that calls functions."""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import serviceaccount

from infra.pulumi.deployment import Deployment

_LONGEST_ID = 30
"""Google's own limit."""


@dataclass(frozen=True, slots=True)
class ServiceAccountArgs:
    """`purpose` is what a person reads beside the account."""

    deployment: Deployment
    purpose: str


class ServiceAccount(pulumi.ComponentResource):
    """Without keys: functions and Google's services take it on, nobody logs in as it."""

    def __init__(self, name: str, args: ServiceAccountArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:access:ServiceAccount", name, None, opts)
        deployment = args.deployment
        account_id = deployment.name(name)
        if len(account_id) > _LONGEST_ID:
            raise ValueError(
                f"{account_id} has {len(account_id)} characters; an account's id has at most {_LONGEST_ID}"
            )
        account = serviceaccount.Account(
            name,
            account_id=account_id,
            project=deployment.config.project,
            display_name=account_id,
            description=args.purpose[:256],
            disabled=False,
            create_ignore_already_exists=False,
            deletion_policy="DELETE",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.email = account.email
        self.member = account.member
        self.id_of_account = account.name
        self.register_outputs({"email": self.email})
