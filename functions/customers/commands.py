"""What can be asked of a customer's profile."""

from pydantic import AwareDatetime, BaseModel, ConfigDict

from functions.customers.events import UnderWay
from shared.eventsourcing.message import Command
from shared.eventsourcing.personal import SealedText


class SealedProfile(BaseModel):
    """The personal fields of a profile; `addresses` are all of them in one text."""

    model_config = ConfigDict(frozen=True)
    name: SealedText
    email: SealedText
    addresses: SealedText


class ChangeProfile(Command):
    """Make the profile this one."""

    customer_id: str
    profile: SealedProfile
    mail_preferences: dict[str, bool]
    at: AwareDatetime


class RequestErasure(Command):
    """Erase the customer as soon as nothing of theirs is under way. `by` names who asks."""

    customer_id: str
    by: str
    at: AwareDatetime


class DeferErasure(Command):
    """Something is under way: the erasure waits, and is looked at again later."""

    waits_for: tuple[UnderWay, ...]
    at: AwareDatetime


class EraseCustomer(Command):
    """Nothing is under way: carry out the erasure that was requested."""

    customer_id: str
    at: AwareDatetime


CustomerCommand = ChangeProfile | RequestErasure | DeferErasure | EraseCustomer
