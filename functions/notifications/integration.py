"""What other services may know of mails and contacts: nothing. Where a mail stands is asked for, by operators."""

from functions.notifications.events import ContactEvent, MailEvent


def mail_to_integration(_: MailEvent) -> None:
    """No mail event is public."""


def contact_to_integration(_: ContactEvent) -> None:
    """No contact event is public: contacts are the customers service's to publish."""
