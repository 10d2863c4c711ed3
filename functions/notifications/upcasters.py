"""Earlier shapes of a contact's events, made current when they are read. What is released here is never edited."""

from collections.abc import Mapping
from typing import Any

from functions.notifications.events import ContactEvent
from shared.eventsourcing.codec import Codec


def recorded_v1(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """v2 knows the version of the customer; before, times were compared. Whatever has a version comes after it."""
    return {**data, "customer_version": 0}


CONTACT_CODEC = Codec[ContactEvent](ContactEvent, {"ContactRecorded.v1": recorded_v1})
