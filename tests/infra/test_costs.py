"""The arithmetic of docs/costs.md, and that nothing that was counted is left out of it."""

from pathlib import Path
from typing import Any

import pytest

import functions
from emulators.edge.scheduler import Cron
from infra.costs import report as tables
from infra.costs.counts import MEANING, PAID, SHIPPED, Counted, report
from infra.costs.idle import DAYS, runs_a_month, schedules, standing
from infra.costs.model import CLIENT_REQUESTS, Bill, Line, late_walks
from infra.costs.prices import GIB, MILLION, TIB, List
from shared.adapters.system import utc_now
from shared.topology import discover

ROOT = Path(__file__).resolve().parents[2]
SERVICES = discover(functions)
SCHEDULES = [schedule for service in SERVICES for schedule in service.schedules]


def of_one(**phase: Any) -> Counted:
    """Two checkouts with these counts."""
    return Counted(("all",), {"checkouts": 2, "phases": {"all": {"log_bytes": 0, "cpu_seconds": {}, **phase}}})


def test_a_price_is_for_its_unit() -> None:
    """A million documents cost what the list says of a million; a TiB of messages what it says of a TiB."""
    assert List.WRITE.of(MILLION) == pytest.approx(0.90)
    assert List.MESSAGE.of(TIB) == pytest.approx(40.0)
    assert List.INSERT.of(GIB) == pytest.approx(0.01 * 1024 / 200)


def test_a_line_is_for_a_million_checkouts() -> None:
    """What one checkout takes is taken a million times."""
    assert Line("Firestore", "documents written", 3, List.WRITE).dollars == pytest.approx(2.70)


def test_every_price_has_a_name_of_its_own() -> None:
    """Equal prices of different things are not taken for one."""
    assert len(List) == len(List.__members__)


def test_counts_are_for_one_checkout() -> None:
    """What a run of two checkouts counted is halved, over all services."""
    counted = of_one(stores={"cart": {"written": 6}, "orders": {"written": 2}})

    assert counted.operations("written") == 4


def test_every_counted_operation_has_a_meaning_in_the_bill() -> None:
    """No store, topic or key is asked for something that nobody has thought of a price for."""
    found = Counted((*PAID, *SHIPPED), report()).names
    of_runs = {name for runs in report()["schedules"].values() for counts in runs.values() for name in counts}

    assert (found | of_runs) - {"milliseconds"} <= MEANING.keys()


def test_every_function_that_was_asked_is_in_a_manifest() -> None:
    """The counts are of the functions that there are."""
    declared = {f"{service.name}-{function.name}" for service in SERVICES for function in service.functions}

    assert Counted((*PAID, *SHIPPED), report()).requests().keys() <= declared


def test_every_topic_with_messages_is_in_a_manifest() -> None:
    """And of the topics that there are: no message is left unpriced."""
    declared = {topic.name for service in SERVICES for topic in service.topics}

    assert {topic for phase in report()["phases"].values() for topic in phase["topics"]} <= declared


def test_every_schedule_was_run_idle() -> None:
    """The idle month knows what each schedule takes: one that is added is counted anew."""
    assert {schedule.name for schedule in SCHEDULES} == report()["schedules"]["idle"].keys()


def test_an_idle_run_changes_nothing() -> None:
    """What has nothing to do writes nothing, so what was counted was idle."""
    assert {name for name, counts in report()["schedules"]["idle"].items() if counts.get("written")} == set()


def test_customers_ask_what_the_bill_says() -> None:
    """A cart, its lines, a checkout and two looks."""
    assert report()["lines"] + 4 == CLIENT_REQUESTS


def test_every_checkout_took_the_same_way() -> None:
    """Each took as many requests as any other: nothing was retried, nothing of somebody else's is in the counts."""
    requests = Counted(PAID, report()).requests()

    assert all(count == int(count) for count in requests.values()), requests


def test_the_bill_is_the_sum_of_its_lines() -> None:
    """And none of them is for nothing but the queue of timers, which only waiting checkouts use."""
    bill = Bill.until_paid(report(), SERVICES)

    assert bill.dollars == pytest.approx(sum(line.dollars for line in bill.lines))
    assert {line.component for line in bill.lines if not line.dollars} == {"Cloud Tasks"}


def test_an_orchestrator_is_billed_for_waiting() -> None:
    """It asks eleven times and appends twelve commits: 0.79 s, in whole steps."""
    bill = Bill.until_paid(report(), SERVICES)

    assert bill.calls == 11
    assert bill.seconds()["checkout-orchestrator"] == pytest.approx(0.8)


def test_late_walks_are_of_this_checkouts_commits() -> None:
    """Packing writes each commit of the event-sourced services once."""
    bill = Bill.until_paid(report(), SERVICES)
    packed = late_walks(bill)[-1]

    assert packed.units == sum(bill.counted.messages(f"{service.name}-commits") for service in SERVICES)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule.name)
def test_runs_are_those_of_the_schedule(schedule: Any) -> None:
    """As many a day as the local scheduler fires."""
    cron = Cron.parse(schedule.cron)
    midnight = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
    fired = sum(cron.matches(midnight.replace(hour=hour, minute=minute)) for hour in range(24) for minute in range(60))

    assert runs_a_month(schedule.cron) / DAYS == pytest.approx(fired)


def test_days_and_months_are_not_understood() -> None:
    """A schedule of Sundays is not priced as one of every day."""
    with pytest.raises(ValueError, match="names days or months"):
        runs_a_month("0 3 * * 0")


def test_the_idle_month_has_every_schedule() -> None:
    """Once by its runs, and once as a job."""
    runs = schedules(report(), SERVICES)

    assert sum(each.jobs for each in runs) == len(SCHEDULES)
    assert standing(SERVICES)[0].dollars == pytest.approx(0.10 * len(SCHEDULES))


def test_the_committed_tables_are_the_ones_that_are_made() -> None:
    """docs/costs.md says what counts, prices and manifests come to now."""
    text = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")
    made = (
        tables.run(),
        tables.bill(SERVICES),
        tables.other_choices(SERVICES),
        tables.idle_month(SERVICES),
        tables.sizes(SERVICES),
        tables.growth(),
        tables.price_list(),
    )

    assert [table[:60] for table in made if table not in text] == [], "run: make docs"
