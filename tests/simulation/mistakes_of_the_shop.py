"""Mistakes planted in the services."""

from shared.testing.simulation.mutants import mistake as _m

SHOP_MISTAKES = (
    _m(
        "reservation-without-tombstone",
        "Releasing a reservation that never was leaves nothing: a late one is kept for ever.",
        "functions.inventory.decider._release",
        ("if reservation.status in {", "if reservation.status in {Status.ABSENT, "),
    ),
    _m(
        "oversold",
        "Stock is reserved without a look at what is available.",
        "functions.inventory.decider.decide_stock",
        ("if command.quantity > stock.available:", "if False:"),
    ),
    _m(
        "stock-not-written",
        "A reservation is written, and not what it takes of the stock.",
        "functions.inventory.plans.reservation_targets",
        ("*stock]", "]"),
    ),
    _m(
        "coupon-used-twice",
        "A customer may use a coupon again.",
        "functions.promotions.decider.decide_use",
        ('if use.redemption_id not in ("", redemption_id):', "if False:"),
    ),
    _m(
        "confirmed-before-recorded",
        "A card is charged before the intent is written down.",
        "functions.payments.effect.Settlement._create",
        (
            "except PaymentRefusedError",
            "    await self._provider.confirm(intent.intent_id)\n    except PaymentRefusedError",
        ),
    ),
    _m(
        "void-not-asked",
        "A void is recorded, and the provider is not asked.",
        "functions.payments.effect.Settlement._ask",
        (
            "_news(await self._provider.cancel(payment.intent_id), at)",
            "RecordCancelled(intent_id=payment.intent_id, at=at)",
        ),
    ),
    _m(
        "refund-not-looked-up",
        "A refund is asked for without a look at what went back already.",
        "functions.payments.effect.Settlement._give_back",
        ("left = min(amount.amount, payment.left_beside(refund_id))", "left = amount.amount"),
    ),
    _m(
        "key-not-destroyed",
        "An erasure is recorded, and the key stays.",
        "functions.customers.reactor._visit_with",
        ("await wiring.personal.erase(customer_id)", "pass"),
    ),
    _m(
        "mail-not-repeated",
        "A mail whose sending was cut off is never tried again.",
        "functions.notifications.decider.next_step",
        (
            "if mail.about is None or not mail.is_due(at):",
            "if mail.about is None or mail.attempts or not mail.is_due(at):",
        ),
    ),
    _m(
        "message-id-of-the-try",
        "Every try of a mail has a Message-ID of its own.",
        "functions.notifications.effect.Sender._message_id",
        ("{mail_id}@", "{mail_id}.{self.wiring.new_id()}@"),
    ),
    _m(
        "capture-not-asked",
        "A capture is recorded, and the provider is not asked.",
        "functions.payments.effect.Settlement._ask",
        (
            "_news(await self._provider.capture(payment.intent_id), at)",
            "RecordCaptured(intent_id=payment.intent_id, at=at)",
        ),
    ),
    _m(
        "cart-not-restored",
        "The cart of a checkout that turned back stays sold.",
        "functions.cart.decider._restore",
        ("events.append(CartRestored(reason=command.reason, at=command.at))", "pass"),
    ),
    _m(
        "coupons-not-freed",
        "A redemption is released, and its coupons stay used.",
        "functions.promotions.decider.decide_use",
        ("if use.redemption_id == redemption_id else []", "if False else []"),
    ),
    _m(
        "facts-not-written",
        "A public event is acknowledged, and not written to the archive.",
        "tests.simulation.outside.consume_into",
        ("await sink.write([fact_of(headers, body)])", "fact_of(headers, body)"),
    ),
)
