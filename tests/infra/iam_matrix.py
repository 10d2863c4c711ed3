"""Who may do what, read off the declared bindings: the table that a person reviews (docs/permissions.md)."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tests.infra.harness import Declared, Program

DATABASES = ("events", "read-models", "key-vault")
_PROJECT_WIDE = "gcp:projects/iAMMember:IAMMember"
_CUSTOM = "gcp:projects/iAMCustomRole:IAMCustomRole"
_ON: Mapping[str, tuple[str, str]] = {
    "gcp:pubsub/topicIAMMember:TopicIAMMember": ("topic", "topic"),
    "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember": ("subscription", "subscription"),
    "gcp:cloudtasks/queueIamMember:QueueIamMember": ("queue", "name"),
    "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": ("key", "cryptoKeyId"),
    "gcp:secretmanager/secretIamMember:SecretIamMember": ("secret", "secretId"),
    "gcp:bigquery/datasetIamMember:DatasetIamMember": ("dataset", "datasetId"),
    "gcp:bigquery/iamMember:IamMember": ("table", "tableId"),
    "gcp:serviceaccount/iAMMember:IAMMember": ("account", "serviceAccountId"),
    "gcp:cloudrunv2/serviceIamMember:ServiceIamMember": ("function", "name"),
    "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": ("repository", "repository"),
    "gcp:storage/bucketIAMMember:BucketIAMMember": ("bucket", "bucket"),
}
"""By a binding's type: what it is on, and which of its inputs says on which."""
_ONLY_IN = (
    ("database", re.compile(r'^resource\.name == "projects/[^/"]+/databases/([^/"]+)"$')),
    (
        "bucket",
        re.compile(
            r'^resource\.name == "projects/_/buckets/([^/"]+)" \|\| '
            r'resource\.name\.startsWith\("projects/_/buckets/\1/"\)$'
        ),
    ),
)
"""Conditions of bindings that are the project's: what they leave."""


class Held(NamedTuple):
    """What an identity holds on one thing: permissions of a custom role, or the name of one of Google's."""

    kind: str
    on: str
    what: frozenset[str]


def is_binding(resource: Declared) -> bool:
    """Whether it grants anything."""
    return resource.token == _PROJECT_WIDE or resource.token in _ON


def held(program: Program, environment: str) -> dict[str, list[Held]]:
    """By identity, without the environment's prefix."""
    custom = {
        f"projects/{role.inputs['project']}/roles/{role.inputs['roleId']}": frozenset(role.inputs["permissions"])
        for role in program.of(_CUSTOM).values()
    }
    found = defaultdict[str, list[Held]](list)
    for resource in program.resources:
        if is_binding(resource):
            role = resource.inputs["role"]
            what = custom.get(role, frozenset({role}))
            kind, on = _thing(resource)
            found[_identity(resource.inputs["member"], environment)].append(Held(kind, _bare(on, environment), what))
    return dict(found)


def table(program: Program, environment: str) -> str:
    """As Markdown; one line an identity."""
    lines = [
        "| identity | events | read-models | key-vault | publishes to | pulls from | besides |",
        "|---|---|---|---|---|---|---|",
    ]
    for identity, all_held in sorted(held(program, environment).items()):
        lines.append("| " + " | ".join((f"`{identity}`", *_cells(all_held))) + " |")
    return "\n".join(lines)


def roles(program: Program, environment: str) -> str:
    """As Markdown; one line a custom role, with every permission that it has."""
    lines = ["| role | permissions |", "|---|---|"]
    for role in sorted(program.inputs(_CUSTOM).values(), key=lambda each: str(each["roleId"])):
        permissions = ", ".join(f"`{each}`" for each in sorted(role["permissions"]))
        lines.append(f"| `{_bare(role['roleId'], environment)}` | {permissions} |")
    return "\n".join(lines)


def _cells(all_held: list[Held]) -> Iterator[str]:
    for database in DATABASES:
        yield _verbs(each.what for each in all_held if (each.kind, each.on) == ("database", database))
    for kind, role in (("topic", "roles/pubsub.publisher"), ("subscription", "roles/pubsub.subscriber")):
        yield ", ".join(sorted(f"`{each.on}`" for each in all_held if each.kind == kind and each.what == {role}))
    yield "; ".join(sorted(filter(None, map(_besides, all_held))))


def _verbs(whats: Iterator[frozenset[str]]) -> str:
    entities = sorted({each.rpartition(".")[2] for what in whats for each in what if ".entities." in each})
    return ", ".join(entities)


def _besides(each: Held) -> str:
    usual = {"topic": "roles/pubsub.publisher", "subscription": "roles/pubsub.subscriber"}
    if each.kind == "database" and each.on in DATABASES and _is_of_entities(each.what):
        return ""
    if each.what == {usual.get(each.kind)}:
        return ""
    return f"{', '.join(sorted(each.what))} on {each.kind} {f'`{each.on}`' if each.on else ''}".strip()


def _is_of_entities(what: frozenset[str]) -> bool:
    return all(".entities." in each or each == "datastore.databases.get" for each in what)


def _thing(resource: Declared) -> tuple[str, str]:
    if resource.token != _PROJECT_WIDE:
        kind, named = _ON[resource.token]
        return kind, str(resource.inputs[named])
    condition = resource.inputs.get("condition")
    if condition is None:
        return "project", ""
    for kind, expression in _ONLY_IN:
        if found := expression.match(condition["expression"]):
            return kind, found[1]
    raise AssertionError(f"a condition that nobody can review: {condition['expression']}")


def _identity(member: str, environment: str) -> str:
    kind, _, address = member.partition(":")
    if kind != "serviceAccount":
        return member
    name, _, domain = address.partition("@")
    return _bare(name, environment) if name.startswith(f"{environment}-") else f"{domain.split('.')[0]} (Google's)"


def _bare(name: str, environment: str) -> str:
    last = name.rpartition("/")[2].removesuffix("-id").partition("@")[0]
    return last.removeprefix(f"{environment}-").removeprefix(f"{environment}_")
