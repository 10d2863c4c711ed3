"""Where states and documents have left what the samples say, each with its reason.

A sample is never changed. If a state or a document gets another shape, name here the paths that are not compared any
more: `category.state` or `category.collection` → a pattern of paths (a regular expression) → why.
"""

from collections.abc import Mapping
from typing import Final

_BY_VERSION: Final = "which news of a customer is the later one is told by the customer's version, not by a time"
_WITHDRAWN: Final = "coupons can be withdrawn since"
_ENDS: Final = "imports can be given up and cancelled since"
DEPARTURES: Final[Mapping[str, Mapping[str, str]]] = {
    "contact.state": {"changed_at": _BY_VERSION, "customer_version": _BY_VERSION},
    "price.state": {"decided_at": "a price from now on begins no earlier than the ones that were accepted before it"},
    "coupon.state": {"withdrawn_at": _WITHDRAWN},
    "coupon.coupons": {"withdrawn_at": _WITHDRAWN},
    "product.state": {"import_id": "a product knows the last import that had it since"},
    "import.imports": {"products_given_up": _ENDS, "cancelled_at": _ENDS},
    "cart.state": {"changes": "counted since a cart takes so many changes and no more"},
}
