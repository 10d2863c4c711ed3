"""Which request goes to which backend service: the URL map that the local gateway mirrors."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_gcp import compute

from infra.pulumi.deployment import Deployment
from infra.pulumi.routes import NOT_FOUND, Backend, Route, routes

_MATCHER = "api"


@dataclass(frozen=True, slots=True)
class UrlMapArgs:
    """`backends` are the backend services of all public functions; `nowhere` is one without backends."""

    deployment: Deployment
    backends: Mapping[Backend, pulumi.Input[str]]
    nowhere: pulumi.Input[str]


class UrlMap(pulumi.ComponentResource):
    """Rules as `routes.py` says. 404 is given by the load balancer itself, as the abort of a fault that hits all
    requests: no function starts for them. If the abort should fail, there is nothing behind it.

    The local gateway says the same with a problem document; the load balancer answers with a line of text.
    """

    def __init__(self, name: str, args: UrlMapArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:edge:UrlMap", name, None, opts)
        deployment = args.deployment
        url_map = compute.URLMap(
            name,
            name=deployment.name(name),
            project=deployment.config.project,
            description="Of the public API.",
            default_service=args.nowhere,
            default_route_action=compute.URLMapDefaultRouteActionArgs(
                fault_injection_policy=compute.URLMapDefaultRouteActionFaultInjectionPolicyArgs(
                    abort=compute.URLMapDefaultRouteActionFaultInjectionPolicyAbortArgs(
                        http_status=NOT_FOUND, percentage=100
                    )
                )
            ),
            # Any host: TLS has asked for the domain by name already, and functions do not look at it.
            host_rules=[compute.URLMapHostRuleArgs(hosts=["*"], path_matcher=_MATCHER)],
            path_matchers=[_matcher(args)],
            deletion_policy="DELETE",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.id_of_map = url_map.id
        self.register_outputs({"id": self.id_of_map})


def _matcher(args: UrlMapArgs) -> compute.URLMapPathMatcherArgs:
    return compute.URLMapPathMatcherArgs(
        name=_MATCHER,
        default_service=args.nowhere,
        default_route_action=compute.URLMapPathMatcherDefaultRouteActionArgs(
            fault_injection_policy=compute.URLMapPathMatcherDefaultRouteActionFaultInjectionPolicyArgs(
                abort=compute.URLMapPathMatcherDefaultRouteActionFaultInjectionPolicyAbortArgs(
                    http_status=NOT_FOUND, percentage=100
                )
            )
        ),
        route_rules=[_rule(route, args) for route in routes(args.deployment.services)],
    )


def _rule(route: Route, args: UrlMapArgs) -> compute.URLMapPathMatcherRouteRuleArgs:
    matches = [_match(route, method) for method in route.methods] or [_match(route, None)]
    return compute.URLMapPathMatcherRouteRuleArgs(
        priority=route.priority, match_rules=matches, service=args.backends[route.backend]
    )


def _match(route: Route, method: str | None) -> compute.URLMapPathMatcherRouteRuleMatchRuleArgs:
    methods = [compute.URLMapPathMatcherRouteRuleMatchRuleHeaderMatchArgs(header_name=":method", exact_match=method)]
    return compute.URLMapPathMatcherRouteRuleMatchRuleArgs(
        prefix_match=None if route.exact else route.prefix,
        full_path_match=route.prefix if route.exact else None,
        ignore_case=False,
        header_matches=methods if method else [],
    )
