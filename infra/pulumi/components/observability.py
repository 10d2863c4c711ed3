"""Everything by which people see how an environment is, and hear of what is wrong."""

from dataclasses import dataclass

import pulumi

from infra.pulumi.components.alerts import Alerts, AlertsArgs
from infra.pulumi.components.dashboard import Dashboard, DashboardArgs
from infra.pulumi.components.log_metrics import LogMetrics, LogMetricsArgs
from infra.pulumi.components.log_routing import LogRouting, LogRoutingArgs
from infra.pulumi.components.notification import Notification, NotificationArgs
from infra.pulumi.components.slos import Slos, SlosArgs
from infra.pulumi.deployment import Deployment


@dataclass(frozen=True, slots=True)
class ObservabilityArgs:
    """All else is in the settings and the manifests."""

    deployment: Deployment


class Observability(pulumi.ComponentResource):
    """`channels` hear of alerts; the budget may tell them, too.

    The first `pulumi up` of an environment, and each one that adds a metric of log lines, may end with 404, "Cannot
    find metric(s) that match type": Google needs up to 10 minutes to know a new metric, and takes no objective and no
    alert about it before. No order of the resources helps, and Pulumi does not wait that long by itself. So it is to be
    run again some minutes later. It goes on where it was; nothing that serves customers depends on what is missing.

    Traces are not among it: the application hands a caller's trace on and names it in its lines, and has no exporter.
    """

    def __init__(self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:observability:Observability", name, None, opts)
        own, deployment = pulumi.ResourceOptions(parent=self), args.deployment
        self.channels = Notification("notification", NotificationArgs(deployment), own).channels
        LogRouting("log-routing", LogRoutingArgs(deployment), own)
        metrics = LogMetrics("log-metrics", LogMetricsArgs(deployment), own).resources
        slos = Slos("slos", SlosArgs(deployment, metrics), own).names
        Alerts("alerts", AlertsArgs(deployment, self.channels, metrics, slos), own)
        Dashboard("dashboard", DashboardArgs(deployment, metrics), own)
        self.register_outputs({"channels": self.channels})
