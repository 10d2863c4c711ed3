"""What can be asked of a customer's profile."""

from pydantic import AwareDatetime, BaseModel, ConfigDict

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


class EraseCustomer(Command):
    """`by` names who asks."""

    customer_id: str
    by: str
    at: AwareDatetime


CustomerCommand = ChangeProfile | EraseCustomer
