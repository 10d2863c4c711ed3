"""What can have happened to a customer's attempts to check out: the storage contract. A shape never changes under the
same version. What happens to a checkout itself is the kit's.
"""

from typing import ClassVar

from pydantic import AwareDatetime

from shared.eventsourcing.message import Event


class AttemptBegun(Event):
    """The customer begins a checkout, by the request of this id. `forgotten` are earlier ones that say nothing of how
    it goes to them in a row any more.
    """

    TYPE: ClassVar = "AttemptBegun.v1"
    customer_id: str
    checkout_id: str
    request_id: str
    forgotten: tuple[str, ...]
    at: AwareDatetime


AttemptEvent = AttemptBegun
