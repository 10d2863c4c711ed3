"""How long instances are paid for: not measured, assumed. Cloud Run bills the time in which an instance has at least
one request, in steps; here no two requests ever share one.
"""

import math
from collections.abc import Mapping
from typing import Final

from infra.costs.counts import Counted

STEP: Final = 0.1
"""Seconds: the time of an instance is billed in such steps."""
REQUEST_SECONDS: Final = 0.05
"""Of a request that waits for nobody but the databases: the target of a command."""
COMMIT_SECONDS: Final = 0.02
"""Of an append: its target."""
BIGQUERY_SECONDS: Final = 0.1
"""Of an insertion, besides."""
PROVIDER_SECONDS: Final = 0.7
"""Of what is asked of the payment provider for one command: an intent and its confirmation, or a capture."""
MAIL_SECONDS: Final = 0.5
"""Of a mail: a connection, TLS, a login, and what SMTP says there and back."""
OUTSIDE: Final[Mapping[str, float]] = {
    "analytics-consumer": BIGQUERY_SECONDS,
    "payments-commands": PROVIDER_SECONDS,
    "notifications-reactor": MAIL_SECONDS,
}
"""Functions whose requests wait for somebody outside, and how long."""
PROVIDER: Final = "payments-commands"
WEBHOOKS: Final = 1
"""The provider's own requests about a checkout: the amount is held, or taken. They wait for nobody."""


def steps(seconds: float) -> int:
    """Whole ones, one at least."""
    return max(1, math.ceil(round(seconds / STEP, 6)))


def request_steps(function: str) -> int:
    """Of a request to a function that is no orchestrator."""
    return steps(REQUEST_SECONDS + OUTSIDE.get(function, 0.0))


def orchestrator_steps(counted: Counted, service: str, calls: float) -> int:
    """Of a workflow from its beginning to its end: its calls, the provider's share of them, and its own commits."""
    asked = counted.requests().get(PROVIDER, 0.0) - WEBHOOKS
    waited = calls * REQUEST_SECONDS + max(asked, 0.0) * PROVIDER_SECONDS
    return steps(waited + counted.messages(f"{service}-commits") * COMMIT_SECONDS)


def billed_seconds(counted: Counted, calls: float) -> dict[str, float]:
    """Instance time of each function, for one checkout."""
    found = {name: count * request_steps(name) for name, count in counted.requests().items()}
    if PROVIDER in found:
        found[PROVIDER] -= WEBHOOKS * (request_steps(PROVIDER) - 1)
    for name in found:
        service, _, kind = name.partition("-")
        if kind == "orchestrator":
            found[name] = orchestrator_steps(counted, service, calls)
    return {name: count * STEP for name, count in found.items()}
