"""The commands of the notifications service over HTTP: for its operators."""

from functions.notifications.commands import RetryMail
from functions.notifications.manifest import MAIL, NAME
from functions.notifications.state import Mail
from shared.http.auth import PEOPLE
from shared.http.command_api import Call, CommandApi, CommandEndpoint, open_to_its_roles
from shared.http.requests import Body, ShopReason


class RetryBody(Body):
    reason: ShopReason


def _retry(body: RetryBody, call: Call) -> RetryMail:
    return RetryMail(reason=body.reason, at=call.now)


MAIL_COMMANDS = CommandApi[Mail](
    service=NAME,
    category=MAIL,
    entity="/mails/{mail_id}",
    guard=open_to_its_roles,
    endpoints=(
        CommandEndpoint(
            method="POST",
            path="/mails/{mail_id}/retry",
            body=RetryBody,
            build=_retry,
            roles=PEOPLE,
            settles=True,
            summary="Try a mail again that waits, failed or was abandoned.",
        ),
    ),
)
