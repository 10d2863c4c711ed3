"""Earlier shapes of the events of mails and contacts, made current when they are read. What is released here is never
edited.
"""

from collections.abc import Mapping
from typing import Any

from functions.notifications.events import ContactEvent, MailEvent
from shared.eventsourcing.codec import Codec


def recorded_v1(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """v2 knows the version of the customer; before, times were compared. Whatever has a version comes after it."""
    return {**data, "customer_version": 0}


def requested_v1(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """v2 has one more kind of mail."""
    return data


def requested_v2(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """v3 has mails on returns."""
    return data


def requested_v3(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """v4 has mails on pieces that were cancelled, and on parcels that were lost."""
    return data


def requested_v4(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """v5 has mails on returns that failed."""
    return data


MAIL_CODEC = Codec[MailEvent](
    MailEvent,
    {
        "MailRequested.v1": requested_v1,
        "MailRequested.v2": requested_v2,
        "MailRequested.v3": requested_v3,
        "MailRequested.v4": requested_v4,
    },
)
CONTACT_CODEC = Codec[ContactEvent](ContactEvent, {"ContactRecorded.v1": recorded_v1})
