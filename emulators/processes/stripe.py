"""A local Stripe: PyPI's `localstripe`, started, checked, stopped with us."""

import http.client
import json
import sys
from pathlib import Path

from emulators.processes.google import Emulator, EmulatorError
from emulators.processes.ports import LOOPBACK

SECRET_KEY = "sk_test_local"  # noqa: S105 - localstripe takes any key that begins like one
WEBHOOK_SECRET = "whsec_local"  # noqa: S105 - signs between two processes of one machine
_SERVER = Path(__file__).parent / "stripe_server.py"
_TIMEOUT = 5


def start_stripe(*, log_file: Path, port: int | None = None) -> Emulator:
    """Blocks until healthy; EmulatorError with the end of its log otherwise, PortTakenError if `port` is."""

    def command(port: int, _: int) -> list[str]:
        # -P: a folder that holds a `stripe.py` must not come before the package of that name.
        return [sys.executable, "-P", str(_SERVER), LOOPBACK, str(port)]

    return Emulator("Stripe", command, log_file=log_file, port=port)


def send_webhooks(host: str, url: str, *, secret: str = WEBHOOK_SECRET) -> None:
    """Have the local Stripe at `host` post its events to `url`, signed. It forgets that when it is restarted."""
    connection = http.client.HTTPConnection(host, timeout=_TIMEOUT)
    try:
        body = json.dumps({"url": url, "secret": secret})
        connection.request("POST", "/_config/webhooks/commerce", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise EmulatorError(f"the local Stripe takes no webhooks for {url}: {answer.status}")
