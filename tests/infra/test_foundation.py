"""What all else stands on: enabled services, images, sources, and who builds."""

from collections.abc import Mapping
from typing import Any

import pytest

from infra.pulumi.components.apis import APIS, EnabledApis, EnabledApisArgs
from infra.pulumi.components.builder import Builder, BuilderArgs
from infra.pulumi.components.registry import ImageRegistry, ImageRegistryArgs
from infra.pulumi.components.sources import SourceBucket, SourceBucketArgs
from tests.infra.edge_program import NUMBER, deployment
from tests.infra.harness import Inputs, Program, run
from tests.infra.stacks import deployed

API = "gcp:projects/service:Service"
REPOSITORY = "gcp:artifactregistry/repository:Repository"
BUCKET = "gcp:storage/bucket:Bucket"
ON_PROJECT = "gcp:projects/iAMMember:IAMMember"
ON_BUCKET = "gcp:storage/bucketIAMMember:BucketIAMMember"
ON_REPOSITORY = "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember"
BUILDER = "serviceAccount:dev-builder@acme-shop.iam.gserviceaccount.com"
NEEDED: Mapping[str, set[str]] = {
    "gcp:artifactregistry": {"artifactregistry"},
    "gcp:bigquery": {"bigquery"},
    "gcp:billing": {"billingbudgets"},
    "gcp:certificatemanager": {"certificatemanager"},
    "gcp:cloudfunctionsv2": {"artifactregistry", "cloudbuild", "cloudfunctions", "logging", "run", "storage"},
    "gcp:cloudrunv2": {"run"},
    "gcp:cloudscheduler": {"cloudscheduler"},
    "gcp:cloudtasks": {"cloudtasks"},
    "gcp:compute": {"compute"},
    "gcp:firestore": {"firestore"},
    "gcp:kms": {"cloudkms"},
    "gcp:logging": {"logging"},
    "gcp:monitoring": {"monitoring"},
    "gcp:projects": {"cloudresourcemanager", "iam"},
    "gcp:pubsub": {"pubsub"},
    "gcp:secretmanager": {"secretmanager"},
    "gcp:serviceaccount": {"iam"},
    "gcp:storage": {"storage"},
}
"""By the beginning of a type, the APIs of Google's that make such things."""
BUDGET = {"billing_account": "012345-6789AB-CDEF01", "amount": 100, "currency": "EUR"}


def enabled(**settings: Any) -> Program:
    given = deployment(**settings)
    return run(lambda: EnabledApis("apis", EnabledApisArgs(given)))


def repository(**builds: Any) -> Inputs:
    given = deployment(builds=builds)
    return run(lambda: ImageRegistry("functions", ImageRegistryArgs(given))).inputs(REPOSITORY)["functions"]


@pytest.fixture(scope="module")
def bucket() -> Inputs:
    given = deployment()
    return run(lambda: SourceBucket("sources", SourceBucketArgs(given))).inputs(BUCKET)["sources"]


@pytest.fixture(scope="module")
def builder() -> Program:
    given = deployment()
    return run(lambda: Builder("builder", BuilderArgs(given, "the-bucket", "the-repository")))


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_what_the_platform_uses_is_enabled(environment: str) -> None:
    """Every API that a declared resource is made by."""
    program = deployed(environment)
    used = {each.token.partition("/")[0] for each in program.resources if not each.component}

    assert used <= NEEDED.keys()
    needed = {f"{api}.googleapis.com" for kind in used for api in NEEDED[kind]}
    assert needed - {each["service"] for each in program.inputs(API).values()} == set()


def test_apis_are_called_by_google_s_names() -> None:
    """The list says what each is for."""
    assert {each["service"] for each in enabled().inputs(API).values()} == {f"{api}.googleapis.com" for api in APIS}


def test_nothing_is_disabled_with_the_stack() -> None:
    """Another environment of the project may need it."""
    assert {each["disableOnDestroy"] for each in enabled().inputs(API).values()} == {False}


@pytest.mark.parametrize(
    ("settings", "more"),
    [
        ({"builds": {"scan": True}}, "containerscanning"),
        ({"budget": BUDGET}, "billingbudgets"),
        ({"organization": {"no_account_keys": True}}, "orgpolicy"),
        ({"organization": {"locations": ["in:eu-locations"]}}, "orgpolicy"),
    ],
)
def test_an_option_enables_what_it_needs(settings: dict[str, Any], more: str) -> None:
    """And nothing else."""
    assert set(enabled(**settings).of(API)) - set(APIS) == {more}


def test_tags_of_images_may_move() -> None:
    """Each build sets the same ones."""
    assert repository()["dockerConfig"] == {"immutableTags": False}


def test_the_newest_images_stay() -> None:
    """So many of each function as the settings say; the policies are not only tried."""
    found = repository(kept_images=3)
    by_action = {each["action"]: each for each in found["cleanupPolicies"]}
    assert by_action["KEEP"]["mostRecentVersions"] == {"keepCount": 3}
    assert by_action["DELETE"]["condition"] == {"tagState": "ANY", "olderThan": "86400s"}
    assert found["cleanupPolicyDryRun"] is False


@pytest.mark.parametrize(("scan", "said"), [(True, "INHERITED"), (False, "DISABLED")])
def test_scanning_is_as_set(said: str, *, scan: bool) -> None:
    """It is said either way."""
    assert repository(scan=scan)["vulnerabilityScanningConfig"] == {"enablementConfig": said}


def test_images_are_where_functions_are() -> None:
    """In the same region, for Docker, under the environment's name."""
    found = repository()
    assert (found["location"], found["format"], found["repositoryId"]) == ("europe-west1", "DOCKER", "dev-functions")


def test_sources_are_not_public(bucket: Inputs) -> None:
    """Uniform access, and no way to make an object public."""
    assert (bucket["uniformBucketLevelAccess"], bucket["publicAccessPrevention"]) == (True, "enforced")


def test_no_source_is_deleted_by_its_age(bucket: Inputs) -> None:
    """Only uploads that were never finished are."""
    assert [each["action"]["type"] for each in bucket["lifecycleRules"]] == ["AbortIncompleteMultipartUpload"]


def test_sources_have_no_old_versions(bucket: Inputs) -> None:
    """Their names say what is in them."""
    assert bucket["versioning"] == {"enabled": False}
    assert bucket["softDeletePolicy"] == {"retentionDurationSeconds": 0}


def test_the_bucket_s_name_is_its_own_in_the_world(bucket: Inputs) -> None:
    """By the project's id, which is unique, too."""
    assert bucket["name"] == "acme-shop-dev-sources"


def test_the_builder_has_these_roles_and_no_others(builder: Program) -> None:
    """It writes images to one repository, reads sources from one bucket and Google's copy of it, and writes logs."""
    found = {
        name: (each["role"], each["member"])
        for token in (ON_PROJECT, ON_BUCKET, ON_REPOSITORY)
        for name, each in builder.inputs(token).items()
    }
    assert found == {
        "builder-logs": ("roles/logging.logWriter", BUILDER),
        "builder-images": ("roles/artifactregistry.writer", BUILDER),
        "builder-sources": ("roles/storage.objectViewer", BUILDER),
        "builder-copied-sources": ("roles/storage.objectViewer", BUILDER),
    }
    assert builder.inputs(ON_BUCKET)["builder-sources"]["bucket"] == "the-bucket"
    assert builder.inputs(ON_REPOSITORY)["builder-images"]["repository"] == "the-repository"


def test_of_google_s_buckets_the_builder_reads_one(builder: Program) -> None:
    """A condition keeps the role on the project to Cloud Functions' bucket of the region."""
    copies = f"projects/_/buckets/gcf-v2-sources-{NUMBER}-europe-west1"
    condition = builder.inputs(ON_PROJECT)["builder-copied-sources"]["condition"]
    assert condition["expression"] == f'resource.name == "{copies}" || resource.name.startsWith("{copies}/")'


def test_the_builder_s_account_is_named_in_full(builder: Program) -> None:
    """As builds want it; there is one account and no key."""
    assert set(builder.of("gcp:serviceaccount/account:Account")) == {"builder"}
    assert not builder.of("gcp:serviceaccount/key:Key")
