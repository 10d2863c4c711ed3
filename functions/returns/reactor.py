"""What returns do about the news of payments: a refund that was waited for has ended."""

from collections.abc import Sequence

from functions.returns.manifest import RETURN
from functions.returns.workflow import REFUND
from shared.eventsourcing.joint import Plan, Read, Target
from shared.eventsourcing.reaction import Delivery, Reaction, Reads
from shared.eventsourcing.workflow.commands import ConfirmStep
from shared.eventsourcing.workflow.state import Saga, Status


class RefundEnded(Reads):
    """It was given, or is on the payments' list of what needs a person. That of a return has the return's id."""

    refund_id: str


def confirm_refund(event: RefundEnded, delivery: Delivery) -> Plan:
    """One that waits for payments to answer need not wait any more."""

    async def plan(read: Read) -> Sequence[Target]:
        saga: Saga = await read(RETURN, event.refund_id)
        if saga.status is Status.ABSENT:
            return ()
        return (Target(RETURN, event.refund_id, ConfirmStep(step=REFUND, at=delivery.at)),)

    return plan


REACTIONS = (
    Reaction(service="payments", type="PaymentRefunded.v1", reads=RefundEnded, react=confirm_refund),
    Reaction(service="payments", type="PaymentRefundFailed.v1", reads=RefundEnded, react=confirm_refund),
)
