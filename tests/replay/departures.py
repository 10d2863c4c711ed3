"""Where states and documents have left what the samples say, each with its reason.

A sample is never changed. If a state or a document gets another shape, name here the paths that are not compared any
more: `category.state` or `category.collection` → a pattern of paths (a regular expression) → why.
"""

from collections.abc import Mapping
from typing import Final

_BY_VERSION: Final = "which news of a customer is the later one is told by the customer's version, not by a time"
_WITHDRAWN: Final = "coupons can be withdrawn since"
_GIVEN_UP: Final = "pieces of an order can be cancelled, and parcels can be lost, since"
_STOPPED: Final = "pieces of a placed order can be cancelled since"
_ENDS: Final = "imports can be given up and cancelled since"
_PEOPLE: Final = "a workflow can wait for what a person decides since"
_DECLINES: Final = "what a person declined ends by an event of its own, and is called so, since"
_RECEIVED: Final = "a return says why, and what arrived"
_REFUND_FAILED: Final = "a return says that its refund failed"
_WHICH: Final = "what each shipment holds, and when it arrived, says what can be returned"
DEPARTURES: Final[Mapping[str, Mapping[str, str]]] = {
    "contact.state": {"changed_at": _BY_VERSION, "customer_version": _BY_VERSION},
    "customer.state": {"leaving_since|waits_for": "an erasure waits for what is under way"},
    "price.state": {"decided_at": "a price from now on begins no earlier than the ones that were accepted before it"},
    "order.state": {
        r"(cancellations|losses).*": _GIVEN_UP,
        r"(refunds|disputes).*": "an order knows what its payment tells",
        r"shipments.*": _WHICH,
    },
    "order.orders": {
        r"shipments\[\d+\]\.(lines|delivered_at).*": _WHICH,
        r"cancellations.*|lines\[\d+\]\.(cancelled|lost)": _GIVEN_UP,
        r"(refunds|disputes).*": "an order shows what its payment tells",
        r"returns\[\d+\]\.refund_failed": _REFUND_FAILED,
        r"refunded\.amount": "what an order has given back is what its payment tells",
    },
    "checkout.state": {"wait|decisions": _PEOPLE, "declined": _DECLINES},
    "cancellation.state": {"declined": _DECLINES},
    "checkout.checkouts": {"waits_for": _PEOPLE},
    "return.state": {"wait|decisions": _PEOPLE, "declined": _DECLINES},
    "return.returns": {
        "waits_for": _PEOPLE,
        "received|return_reason": _RECEIVED,
        "refund_failed": _REFUND_FAILED,
        r"status|timeline\[\d+\]\.(what|detail)": _DECLINES,
    },
    "shipment.state": {
        r"disputes(\..*)?": "a shipment whose payment is disputed is held",
        r"stopped(\..*)?": _STOPPED,
    },
    "shipment.shipments": {r"held_by.*": "a shipment says which disputes hold it", r"stopped.*": _STOPPED},
    "reservation.state": {r"releases.*": _STOPPED},
    "reservation.reservations": {r"lines\[\d+\]\.released": _STOPPED},
    "payment.state": {
        r"disputes\..*": "a dispute keeps its amount and how it ended: what is left of the payment follows from it",
        r"refunds\..*\.found_as": "a refund may have been made at the provider",
    },
    "payment.payments": {
        r"left(\..*)?": "a payment says what can still be given back",
        "attention": "a payment says whether a person has to do something",
        r"refunds\[\d+\]\.resolution": "a refund that failed says how a person dealt with it",
    },
    "cart.state": {
        "changes": "counted since a cart takes so many changes and no more",
        "abandoned.*": "only the last checkout that was given up: the cart's version keeps out all of them",
    },
    "coupon.state": {"withdrawn_at": _WITHDRAWN},
    "coupon.coupons": {"withdrawn_at": _WITHDRAWN},
    "product.state": {"import_id": "a product knows the last import that had it since"},
    "import.imports": {"products_given_up": _ENDS, "cancelled_at": _ENDS},
}
