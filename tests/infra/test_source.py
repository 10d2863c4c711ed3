"""The source archives that functions are built from."""

from collections.abc import Callable
from pathlib import Path

import pulumi
import pytest

from functions.cart.manifest import MANIFEST as CART
from functions.orders.manifest import MANIFEST as ORDERS
from infra.pulumi.components.source import SourceArchive, SourceArchiveArgs
from shared import packaging
from shared.topology import Service
from tests.infra.edge_program import deployment
from tests.infra.harness import Inputs, run
from tests.infra.stacks import SERVICES, deployed

OBJECT = "gcp:storage/bucketObject:BucketObject"
BOTH = (CART, ORDERS)


def content(asset: pulumi.Asset) -> bytes:
    """As it is uploaded."""
    if isinstance(asset, pulumi.FileAsset):
        return Path(asset.path).read_bytes()
    assert isinstance(asset, pulumi.StringAsset)
    return asset.text.encode()


def archives() -> dict[str, Inputs]:
    """Of two services."""

    def program() -> None:
        for service in BOTH:
            SourceArchive(service.name, SourceArchiveArgs(deployment(), service, "the-bucket"))

    return dict(run(program).inputs(OBJECT))


def changed(of: Service, path: str) -> Callable[[Service], dict[str, Path | str]]:
    """The layout of archives after one file of one service was edited."""
    layout = packaging.layout

    def edited(service: Service) -> dict[str, Path | str]:
        found = layout(service)
        if service is of:
            assert path in found
            found[path] = "edited = True\n"
        return found

    return edited


@pytest.mark.parametrize("service", SERVICES, ids=lambda each: each.name)
def test_the_archive_holds_what_is_run_locally(service: Service) -> None:
    """Every file at its place with its content, and nothing besides."""
    source = deployed("dev").inputs(OBJECT)[service.name]["source"]

    found = {path: content(asset) for path, asset in source.assets.items()}

    assert found == {
        path: each.encode() if isinstance(each, str) else each.read_bytes()
        for path, each in packaging.layout(service).items()
    }


def test_an_archive_is_named_by_its_content() -> None:
    """By the digest that local runtimes name theirs by."""
    assert {name: each["name"] for name, each in archives().items()} == {
        service.name: f"{service.name}-{packaging.digest(service)}.zip" for service in BOTH
    }


def test_a_changed_file_renames_the_archive_of_its_service_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """So only that service is deployed again."""
    before = archives()

    monkeypatch.setattr(packaging, "layout", changed(CART, "functions/cart/main.py"))
    after = archives()

    assert {name for name in before if before[name]["name"] != after[name]["name"]} == {"cart"}


def test_an_archive_is_put_where_builds_look() -> None:
    """Into the bucket that is given, as a zip file."""
    assert {(each["bucket"], each["contentType"]) for each in archives().values()} == {
        ("the-bucket", "application/zip")
    }
