"""The cart and its customer, as a caller of the checkout's API sees them: asked while they wait."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.workflow.calls import Caller, Request, Response, answer_of, version_of
from shared.http.problems import ProblemError, etag_of

_NOT_FOUND, _PRECONDITION_FAILED = 404, 412


@dataclass(frozen=True, slots=True)
class SeenCart:
    body: Mapping[str, Any]
    version: int


async def cart_at(services: Caller, cart_id: str, version: int, *, owner: str | None) -> SeenCart:
    """At this version or a later one. DomainError if there is none, or if it is not the `owner`'s, who then does not
    learn that it exists; a 412 problem if it never came to that version.
    """
    response = await _read(services, cart_id, 1)
    if owner is not None and response.body["customer_id"] != owner:
        raise _not_found()
    if version_of(response) < version:  # the read model may be behind
        response = await _read(services, cart_id, version)
    if response.status == _PRECONDITION_FAILED:
        raise version_differs(version_of(response))
    return SeenCart(response.body, version_of(response))


def version_differs(version: int) -> ProblemError:
    detail = f"the cart's version is {version}"
    headers = {"ETag": tag} if (tag := etag_of(version)) else {}
    return ProblemError(412, "version-mismatch", detail, errors=[("cart_version", detail)], headers=headers)


async def _read(services: Caller, cart_id: str, min_version: int) -> Response:
    request = Request(service="cart", method="GET", path=f"/carts/{cart_id}?min_version={min_version}")
    response = await services.call(request)
    if response.status == _NOT_FOUND:
        raise _not_found()
    if response.status != _PRECONDITION_FAILED:
        answer_of(request, response)
    return response


def _not_found() -> DomainError:
    return DomainError("cart-not-found", "there is no such cart", field="cart_id")
