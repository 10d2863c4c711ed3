"""Functions: an identity each, closed doors, limits that are said, secrets that are not."""

import re
from collections.abc import Iterator

from .model import Resource, Stack, resource_rule, stack_rule
from .reading import FUNCTION, function_at, missing, seconds

_SUBSCRIPTION = "gcp:pubsub/subscription:Subscription"
_JOB = "gcp:cloudscheduler/job:Job"
_DEFAULT_ACCOUNTS = ("-compute@developer.gserviceaccount.com", "@appspot.gserviceaccount.com")
_INGRESS = {"public": "ALLOW_INTERNAL_AND_GCLB"}
_CLOSED = "ALLOW_INTERNAL_ONLY"
_LIMITS = (
    "availableCpu",
    "availableMemory",
    "maxInstanceCount",
    "maxInstanceRequestConcurrency",
    "minInstanceCount",
    "timeoutSeconds",
)
_SECRET_NAME = re.compile(r"SECRET|PASSWORD|PASSWD|TOKEN|API_?KEY|PRIVATE_?KEY|CREDENTIAL")
_SECRET_VALUE = re.compile(r"^(sk|rk|whsec)_|^(ghp|gho|xox[abp])[-_]|^AIza|^ya29\.|-----BEGIN [A-Z ]*PRIVATE KEY")


@resource_rule(FUNCTION, do="Make a service account for the function and set service_config.service_account_email.")
def function_has_an_identity(function: Resource) -> Iterator[str]:
    """A function runs as a service account that was made for it, never as a default one of the project."""
    config = function.section("serviceConfig")
    if missing(config, "serviceAccountEmail"):
        yield "it would run as the default account"
    elif config["serviceAccountEmail"].endswith(_DEFAULT_ACCOUNTS):
        yield f"it runs as {config['serviceAccountEmail']}"


@stack_rule(FUNCTION, do="Give each function a service account of its own.")
def function_identity_not_shared(function: Resource, stack: Stack) -> Iterator[str]:
    """No two functions run as the same service account."""
    identity = function.section("serviceConfig").get("serviceAccountEmail")
    for other in stack.of(FUNCTION):
        if identity and other.name != function.name and _identity(other) == identity:
            yield f"{other.name} also runs as {identity}"


def _identity(function: Resource) -> object:
    return function.section("serviceConfig").get("serviceAccountEmail")


@resource_rule(
    FUNCTION,
    do="Set ingress_settings: ALLOW_INTERNAL_AND_GCLB with label `exposure: public`, else ALLOW_INTERNAL_ONLY.",
)
def function_ingress_fits_its_exposure(function: Resource) -> Iterator[str]:
    """A function that is labelled public is reached through the load balancer, any other one only from within."""
    exposure = function.section("labels").get("exposure", "")
    wanted, found = _INGRESS.get(exposure, _CLOSED), function.section("serviceConfig").get("ingressSettings")
    if found != wanted:
        yield f"its ingress is {found or 'not set, which means everybody'}, not {wanted}"


@resource_rule(FUNCTION, do="Set them all; the defaults are made for other work.")
def function_limits_are_explicit(function: Resource) -> Iterator[str]:
    """CPU, memory, instances, concurrency and timeout are said, not left to defaults."""
    if absent := missing(function.section("serviceConfig"), *_LIMITS):
        yield f"not set: {absent}"


@resource_rule(FUNCTION, do="Set available_cpu to 1 or more, or concurrency to 1.")
def function_concurrency_has_cpu(function: Resource) -> Iterator[str]:
    """More than one request at a time takes a whole CPU at least: Cloud Run refuses less."""
    config = function.section("serviceConfig")
    if config.get("maxInstanceRequestConcurrency", 1) > 1 and _cpus(config.get("availableCpu", "1")) < 1:
        yield f"concurrency {config['maxInstanceRequestConcurrency']:g} with {config['availableCpu']} CPU"


def _cpus(value: object) -> float:
    """`1`, `0.5`, `500m`."""
    text = str(value)
    return float(text[:-1]) / 1000 if text.endswith("m") else float(text)


@resource_rule(FUNCTION, do="Keep it in Secret Manager and name it in secret_environment_variables.")
def function_environment_without_secrets(function: Resource) -> Iterator[str]:
    """No secret is in a function's plain environment, by its name or by the look of its value."""
    plain = function.section("serviceConfig").get("environmentVariables") or {}
    for name in plain:
        if _SECRET_NAME.search(name.upper()) or _SECRET_VALUE.search(str(plain[name])):
            yield f"{name} looks like a secret"


@resource_rule(FUNCTION, do="Name a version by its number and deploy again to rotate.")
def function_secrets_are_pinned(function: Resource) -> Iterator[str]:
    """A secret is named with its version: `latest` is read when an instance starts, so instances could differ."""
    for secret in function.section("serviceConfig").get("secretEnvironmentVariables") or ():
        if secret.get("version") == "latest":
            yield f"{secret.get('key')} takes the latest version"


@resource_rule(FUNCTION, do="Use a subscription of its own that pushes to the function.")
def function_without_managed_trigger(function: Resource) -> Iterator[str]:
    """No managed trigger: the subscription behind it has no dead letters, filter or deadline of ours."""
    if function.section("eventTrigger"):
        yield "it has an event trigger"


@resource_rule(FUNCTION, do="Set build_config.service_account to one that can only build.")
def function_build_has_an_identity(function: Resource) -> Iterator[str]:
    """What builds a function is an account made for it: the default one may do far more."""
    build = function.section("buildConfig")
    if missing(build, "serviceAccount"):
        yield "it would be built by the default account"
    elif build["serviceAccount"].endswith(_DEFAULT_ACCOUNTS):
        yield f"it is built by {build['serviceAccount']}"


@stack_rule(_SUBSCRIPTION, _JOB, do="Raise the caller's deadline or lower the function's timeout.")
def function_answers_before_it_is_called_again(caller: Resource, stack: Stack) -> Iterator[str]:
    """A function's timeout is below the deadline of what calls it, or the same message is worked on twice at once."""
    if caller.type == _SUBSCRIPTION:
        url = caller.section("pushConfig").get("pushEndpoint", "")
        deadline = caller.inputs.get("ackDeadlineSeconds", 10)
    else:
        url = caller.section("httpTarget").get("uri", "")
        deadline = seconds(caller.inputs.get("attemptDeadline", "180s"))
    function = function_at(url, stack)
    timeout = function.section("serviceConfig").get("timeoutSeconds", 60) if function else 0
    if function and timeout >= deadline:
        yield f"{function.name} may take {timeout:g} s, it waits {deadline:g} s"


RULES = (
    function_has_an_identity,
    function_identity_not_shared,
    function_ingress_fits_its_exposure,
    function_limits_are_explicit,
    function_concurrency_has_cpu,
    function_environment_without_secrets,
    function_secrets_are_pinned,
    function_without_managed_trigger,
    function_build_has_an_identity,
    function_answers_before_it_is_called_again,
)
