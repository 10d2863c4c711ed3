"""One rule says what mail can be sent to, where a customer states it and where the mail is sent."""

import pytest
from pydantic import ValidationError

from functions.customers.command_api import ProfileBody
from functions.notifications.adapters.smtp import SmtpMailer
from functions.notifications.port import Mail, MailRefusedError
from shared.adapters.mail_address import mailable
from shared.testing.doubles import NOON

NEVER_MAILED = (
    "jürgen@example.com",
    "a..b@example.com",
    "a,b@example.com",
    "ann.@example.com",
    "ann@example.com.",
    "ann@example..com",
    "ann@localhost",
    "ann@shop.invalid",
    "ann@[127.0.0.1]",
    "Ann <ann@example.com>",
    '"ann lee"@example.com',
    f"{'a' * 65}@example.com",
)
never = pytest.mark.parametrize("address", NEVER_MAILED)


@never
def test_what_cannot_be_mailed_is_refused_to_the_customer(address: str) -> None:
    """By the field's name, and with nothing of the address in the words."""
    with pytest.raises(ValidationError) as refused:
        ProfileBody(name="Ann", email=address)

    (error,) = refused.value.errors()
    assert (error["loc"], address.partition("@")[0] in error["msg"]) == (("email",), False)


@never
async def test_what_cannot_be_mailed_is_never_tried(address: str) -> None:
    """No server is asked: it is refused for good."""
    mail = Mail(
        message_id="<m1@example.com>",
        sender="shop@example.com",
        recipient=address,
        recipient_name="Ann",
        subject="Your order",
        text="Hello",
        at=NOON,
    )

    with pytest.raises(MailRefusedError, match="address-not-usable"):
        await SmtpMailer(host="127.0.0.1", port=1).send(mail)


@pytest.mark.parametrize(
    ("stated", "mailed"),
    [
        ("ann@example.com", "ann@example.com"),
        ("Ann.Lee+shop@Example.COM", "Ann.Lee+shop@example.com"),
        ("ann@exämple.com", "ann@xn--exmple-cua.com"),
    ],
)
def test_an_address_is_kept_as_stated_and_mailed_in_ascii(stated: str, mailed: str) -> None:
    """A domain of any letters goes as punycode."""
    body = ProfileBody(name="Ann", email=stated)

    assert (body.email, mailable(body.email)) == (stated, mailed)
