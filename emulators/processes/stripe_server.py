"""The process of the local Stripe: `localstripe` with its state in memory alone, on loopback alone.

As its own command line would start it, it writes everything it knows to one file in a shared folder after each change,
and listens on all interfaces. It also approves cards that Stripe declines, does not know by what name Stripe is now
told which kinds of payment are meant, and looks through everything it has for the refunds of each charge that it shows,
six times for a payment. Here it does as Stripe does, and is as fast with the thousandth payment as with the first
(refunds and disputes: `stripe_money_back`). Runs alone, by its path.
"""

import sys
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from localstripe.resources import PaymentIntent, PaymentMethod, Store  # type: ignore[import-untyped] # it has none
from localstripe.server import app  # type: ignore[import-untyped] # it has none

from emulators.processes import stripe_money_back

_charged: Callable[[Any], bool] = PaymentMethod._charging_is_declined  # noqa: SLF001 - there is no other way into it
_kept: Callable[[Any], bool] = PaymentMethod._attaching_is_declined  # noqa: SLF001 - as above
_begin: Callable[..., None] = PaymentIntent.__init__


@web.middleware
async def health(request: web.Request, handler: Callable[..., Awaitable[web.StreamResponse]]) -> web.StreamResponse:
    """GET / answers as Google's emulators do."""
    return web.Response(text="Ok") if request.path == "/" else await handler(request)


def is_declined(card: Any) -> bool:
    """Cards that cannot be kept for a customer cannot be charged either."""
    return _charged(card) or _kept(card)


def begin(intent: Any, *, allowed_payment_method_types: object = None, **parameters: object) -> None:
    """There are no others than cards here."""
    del allowed_payment_method_types
    stripe_money_back.check_amount(parameters.get("amount"), parameters.get("currency"))
    _begin(intent, **parameters)


def main(host: str, port: int) -> None:
    """Serves until it is stopped."""
    Store.dump_to_disk = lambda _: None
    PaymentMethod._charging_is_declined = is_declined  # noqa: SLF001 - as above
    PaymentIntent.__init__ = begin
    stripe_money_back.install(app)
    app.middlewares.insert(0, health)
    web.run_app(app, host=host, port=port, access_log=None, print=None)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
