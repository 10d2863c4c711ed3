"""The load balancer, its certificate and its backends."""

from typing import Any

import pytest

from infra.pulumi.routes import backends
from tests.infra.edge_program import SERVICES, deployment, edge
from tests.infra.harness import Inputs, Program

ADDRESS = "gcp:compute/globalAddress:GlobalAddress"
BACKEND = "gcp:compute/backendService:BackendService"
ENDPOINTS = "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup"
FORWARDING = "gcp:compute/globalForwardingRule:GlobalForwardingRule"
HTTP = "gcp:compute/targetHttpProxy:TargetHttpProxy"
HTTPS = "gcp:compute/targetHttpsProxy:TargetHttpsProxy"
TLS = "gcp:compute/sSLPolicy:SSLPolicy"
URL_MAP = "gcp:compute/uRLMap:URLMap"
CERTIFICATE = "gcp:certificatemanager/certificate:Certificate"
ENTRY = "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry"
PROOF = "gcp:certificatemanager/dnsAuthorization:DnsAuthorization"

PUBLIC = {each.name for each in backends(SERVICES)}


@pytest.fixture(scope="module")
def program() -> Program:
    return edge(deployment())


def only(program: Program, token: str) -> Inputs:
    (inputs,) = program.inputs(token).values()
    return inputs


def with_edge(**settings: Any) -> Program:
    return edge(deployment(SERVICES[1:2], edge=settings))


def test_each_public_function_has_endpoints(program: Program) -> None:
    """The Cloud Run service of the function's name, in its region; no other function is reached from outside."""
    found = program.inputs(ENDPOINTS)
    assert {name: each["cloudRun"] for name, each in found.items()} == {
        name: {"service": f"dev-{name}"} for name in PUBLIC
    }
    assert {(each["region"], each["networkEndpointType"]) for each in found.values()} == {
        ("europe-west1", "SERVERLESS")
    }


def test_each_public_function_has_a_backend_service(program: Program) -> None:
    """With its own endpoints behind it; behind `nowhere` there are none."""
    found = {name: [one["group"] for one in each["backends"]] for name, each in program.inputs(BACKEND).items()}
    assert found == {"nowhere": [], **{name: [f"{name}-id"] for name in PUBLIC}}


def test_all_backends_are_behind_armor(program: Program) -> None:
    """What is refused with 404, too."""
    assert {each["securityPolicy"] for each in program.inputs(BACKEND).values()} == {"edge-id"}


def test_backends_say_nothing_that_serverless_endpoints_refuse(program: Program) -> None:
    """Google answers a timeout, a port name or a health check with an error."""
    said = {key for each in program.inputs(BACKEND).values() for key in each}
    assert not said & {"timeoutSec", "portName", "healthChecks"}


def test_nothing_is_cached_or_compressed(program: Program) -> None:
    """Answers are each caller's own."""
    assert {(each["enableCdn"], each["compressionMode"]) for each in program.inputs(BACKEND).values()} == {
        (False, "DISABLED")
    }


def test_a_part_of_the_requests_is_logged() -> None:
    """As large as the settings say."""
    logged = with_edge(log_sample_rate=0.25).inputs(BACKEND)["cart-queries"]["logConfig"]
    assert logged == {"enable": True, "sampleRate": 0.25, "optionalMode": "EXCLUDE_ALL_OPTIONAL"}


def test_logging_can_be_off() -> None:
    """No rate is named then: Google refuses one."""
    assert with_edge(log_sample_rate=0).inputs(BACKEND)["cart-queries"]["logConfig"] == {"enable": False}


def test_the_address_stays(program: Program) -> None:
    """DNS points to it."""
    assert program.of(ADDRESS)["edge"].protect
    assert program.inputs(ADDRESS)["edge"]["deletionPolicy"] == "PREVENT"


def test_the_address_of_an_unprotected_environment_goes() -> None:
    """Where data may go, so may the address."""
    given = deployment(SERVICES[1:2], data={"protected": False})
    assert not edge(given).of(ADDRESS)["edge"].protect


def test_there_are_two_ports_at_one_address(program: Program) -> None:
    """443 leads to the API, 80 to the redirect."""
    found = program.inputs(FORWARDING)
    assert {(each["portRange"], each["target"]) for each in found.values()} == {
        ("443", "edge-id"),
        ("80", "edge-to-https-id"),
    }
    assert {(each["ipAddress"], each["ipProtocol"]) for each in found.values()} == {("edge-id", "TCP")}


def test_clients_enter_google_s_network_near_them(program: Program) -> None:
    """The premium tier: a global load balancer takes no other."""
    found = program.inputs(FORWARDING).values()
    assert {(each["loadBalancingScheme"], each["networkTier"]) for each in found} == {("EXTERNAL_MANAGED", "PREMIUM")}


def test_backends_are_of_the_same_load_balancer(program: Program) -> None:
    """The classic one knows no rules by method."""
    assert {each["loadBalancingScheme"] for each in program.inputs(BACKEND).values()} == {"EXTERNAL_MANAGED"}


def test_the_address_is_everybody_s(program: Program) -> None:
    """An IPv4 address on the internet."""
    address = only(program, ADDRESS)
    assert (address["addressType"], address["ipVersion"]) == ("EXTERNAL", "IPV4")


def test_https_leads_to_the_api(program: Program) -> None:
    """By the URL map that the manifests make, not by the one that redirects."""
    assert only(program, HTTPS)["urlMap"] == "edge-id"
    assert program.inputs(URL_MAP)["edge"]["pathMatchers"]


def test_port_80_only_redirects(program: Program) -> None:
    """Permanently, to the same path and query by HTTPS; nothing stands behind it."""
    redirect = program.inputs(URL_MAP)["edge-to-https"]
    assert program.inputs(HTTP)["edge-to-https"]["urlMap"] == "edge-to-https-id"
    assert redirect["defaultUrlRedirect"] == {
        "httpsRedirect": True,
        "redirectResponseCode": "MOVED_PERMANENTLY_DEFAULT",
        "stripQuery": False,
    }
    assert not {"defaultService", "pathMatchers", "hostRules"} & set(redirect)


def test_old_tls_is_refused(program: Program) -> None:
    """Modern ciphers from TLS 1.2 on."""
    tls = only(program, TLS)
    assert (tls["profile"], tls["minTlsVersion"]) == ("MODERN", "TLS_1_2")
    assert only(program, HTTPS)["sslPolicy"] == "edge-id"


def test_no_request_comes_with_the_handshake(program: Program) -> None:
    """Early data could be sent again by somebody else."""
    assert only(program, HTTPS)["tlsEarlyData"] == "DISABLED"


@pytest.mark.parametrize(("http3", "said"), [(True, "ENABLE"), (False, "DISABLE")])
def test_http3_is_as_set(said: str, *, http3: bool) -> None:
    """It is said either way."""
    assert only(with_edge(http3=http3), HTTPS)["quicOverride"] == said


def test_the_certificate_is_for_the_domain(program: Program) -> None:
    """Managed by Google, proven by DNS, and shown to those that ask for this name."""
    managed = only(program, CERTIFICATE)["managed"]
    (proof,) = program.inputs(PROOF)
    assert managed == {"domains": ["shop.example"], "dnsAuthorizations": [f"{proof}-id"]}
    assert only(program, CERTIFICATE)["scope"] == "DEFAULT"
    assert only(program, PROOF)["domain"] == "shop.example"
    assert only(program, ENTRY)["hostname"] == "shop.example"
    assert "matcher" not in only(program, ENTRY)


def test_the_proxy_shows_the_certificate(program: Program) -> None:
    """By the full name of the map."""
    assert only(program, HTTPS)["certificateMap"] == "//certificatemanager.googleapis.com/edge-id"


def test_another_domain_is_another_certificate(program: Program) -> None:
    """So the new one is there before the old one goes."""
    other = edge(deployment(SERVICES[1:2], domain="other.example"))
    assert not set(other.of(CERTIFICATE)) & set(program.of(CERTIFICATE))


@pytest.mark.parametrize("token", [ADDRESS, BACKEND, ENDPOINTS, FORWARDING, HTTP, HTTPS, TLS, URL_MAP, CERTIFICATE])
def test_all_names_begin_with_the_environment(program: Program, token: str) -> None:
    """Several environments fit one project; Google takes 63 characters."""
    names = {name: each["name"] for name, each in program.inputs(token).items()}
    assert names == {name: f"dev-{name}" for name in names}
    assert max(map(len, names.values())) <= 63
