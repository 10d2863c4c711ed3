"""Made-up people for the data set's households: always the same ones, and none of them exists."""

from typing import Any

_FIRST = ("Ada", "Ben", "Cora", "Dan", "Edith", "Finn", "Grace", "Hugo", "Ines", "Jan", "Kate", "Leo", "Mia")
_LAST = ("Ash", "Birch", "Cedar", "Elm", "Fir", "Hazel", "Larch", "Maple", "Oak", "Pine", "Rowan")
_STREETS = ("Mill Lane", "Station Road", "Church Street", "Park Avenue", "Harbour Row", "Orchard Way", "Bridge Street")


def name_of(household: str) -> str:
    number = int(household)
    return f"{_FIRST[number % len(_FIRST)]} {_LAST[number % len(_LAST)]}"


def email_of(household: str) -> str:
    return f"household-{household}@example.com"


def profile_of(household: str) -> dict[str, Any]:
    """As the customers service wants it: all mails are wanted."""
    address = {"label": "home", **_place(household)}
    return {"name": name_of(household), "email": email_of(household), "addresses": [address], "mail_preferences": {}}


def address_of(household: str) -> dict[str, Any]:
    """As the checkout wants it."""
    return {"name": name_of(household), **_place(household)}


def _place(household: str) -> dict[str, Any]:
    number = int(household)
    street = f"{1 + number % 97} {_STREETS[number % len(_STREETS)]}"
    return {
        "lines": [street],
        "city": "Exampleton",
        "region": "CA",
        "postal_code": f"{10000 + number}",
        "country": "US",
    }
