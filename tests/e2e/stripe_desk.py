"""What others do at the local Stripe: staff in its dashboard, and the customers' banks."""

from dataclasses import dataclass
from typing import Any

import aiohttp

from emulators.processes.stripe import SECRET_KEY
from tests.e2e.embedded_shop import Shop

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StripeDesk:
    """Each act posts its webhook, about a second later."""

    shop: Shop

    async def refund(self, payment: str, amount: int) -> str:
        """In the dashboard; returns the provider's id of the refund."""
        asked = {"payment_intent": await self._intent(payment), "amount": amount}
        return str((await self._post("/v1/refunds", asked))["id"])

    async def send_back(self, provider_refund_id: str) -> None:
        """The bank does not take a refund."""
        await self._post(f"/_config/refunds/{provider_refund_id}/fail", {})

    async def refunds(self, payment: str) -> list[Json]:
        """The newest first."""
        intent = await self._intent(payment)
        return list((await self._get(f"/v1/refunds?payment_intent={intent}&limit=100"))["data"])

    async def disputes(self, payment: str) -> list[Json]:
        return list((await self._get(f"/v1/disputes?payment_intent={await self._intent(payment)}"))["data"])

    async def dispute(self, payment: str) -> str:
        """The customer asks their bank for all of the money; returns the dispute's id."""
        return str((await self._post("/_config/disputes", {"payment_intent": await self._intent(payment)}))["id"])

    async def decide(self, dispute: str, status: str) -> None:
        """`won` or `lost`, from the shop's side."""
        await self._post(f"/_config/disputes/{dispute}", {"status": status})

    async def _intent(self, payment: str) -> str:
        intents = (await self._get("/v1/payment_intents?limit=10000"))["data"]
        (mine,) = [
            x["id"] for x in intents if x["metadata"].get("payment_id") == payment and x["status"] == "succeeded"
        ]
        return str(mine)

    async def _get(self, path: str) -> Json:
        async with self.shop.session.get(self._url(path), headers=_HEADERS) as answer:
            return await self._told(answer)

    async def _post(self, path: str, body: Json) -> Json:
        async with self.shop.session.post(self._url(path), json=body, headers=_HEADERS) as answer:
            return await self._told(answer)

    def _url(self, path: str) -> str:
        stripe = self.shop.platform.world.stripe
        assert stripe is not None
        return f"http://{stripe.host}{path}"

    async def _told(self, answer: aiohttp.ClientResponse) -> Json:
        assert answer.status == 200, await answer.text()
        return dict(await answer.json())


_HEADERS = {"Authorization": f"Bearer {SECRET_KEY}"}
