"""Money: integer minor units and an ISO 4217 currency, never a float."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MAX_AMOUNT = 10**12
"""In minor units; a rule that sums amounts must stay within it."""
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class Money(BaseModel):
    """An amount in minor units (cents), of one currency."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    amount: Annotated[int, Field(ge=0, le=MAX_AMOUNT)]
    currency: Currency
