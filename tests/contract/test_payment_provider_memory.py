"""The memory provider keeps what every payment provider promises."""

import pytest

from functions.payments.adapters.memory import Fault, MemoryProvider
from shared.eventsourcing.errors import UnavailableError
from tests.contract.payment_provider import PaymentProviderConformance, charge


@pytest.fixture
def provider() -> MemoryProvider:
    return MemoryProvider()


class TestMemoryProvider(PaymentProviderConformance):
    pass


@pytest.mark.parametrize(("fault", "made"), [(Fault.BEFORE, 0), (Fault.AFTER, 1)])
async def test_fails_on_request(provider: MemoryProvider, fault: Fault, made: int) -> None:
    """A call is lost before or after it is done, and the next one is not."""
    provider.next_calls = [fault]

    with pytest.raises(UnavailableError):
        await provider.create(charge())

    assert len(provider.intents) == made
    await provider.create(charge())
