"""The program that Pulumi runs: the stack's settings in, the platform out."""

from infra.pulumi.stack import deploy

deploy()
