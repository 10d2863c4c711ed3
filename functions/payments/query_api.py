"""The payments' queries over HTTP. A customer sees their own payments; the ledger is for people of the shop, and so is
the list of payments that need a person, by `attention`.
"""

from functions.payments.events import PaymentEvent
from functions.payments.manifest import NAME
from functions.payments.projections import LEDGER_PROJECTION, PAYMENTS_PROJECTION
from functions.payments.read_models import LedgerView, PaymentView
from shared.http.auth import PEOPLE
from shared.http.query_api import QueryApi

PAYMENT_QUERIES = QueryApi[PaymentEvent, PaymentView](
    service=NAME,
    projection=PAYMENTS_PROJECTION,
    entity="/payments/{payment_id}",
    collection="/payments",
    owner="customer_id",
    filters=("customer_id", "status", "attention"),
    required_one_of=("customer_id", "attention"),
    order_by="requested_at",
    seen_by=PEOPLE,
)
LEDGER_QUERIES = QueryApi[PaymentEvent, LedgerView](
    service=NAME,
    projection=LEDGER_PROJECTION,
    entity="/ledger/{payment_id}",
    collection="/ledger",
    filters=("currency",),
    required=("currency",),
    order_by="opened_at",
    seen_by=PEOPLE,
)
