"""Cloud KMS over its REST interface keeps the promises of key encryption; here a stand-in gives its answers."""

import asyncio
import time
from base64 import b64decode, b64encode
from collections.abc import Callable

import httpx
import pytest
from pydantic_core import from_json

from shared.adapters.crypto import AesGcm
from shared.adapters.keys.cloud_kms import CloudKms
from shared.eventsourcing.errors import CorruptDataError, UnavailableError
from shared.eventsourcing.event_store import OperationCounts
from shared.testing.conformance.vault import KeyEncryptionConformance

RING = "projects/p/locations/europe-west1/keyRings/personal"
KEY = f"{RING}/cryptoKeys/customers"
TIMEOUT = 1.0


class StandIn:
    """Answers as the documentation of Cloud KMS says: `keys` by name, what was asked in `requests`."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.keys = {KEY: bytes(range(32)), f"{RING}/cryptoKeys/other": bytes(32)}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        name, _, method = request.url.path.removeprefix("/v1/").partition(":")
        body = from_json(request.content)
        bound_to = b64decode(body["additionalAuthenticatedData"])
        if method == "encrypt":
            secret = AesGcm().encrypt(self.keys[name], b64decode(body["plaintext"]), bound_to)
            return httpx.Response(200, json={"name": f"{name}/cryptoKeyVersions/1", "ciphertext": text(secret)})
        try:
            plain = AesGcm().decrypt(self.keys[name], b64decode(body["ciphertext"]), bound_to)
        except CorruptDataError:
            return refusal(400, "INVALID_ARGUMENT", "Decryption failed: the ciphertext is invalid.")
        return httpx.Response(200, json={"plaintext": text(plain), "usedPrimary": True})


def text(data: bytes) -> str:
    return b64encode(data).decode()


def refusal(code: int, status: str, message: str = "no") -> httpx.Response:
    return httpx.Response(code, json={"error": {"code": code, "status": status, "message": message}})


async def token() -> str:
    return "a-token"


def kms(
    answer: Callable[[httpx.Request], httpx.Response], key: str = KEY, counts: OperationCounts | None = None
) -> CloudKms:
    transport = httpx.MockTransport(answer)
    return CloudKms(key, token, counts or OperationCounts(), timeout=TIMEOUT, transport=transport)


class TestCloudKms(KeyEncryptionConformance):
    """Over a transport that stays in this process."""

    @pytest.fixture
    def cloud(self) -> StandIn:
        return StandIn()

    @pytest.fixture
    def keys(self, cloud: StandIn) -> CloudKms:
        return kms(cloud)

    @pytest.fixture
    def other_keys(self, cloud: StandIn) -> CloudKms:
        return kms(cloud, f"{RING}/cryptoKeys/other")

    async def test_a_request_is_as_the_documentation_says(self, cloud: StandIn, keys: CloudKms) -> None:
        """Method, address, token; the subject is the additional data."""
        await keys.wrap(bytes(32), "900")

        (request,) = cloud.requests
        assert (request.method, str(request.url)) == ("POST", f"https://cloudkms.googleapis.com/v1/{KEY}:encrypt")
        assert request.headers["authorization"] == "Bearer a-token"
        assert from_json(request.content) == {"plaintext": text(bytes(32)), "additionalAuthenticatedData": text(b"900")}

    async def test_the_vault_is_told_which_version_wrapped(self, keys: CloudKms) -> None:
        """So that keys of a version that is to be destroyed can be found."""
        assert (await keys.wrap(bytes(32), "900")).key_id == f"{KEY}/cryptoKeyVersions/1"

    async def test_a_new_key_leaves_the_old_ones_readable(self, keys: CloudKms, other_keys: CloudKms) -> None:
        """A data key is unwrapped by whichever key wrapped it."""
        assert await other_keys.unwrap(await keys.wrap(bytes(range(32)), "900"), "900") == bytes(range(32))


@pytest.mark.parametrize("passing", [refusal(503, "UNAVAILABLE"), refusal(429, "RESOURCE_EXHAUSTED")])
async def test_a_passing_fault_is_not_noticed(passing: httpx.Response) -> None:
    """The request is sent again, and counted again."""
    cloud, counts = StandIn(), OperationCounts()

    def second_time_lucky(request: httpx.Request) -> httpx.Response:
        return cloud(request) if counts.rpcs["Kms.encrypt"] > 1 else passing

    await kms(second_time_lucky, counts=counts).wrap(bytes(32), "900")

    assert counts == OperationCounts(rpcs={"Kms.encrypt": 2})


@pytest.mark.parametrize(
    "lasting",
    [
        refusal(503, "UNAVAILABLE"),
        refusal(403, "PERMISSION_DENIED"),
        refusal(404, "NOT_FOUND"),
        refusal(400, "FAILED_PRECONDITION", "the key version is disabled"),
        httpx.Response(502, text="<html>bad gateway</html>"),
        httpx.Response(401, json=["odd"]),
    ],
    ids=lambda answer: str(answer.status_code),
)
async def test_a_lasting_refusal_is_unavailable(lasting: httpx.Response) -> None:
    """An operator can mend it, and the caller may try again."""
    with pytest.raises(UnavailableError, match=str(lasting.status_code)):
        await kms(lambda _: lasting).wrap(bytes(32), "900")


async def test_a_cloud_that_cannot_be_reached_is_unavailable() -> None:
    """After a few tries."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(UnavailableError):
        await kms(refuse).wrap(bytes(32), "900")


async def test_a_cloud_that_is_silent_is_unavailable() -> None:
    """Within the timeout, whatever it is that does not come."""

    async def silence() -> str:
        await asyncio.sleep(60)
        return ""

    start = time.perf_counter()
    with pytest.raises(UnavailableError):
        await CloudKms(KEY, silence, OperationCounts(), timeout=0.1).wrap(bytes(32), "900")
    assert time.perf_counter() - start < TIMEOUT


@pytest.mark.parametrize("name", ["", "customers", f"{KEY}/cryptoKeyVersions/1", f"{KEY}?x=1"])
def test_a_key_has_its_full_name(name: str) -> None:
    """Anything else is found out when a function starts, not when the first customer comes."""
    with pytest.raises(ValueError, match="Cloud KMS key"):
        CloudKms(name, token, OperationCounts())
