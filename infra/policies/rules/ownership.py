"""Who owns what, where it is, when it goes, and who hears of it."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from .model import Resource, resource_rule
from .reading import FUNCTION

_REPOSITORY = "gcp:artifactregistry/repository:Repository"
_SECRET = "gcp:secretmanager/secret:Secret"  # noqa: S105 - a type of resource
_LABELLED = (
    FUNCTION,
    _REPOSITORY,
    _SECRET,
    "gcp:bigquery/dataset:Dataset",
    "gcp:bigquery/table:Table",
    "gcp:certificatemanager/certificate:Certificate",
    "gcp:certificatemanager/certificateMap:CertificateMap",
    "gcp:cloudrunv2/service:Service",
    "gcp:compute/globalAddress:GlobalAddress",
    "gcp:compute/globalForwardingRule:GlobalForwardingRule",
    "gcp:compute/securityPolicy:SecurityPolicy",
    "gcp:kms/cryptoKey:CryptoKey",
    "gcp:pubsub/subscription:Subscription",
    "gcp:pubsub/topic:Topic",
    "gcp:storage/bucket:Bucket",
)
_OF_A_SERVICE = (FUNCTION, "gcp:pubsub/subscription:Subscription", "gcp:pubsub/topic:Topic")
_PLACES = ("location", "locationId", "region")
_HERE = ("europe-*", "eur3", "EU", "global")


@resource_rule(*_LABELLED, do="Set labels with `environment`, and with `service` where it belongs to one.")
def labels_say_whose_it_is(resource: Resource) -> Iterator[str]:
    """What takes labels says its environment, and what belongs to a service says which."""
    wanted = ("environment", "service") if resource.type in _OF_A_SERVICE else ("environment",)
    for label in wanted:
        if not resource.section("labels").get(label):
            yield f"no label `{label}`"


@resource_rule(
    "gcp:*", do="Choose a place in the rule's `locations`, or configure the rule.", settings={"locations": _HERE}
)
def location_is_allowed(resource: Resource) -> Iterator[str]:
    """Everything is where the data may be; `locations` lists the places, with `*` as a wildcard."""
    allowed = tuple(each.lower() for each in resource.settings["locations"])
    for name, place in _places(resource):
        if not any(fnmatchcase(place.lower(), each) for each in allowed):
            yield f"its {name} is {place}"


def _places(resource: Resource) -> Iterator[tuple[str, str]]:
    for name in _PLACES:
        if place := resource.inputs.get(name):
            yield name, place
    replicas = (resource.section("replication").get("userManaged") or {}).get("replicas") or ()
    yield from (("replica", replica.get("location", "")) for replica in replicas)
    regions = resource.section("messageStoragePolicy").get("allowedPersistenceRegions") or ()
    yield from (("storage", region) for region in regions)


@resource_rule(_SECRET, do="Set replication.user_managed with its replicas.")
def secret_says_where_it_is(secret: Resource) -> Iterator[str]:
    """A secret is kept in places that are named; replicated automatically, it is all over the world."""
    if not secret.section("replication").get("userManaged"):
        yield "it is replicated automatically"


@resource_rule(_REPOSITORY, do="Set cleanup_policies, and cleanup_policy_dry_run to false.")
def images_are_cleaned_up(repository: Resource) -> Iterator[str]:
    """Old images are deleted: each deployment of a function adds one, and all are paid for."""
    if not repository.inputs.get("cleanupPolicies"):
        yield "nothing is ever deleted"
    elif repository.inputs.get("cleanupPolicyDryRun") is not False:
        yield "its policies may only be a rehearsal"


@resource_rule("gcp:projects/service:Service", do="Set disable_on_destroy to false.")
def api_stays_on(api: Resource) -> Iterator[str]:
    """An API of the project is not switched off with one environment: others may use it."""
    if api.inputs.get("disableOnDestroy") is not False:
        yield "it is switched off when the stack is destroyed"


@resource_rule("gcp:monitoring/alertPolicy:AlertPolicy", do="Set notification_channels and documentation.")
def alert_reaches_somebody(alert: Resource) -> Iterator[str]:
    """An alert is sent to somebody and says what to do."""
    if not alert.inputs.get("notificationChannels"):
        yield "nobody hears of it"
    if not alert.section("documentation").get("content"):
        yield "it does not say what to do"


RULES = (
    labels_say_whose_it_is,
    location_is_allowed,
    secret_says_where_it_is,
    images_are_cleaned_up,
    api_stays_on,
    alert_reaches_somebody,
)
