"""What follows a redemption before it is answered: nothing is done, the caller is told what came of it."""

from collections.abc import Mapping

from functions.promotions.manifest import REDEMPTION
from functions.promotions.state import Redemption
from shared.bootstrap import Wiring
from shared.eventsourcing.message import Context
from shared.http.command_edge import Effect


def tell_discounts(wiring: Wiring) -> Effect:
    """Adds to the answer what the log says was taken off; also where the request comes again."""

    async def effect(category: str, redemption_id: str, _: Context) -> Mapping[str, object]:
        if category != REDEMPTION:  # what a reaction did to a coupon is told to nobody
            return {}
        redemption: Redemption = await wiring.state(category, redemption_id)
        account = redemption.account
        if account is None:
            return {}
        return {"status": redemption.status, "discounts": account.discounts, "total_discount": account.total_discount}

    return effect
