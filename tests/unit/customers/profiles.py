"""A profile as a client sends it, with words that occur nowhere else."""

from typing import Any

URL = "/customers/v1/customers/900"
ADDRESS = {
    "label": "home",
    "lines": ["12 St James's Square"],
    "city": "Londinium",
    "region": "",
    "postal_code": "SW1Y 4JH",
    "country": "GB",
    "phone": "+44 20 7946 0958",
}
PROFILE: dict[str, Any] = {
    "name": "Ada Lovelace",
    "email": "ada@analytical.example",
    "addresses": [ADDRESS],
    "mail_preferences": {"order_placed": False},
}
SECRETS = (b"Lovelace", b"analytical", b"James", b"Londinium", b"SW1Y", b"7946")
