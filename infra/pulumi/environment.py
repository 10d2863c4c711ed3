"""The variables that a deployed function reads: the same names as on a local runtime (`shared/config.py`)."""

import pulumi

from infra.pulumi.deployment import Deployment
from infra.pulumi.permissions import PUSH_CALLER, SCHEDULER_CALLER, TASKS_CALLER
from shared.topology import Function, Http, Permission, Push, Service


def callers(service: Service, function: Function) -> tuple[str, ...]:
    """The accounts as which Google's services call it; nobody else may. Of a public function these are none."""
    found = []
    if isinstance(function.trigger, Push):
        found.append(PUSH_CALLER)
    if any(queue.function == function.name for queue in service.queues):
        found.append(TASKS_CALLER)
    if any(schedule.function == function.name for schedule in service.schedules):
        found.append(SCHEDULER_CALLER)
    return tuple(found)


def service_callers(deployment: Deployment) -> tuple[str, ...]:
    """The addresses of all functions that call other services over their public API."""
    return tuple(
        deployment.account(f"{service.name}-{function.name}")
        for service in deployment.services
        for function in service.functions
        if Permission.CALL_SERVICES in function.permissions
    )


def operators_variables(deployment: Deployment, kms_key: str) -> dict[str, str]:
    """What the command line reads to work on this environment from an operator's machine, as the operator."""
    config = deployment.config
    return {
        **_everywhere(deployment),
        "COMMERCE_PLATFORM_AUDIENCE": config.origin,
        "COMMERCE_PLATFORM_CALLERS": "",
        "COMMERCE_KMS_KEY": kms_key,
        "COMMERCE_TASKS_CALLER": deployment.account(TASKS_CALLER),
        "COMMERCE_FUNCTION_URL": deployment.url_template,
        **config.variables,
    }


def variables(
    deployment: Deployment, service: Service, function: Function, kms_key: pulumi.Input[str]
) -> dict[str, pulumi.Input[str]]:
    """All that are no secrets. Every function gets those that say where it is; the rest is for whom it concerns.
    KeyError if the settings lack a variable that the manifest declares.
    """
    config = deployment.config
    found: dict[str, pulumi.Input[str]] = {
        **_everywhere(deployment),
        "COMMERCE_PLATFORM_AUDIENCE": deployment.url(service.name, function.name),
        "COMMERCE_PLATFORM_CALLERS": ",".join(map(deployment.account, callers(service, function))),
        "FUNCTION_USE_ASGI": "true",
        "LOG_EXECUTION_ID": "false",
    }
    if isinstance(function.trigger, Http):
        found["COMMERCE_SERVICE_CALLERS"] = ",".join(service_callers(deployment))
    if {Permission.SEAL_PERSONAL_DATA, Permission.OPEN_PERSONAL_DATA}.intersection(function.permissions):
        found["COMMERCE_KMS_KEY"] = kms_key
    if Permission.SCHEDULE_TASKS in function.permissions:
        found["COMMERCE_TASKS_CALLER"] = deployment.account(TASKS_CALLER)
        found["COMMERCE_FUNCTION_URL"] = deployment.url_template
    return found | {name: config.variables[name] for name in service.environment}


def _everywhere(deployment: Deployment) -> dict[str, str]:
    config = deployment.config
    return {
        "COMMERCE_RUNTIME": "gcp",
        "COMMERCE_PREFIX": deployment.prefix,
        "COMMERCE_REGION": config.region,
        "COMMERCE_ORIGIN": config.origin,
        "COMMERCE_USER_ISSUER": config.users.issuer,
        "COMMERCE_USER_AUDIENCE": config.users.audience,
        "COMMERCE_USER_JWKS_URL": config.users.jwks_url,
        "GOOGLE_CLOUD_PROJECT": config.project,
    }
