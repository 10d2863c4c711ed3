"""Who may do what: few, additive, exact grants, none of them public but on the edge."""

import re
from collections.abc import Iterator

from .model import Resource, Stack, resource_rule, stack_rule
from .reading import EVENTS, FUNCTION, is_called, last_part, strings

_MEMBERS = ("gcp:*IamMember", "gcp:*IAMMember")
_AUTHORITATIVE = ("gcp:*IamPolicy", "gcp:*IAMPolicy", "gcp:*IamBinding", "gcp:*IAMBinding")
_WIDE = ("gcp:projects/iAMMember:IAMMember", "gcp:folder/iAMMember:IAMMember", "gcp:organizations/iAMMember:IAMMember")
_OBJECT_ACLS = (
    "gcp:storage/bucketACL:BucketACL",
    "gcp:storage/bucketAccessControl:BucketAccessControl",
    "gcp:storage/defaultObjectACL:DefaultObjectACL",
    "gcp:storage/defaultObjectAccessControl:DefaultObjectAccessControl",
    "gcp:storage/objectACL:ObjectACL",
    "gcp:storage/objectAccessControl:ObjectAccessControl",
)
_DATASET_ACCESS = ("gcp:bigquery/dataset:Dataset", "gcp:bigquery/datasetAccess:DatasetAccess")
_CLOUD_RUN_MEMBER = "gcp:cloudrunv2/serviceIamMember:ServiceIamMember"
_CUSTOM_ROLE = "gcp:projects/iAMCustomRole:IAMCustomRole"
_PROJECT_MEMBER = "gcp:projects/iAMMember:IAMMember"

_EVERYBODY = frozenset({"allUsers", "allAuthenticatedUsers"})
_INVOKER = "roles/run.invoker"
_PRIMITIVE = frozenset({"roles/owner", "roles/editor", "roles/viewer"})
_IMPERSONATION = (
    "roles/iam.serviceAccount",
    "roles/iam.workloadIdentityUser",
)
_POWERS = (
    "iam.serviceAccounts.actAs",
    "iam.serviceAccounts.getAccessToken",
    "iam.serviceAccounts.implicitDelegation",
    "iam.serviceAccounts.signBlob",
    "iam.serviceAccounts.signJwt",
    "iam.serviceAccountKeys.create",
)
_REWRITES = frozenset({"datastore.entities.update", "datastore.entities.delete"})
_DATABASE = re.compile(r"/databases/([\w()-]+)")
_REWRITING_ROLES = frozenset({"roles/datastore.user", "roles/datastore.owner"})


def _is_invoker_of_cloud_run(resource: Resource) -> bool:
    return resource.is_a(_CLOUD_RUN_MEMBER) and resource.inputs.get("role") == _INVOKER


@resource_rule(
    *_MEMBERS,
    *_AUTHORITATIVE,
    *_OBJECT_ACLS,
    *_DATASET_ACCESS,
    do="Name the one identity that needs it; let the public in only as run.invoker of a function of the edge.",
)
def iam_not_public(resource: Resource) -> Iterator[str]:
    """Nothing is granted to everybody, but to call a function."""
    if not _is_invoker_of_cloud_run(resource) and (found := _EVERYBODY.intersection(strings(resource.inputs))):
        yield f"{', '.join(sorted(found))} may use it"


@stack_rule(
    _CLOUD_RUN_MEMBER,
    do="Grant run.invoker to named service accounts, or label the function `exposure: public` and close its ingress "
    "to all but the load balancer.",
)
def iam_public_functions_are_behind_the_edge(grant: Resource, stack: Stack) -> Iterator[str]:
    """What everybody may call is a function that is labelled public and reached through the load balancer alone."""
    if not _is_invoker_of_cloud_run(grant) or grant.inputs.get("member") not in _EVERYBODY:
        return
    called = last_part(grant.inputs.get("name", ""))
    function = next((each for each in stack.of(FUNCTION) if each.inputs.get("name") == called), None)
    if function is None:
        yield f"{called} is no function of this stack"
    elif function.section("labels").get("exposure") != "public":
        yield f"{called} is not labelled `exposure: public`"
    elif function.section("serviceConfig").get("ingressSettings") != "ALLOW_INTERNAL_AND_GCLB":
        yield f"{called} can be reached past the load balancer"


@resource_rule(*_MEMBERS, *_AUTHORITATIVE, do="Grant the predefined role of one product, or a custom one.")
def iam_no_primitive_roles(grant: Resource) -> Iterator[str]:
    """Owner, editor and viewer are granted to nobody, on nothing."""
    if (role := grant.inputs.get("role")) in _PRIMITIVE:
        yield f"it grants {role}"


@resource_rule(
    "gcp:serviceaccount/key:Key",
    "gcp:storage/hmacKey:HmacKey",
    do="Use the identity of the function, or workload identity federation.",
)
def iam_no_keys(_key: Resource) -> Iterator[str]:
    """No service account has a key: a key is a password that never expires."""
    yield "it is a key"


@resource_rule(
    *_AUTHORITATIVE,
    *_DATASET_ACCESS,
    do="Use the IAMMember resource of the same product; a dataset's first accesses need ignore_changes=['accesses'].",
)
def iam_additive_only(resource: Resource) -> Iterator[str]:
    """Grants are added one by one; what sets a whole policy takes away the grants of others."""
    if resource.is_a(*_AUTHORITATIVE):
        yield "it replaces what others have granted"
    elif resource.given("accesses") and "accesses" not in resource.ignored:
        yield "its list of accesses replaces what others have granted"


@resource_rule(*_WIDE, do="Grant it on the one service account that is to be used.")
def iam_no_impersonation_at_large(grant: Resource) -> Iterator[str]:
    """Nobody may act as all service accounts of a project."""
    if (role := grant.inputs.get("role", "")).startswith(_IMPERSONATION):
        yield f"{role} covers every service account of the project"


@resource_rule(*_MEMBERS, do="Grant it to a service account, or to a group for people.", mandatory=False)
def iam_no_single_people(grant: Resource) -> Iterator[str]:
    """People get their rights through groups, not one by one nor by domain."""
    if (member := grant.inputs.get("member", "")).startswith(("user:", "domain:")):
        yield f"it is granted to {member}"


@resource_rule(_CUSTOM_ROLE, do="List the permissions that the code uses, one by one.")
def iam_custom_roles_are_exact(role: Resource) -> Iterator[str]:
    """A custom role lists its permissions, without a wildcard, a right over policies or one to be somebody else."""
    permissions = tuple(role.inputs.get("permissions") or ())
    if not permissions:
        yield "it lists none"
    for permission in permissions:
        if "*" in permission or permission in _POWERS or permission.endswith(".setIamPolicy"):
            yield f"{permission} is too much"


@resource_rule(_PROJECT_MEMBER, do="Add a condition on resource.name with the one database that it is for.")
def iam_firestore_one_database(grant: Resource) -> Iterator[str]:
    """A right over Firestore is for one database, never for all of the project's."""
    role = grant.inputs.get("role", "")
    if role.startswith("roles/datastore.") and not _DATABASE.search(grant.section("condition").get("expression", "")):
        yield f"{role} is granted on every database"


@stack_rule(
    _PROJECT_MEMBER,
    do="Grant a role that can only create, get and list; or add the role to the rule's `maintenance` setting.",
    settings={"maintenance": ("outboxSettler", "stateKeeper")},
)
def event_log_append_only(grant: Resource, stack: Stack) -> Iterator[str]:
    """The event log is changed and deleted from by nobody but the named maintenance roles."""
    role = grant.inputs.get("role", "")
    if not _reaches_the_log(grant) or any(is_called(last_part(role), each) for each in grant.settings["maintenance"]):
        return
    rewrites = _REWRITES.intersection(_permissions(role, stack))
    if rewrites or role in _REWRITING_ROLES:
        yield f"{role} allows {', '.join(sorted(rewrites or _REWRITES))}"


def _reaches_the_log(grant: Resource) -> bool:
    """A grant whose condition names no database is good for all of them."""
    named = _DATABASE.findall(grant.section("condition").get("expression", ""))
    return not named or any(is_called(each, EVENTS) for each in named)


def _permissions(role: str, stack: Stack) -> tuple[str, ...]:
    for declared in stack.of(_CUSTOM_ROLE):
        if declared.inputs.get("roleId") == last_part(role):
            return tuple(declared.inputs.get("permissions") or ())
    return ()


RULES = (
    iam_not_public,
    iam_public_functions_are_behind_the_edge,
    iam_no_primitive_roles,
    iam_no_keys,
    iam_additive_only,
    iam_no_impersonation_at_large,
    iam_no_single_people,
    iam_custom_roles_are_exact,
    iam_firestore_one_database,
    event_log_append_only,
)
