"""What mail can be sent to: one rule, for who takes an address from a customer and for who sends the mail."""

MAX_CHARS = 254


def mailable(address: str) -> str:
    """The address as mail servers take it: ASCII before the @, behind it a domain in punycode. ValueError, which quotes
    nothing of it, if there is no such form; few servers take a mailbox beyond ASCII. Nobody is asked whether it exists.
    """
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - few requests need it

    try:
        checked = validate_email(address, allow_smtputf8=False, check_deliverability=False, strict=True)
    except EmailNotValidError:
        checked = None
    if checked is None or checked.ascii_email is None:
        raise ValueError("must be an address that mail can be sent to, with nothing but ASCII before the @")
    return checked.ascii_email
