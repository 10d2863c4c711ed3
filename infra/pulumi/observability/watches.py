"""What somebody is told of, and what to do then. Budgets of the objectives are watched apart (`burning`)."""

from collections.abc import Callable

from infra.pulumi.deployment import Deployment
from infra.pulumi.observability import function_watches, message_watches
from infra.pulumi.observability.watch import Watch

_WATCHES: tuple[Callable[[Deployment], Watch], ...] = (
    message_watches.dead_letters,
    message_watches.undrained,
    message_watches.backlog,
    message_watches.outbox,
    message_watches.schedules,
    message_watches.silence,
    function_watches.errors,
    function_watches.instances,
    function_watches.trouble,
    function_watches.workflows,
    function_watches.keys,
    function_watches.storage,
    function_watches.growth,
)


def watches(deployment: Deployment) -> tuple[Watch, ...]:
    """All of a deployment, with the limits of its settings."""
    return tuple(make(deployment) for make in _WATCHES)
