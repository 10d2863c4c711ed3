"""The source of one service's functions: an archive that is named by what is in it."""

from dataclasses import dataclass
from pathlib import Path

import pulumi
from pulumi_gcp import storage

from infra.pulumi.deployment import Deployment
from shared import packaging
from shared.topology import Service


@dataclass(frozen=True, slots=True)
class SourceArchiveArgs:
    """`bucket` takes the archive."""

    deployment: Deployment
    service: Service
    bucket: pulumi.Input[str]


class SourceArchive(pulumi.ComponentResource):
    """What did not change has the same name and is not deployed again: neither the archive nor its functions."""

    def __init__(self, name: str, args: SourceArchiveArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:functions:SourceArchive", name, None, opts)
        archive = storage.BucketObject(
            name,
            name=f"{args.service.name}-{packaging.digest(args.service)}.zip",
            bucket=args.bucket,
            source=pulumi.AssetArchive(
                {path: _asset(content) for path, content in sorted(packaging.layout(args.service).items())}
            ),
            content_type="application/zip",
            cache_control="private, no-transform",
            deletion_policy="DELETE",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.object = archive.name
        self.register_outputs({"object": self.object})


def _asset(content: Path | str | bytes) -> pulumi.Asset:
    if isinstance(content, Path):
        return pulumi.FileAsset(str(content))
    return pulumi.StringAsset(content if isinstance(content, str) else content.decode())
