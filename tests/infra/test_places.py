"""Everything is where the settings say."""

from collections.abc import Mapping

import pytest

from tests.infra.stacks import elsewhere, elsewhere_config

REGION, FIRESTORE, BIGQUERY = "europe-north1", "eur3", "europe-west4"
PLACED: Mapping[str, tuple[str, str]] = {
    "gcp:artifactregistry/repository:Repository": ("location", REGION),
    "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": ("location", REGION),
    "gcp:bigquery/dataset:Dataset": ("location", BIGQUERY),
    "gcp:certificatemanager/certificate:Certificate": ("location", "global"),
    "gcp:certificatemanager/dnsAuthorization:DnsAuthorization": ("location", "global"),
    "gcp:cloudfunctionsv2/function:Function": ("location", REGION),
    "gcp:cloudrunv2/serviceIamMember:ServiceIamMember": ("location", REGION),
    "gcp:cloudscheduler/job:Job": ("region", REGION),
    "gcp:cloudtasks/queue:Queue": ("location", REGION),
    "gcp:cloudtasks/queueIamMember:QueueIamMember": ("location", REGION),
    "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup": ("region", REGION),
    "gcp:firestore/database:Database": ("locationId", FIRESTORE),
    "gcp:kms/keyRing:KeyRing": ("location", REGION),
    "gcp:storage/bucket:Bucket": ("location", REGION.upper()),
}
"""By type: which input says where, and where."""


def test_the_settings_name_three_places() -> None:
    """Each another one, and none of them a default."""
    config = elsewhere_config()

    assert (config.region, config.firestore_location, config.bigquery_location) == (REGION, FIRESTORE, BIGQUERY)


@pytest.mark.parametrize("token", PLACED, ids=lambda token: token.rpartition(":")[2])
def test_a_thing_is_where_the_settings_say(token: str) -> None:
    """All of a type."""
    named, place = PLACED[token]

    assert {each.get(named) for each in elsewhere().inputs(token).values()} == {place}


def test_whatever_has_a_place_is_known() -> None:
    """A new type of resource has to be said here."""
    placed = {each.token for each in elsewhere().resources if {"location", "region", "locationId"} & each.inputs.keys()}

    assert placed == PLACED.keys()


def test_messages_are_stored_in_the_region() -> None:
    """Of all topics."""
    found = elsewhere().inputs("gcp:pubsub/topic:Topic").values()

    assert {tuple(each["messageStoragePolicy"]["allowedPersistenceRegions"]) for each in found} == {(REGION,)}


def test_secrets_are_stored_in_the_region() -> None:
    """All of them."""
    found = elsewhere().inputs("gcp:secretmanager/secret:Secret").values()

    assert {str(each["replication"]["userManaged"]["replicas"]) for each in found} == {str([{"location": REGION}])}


def test_nothing_names_another_region() -> None:
    """Neither an address nor a text that only looks like one: the default of the settings is nowhere."""
    assert [each.name for each in elsewhere().resources if "europe-west1" in str(each.inputs).lower()] == []
