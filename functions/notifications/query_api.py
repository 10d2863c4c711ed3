"""The queries of the notifications service over HTTP, for its operators."""

from functions.notifications.events import MailEvent
from functions.notifications.manifest import NAME
from functions.notifications.projections import MAILS_PROJECTION
from functions.notifications.read_models import MailView
from shared.http.auth import PEOPLE
from shared.http.query_api import QueryApi

MAIL_QUERIES = QueryApi[MailEvent, MailView](
    service=NAME,
    projection=MAILS_PROJECTION,
    entity="/mails/{mail_id}",
    collection="/mails",
    filters=("customer_id", "status"),
    order_by="requested_at",
    seen_by=PEOPLE,
)
