"""What the rules know of a customer's attempts to check out: a fold of their events."""

from pydantic import AwareDatetime, BaseModel, ConfigDict


class Attempt(BaseModel):
    model_config = ConfigDict(frozen=True)
    checkout_id: str
    request_id: str
    at: AwareDatetime


class Attempts(BaseModel):
    """The latest of a customer, oldest first: as many as may matter."""

    model_config = ConfigDict(frozen=True)
    latest: tuple[Attempt, ...] = ()
