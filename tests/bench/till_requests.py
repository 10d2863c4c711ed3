"""A till's requests to the cart service, as bytes on the wire."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from pydantic_core import to_json

from shared.adapters.system import new_id
from tests.bench.http_client import Connection, get, id_of, post

_AT = "2017-01-01T11:53:26Z"


@dataclass
class TillRequests:
    """`prefix` is what the address has before the service's own paths; `token` the till's."""

    token: str
    prefix: str = ""
    _numbers: Iterator[int] = field(default_factory=count, init=False)

    def open(self) -> bytes:
        return self._post("", {"currency": "USD", "customer_id": "900", "opened_at": _AT})

    def add(self, cart_id: str) -> bytes:
        """One of twenty items in turn."""
        price = {"amount": 50, "currency": "USD"}
        item = {"sku": f"{1095275 + next(self._numbers) % 20}", "quantity": 1, "charged": price, "at": _AT}
        return self._post(f"/{cart_id}/items", item)

    def cart(self, cart_id: str) -> bytes:
        return get(f"{self.prefix}/cart/v1/carts/{cart_id}", authorization=f"Bearer {self.token}")

    def carts(self) -> bytes:
        path = f"{self.prefix}/cart/v1/carts?customer_id=900&limit=20"
        return get(path, authorization=f"Bearer {self.token}")

    def _post(self, path: str, body: object) -> bytes:
        return post(
            f"{self.prefix}/cart/v1/carts{path}",
            to_json(body),
            authorization=f"Bearer {self.token}",
            content_type="application/json",
            idempotency_key=new_id(),
        )


async def open_carts(connection: Connection, requests: TillRequests, carts: int) -> list[str]:
    """Their ids."""
    return [id_of(await connection.request(requests.open())) for _ in range(carts)]
