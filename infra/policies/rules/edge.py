"""The edge: guarded, encrypted, and logged."""

from collections.abc import Iterator

from .model import Resource, Stack, resource_rule, stack_rule
from .reading import last_part, missing

_BACKEND = "gcp:compute/backendService:BackendService"
_ARMOR = "gcp:compute/securityPolicy:SecurityPolicy"
_ARMOR_RULE = "gcp:compute/securityPolicyRule:SecurityPolicyRule"
_TLS = "gcp:compute/sSLPolicy:SSLPolicy"
_HTTPS = "gcp:compute/targetHttpsProxy:TargetHttpsProxy"
_HTTP = "gcp:compute/targetHttpProxy:TargetHttpProxy"
_URL_MAP = "gcp:compute/uRLMap:URLMap"
_LIMITING = frozenset({"throttle", "rate_based_ban"})
_SENDS_ON = ("defaultService", "hostRules", "pathMatchers", "defaultRouteAction")


def _is_external(backend: Resource) -> bool:
    """The provider's default is external."""
    scheme: str = backend.inputs.get("loadBalancingScheme", "EXTERNAL")
    return scheme.startswith("EXTERNAL")


@resource_rule(_BACKEND, do="Set security_policy to the platform's Cloud Armor policy.")
def backend_is_behind_cloud_armor(backend: Resource) -> Iterator[str]:
    """What the outside reaches is behind Cloud Armor."""
    if _is_external(backend) and missing(backend.inputs, "securityPolicy"):
        yield "it has no security policy"


@resource_rule(_BACKEND, do="Set log_config.enable and its sample_rate.")
def backend_says_what_it_logs(backend: Resource) -> Iterator[str]:
    """Whether and how many requests are logged at the edge is said."""
    if _is_external(backend) and missing(backend.section("logConfig"), "enable"):
        yield "not set: logConfig.enable"


@stack_rule(_ARMOR, do="Add a rule with the action throttle or rate_based_ban.")
def cloud_armor_limits_rates(policy: Resource, stack: Stack) -> Iterator[str]:
    """Cloud Armor limits how often one client may call."""
    own = tuple(policy.inputs.get("rules") or ())
    name = policy.inputs.get("name", policy.name)
    apart = (
        rule.inputs
        for rule in stack.of(_ARMOR_RULE)
        if last_part(rule.inputs.get("securityPolicy", "")) in {name, policy.name}
    )
    if not any(rule.get("action") in _LIMITING for rule in (*own, *apart)):
        yield "nothing limits rates"


@resource_rule(_TLS, do="Set min_tls_version to TLS_1_2 or TLS_1_3 and profile to MODERN or RESTRICTED.")
def tls_is_modern(policy: Resource) -> Iterator[str]:
    """TLS is 1.2 at least, with modern ciphers."""
    if policy.inputs.get("minTlsVersion") not in {"TLS_1_2", "TLS_1_3"}:
        yield f"it starts at {policy.inputs.get('minTlsVersion', 'TLS 1.0')}"
    if policy.inputs.get("profile") not in {"MODERN", "RESTRICTED", "FIPS_202205"}:
        yield f"its profile is {policy.inputs.get('profile', 'COMPATIBLE')}"


@resource_rule(_HTTPS, do="Set ssl_policy.")
def https_says_which_tls(proxy: Resource) -> Iterator[str]:
    """The HTTPS proxy has a TLS policy: without one it takes TLS 1.0."""
    if missing(proxy.inputs, "sslPolicy"):
        yield "it has none"


@stack_rule(_HTTP, do="Give the proxy a URL map of its own with default_url_redirect.https_redirect.")
def http_only_redirects(proxy: Resource, stack: Stack) -> Iterator[str]:
    """Plain HTTP answers with a redirect to HTTPS and nothing else."""
    name = last_part(proxy.inputs.get("urlMap", ""))
    found = next((each for each in stack.of(_URL_MAP) if name in {each.inputs.get("name"), each.name}), None)
    if found is None:
        yield f"{name} is no URL map of this stack"
    elif found.section("defaultUrlRedirect").get("httpsRedirect") is not True:
        yield f"{name} does not redirect"
    elif any(found.given(each) for each in _SENDS_ON):
        yield f"{name} also sends requests on"


RULES = (
    backend_is_behind_cloud_armor,
    backend_says_what_it_logs,
    cloud_armor_limits_rates,
    tls_is_modern,
    https_says_which_tls,
    http_only_redirects,
)
