"""The arithmetic of docs/costs.md, and that nothing that was counted is left out of it."""

from pathlib import Path
from typing import Any

import pytest

import functions
from emulators.edge.scheduler import Cron
from infra.costs import report as tables
from infra.costs.choices import choices
from infra.costs.counts import MEANING, PAID, SHIPPED, Counted, report
from infra.costs.idle import KEPT_IMAGES, standing, told
from infra.costs.instances import OUTSIDE, PROVIDER, STEP, WEBHOOKS, steps
from infra.costs.model import ASKED_MEANWHILE, CLIENT_REQUESTS, LINE_BYTES, Bill, Line, late_walks
from infra.costs.prices import DAYS_A_MONTH, GIB, MILLION, TIB, List
from infra.costs.schedules import runs_a_month, schedules, uncounted
from infra.pulumi.config import Builds
from shared.adapters.system import utc_now
from shared.topology import Permission, discover

ROOT = Path(__file__).resolve().parents[2]
SERVICES = discover(functions)
SCHEDULES = [schedule for service in SERVICES for schedule in service.schedules]
COUNT_ANEW = "run: python -m tests.bench.checkouts, then make docs"


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

    assert Counted((*PAID, *SHIPPED), report()).requests().keys() <= declared, COUNT_ANEW


def test_every_topic_with_messages_is_in_a_manifest() -> None:
    """And of the topics that there are: no message is left unpriced."""
    declared = {topic.name for service in SERVICES for topic in service.topics}

    assert {topic for phase in report()["phases"].values() for topic in phase["topics"]} <= declared, COUNT_ANEW


def without(*names: str) -> dict[str, Any]:
    """The report, if these schedules had not been there when it was counted."""
    runs = {name: counts for name, counts in report()["schedules"]["idle"].items() if name not in names}
    return {**report(), "schedules": {**report()["schedules"], "idle": runs}}


def test_a_schedule_that_is_new_is_taken_for_the_average_of_its_kind() -> None:
    """Whoever adds one need not count anew: the document still has a month, and says what is not counted."""
    counted, guessed = schedules(report(), SERVICES), schedules(without("cart-drain"), SERVICES)
    (before,) = [runs for runs in counted if runs.kind.startswith("drain")]
    (after,) = [runs for runs in guessed if runs.kind.startswith("drain")]

    assert set(uncounted(without("cart-drain"), SERVICES)) == {"cart-drain", *uncounted(report(), SERVICES)}
    assert (after.jobs, after.runs) == (before.jobs, before.runs)
    assert after.dollars == pytest.approx(before.dollars, rel=0.05)


def test_what_is_not_counted_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Below the table of the idle month."""
    monkeypatch.setattr(tables, "report", lambda: without("cart-drain", "cart-expiry"))
    named = ", ".join(f"`{name}`" for name in uncounted(without("cart-drain", "cart-expiry"), SERVICES))

    assert named.startswith("`cart-drain`, `cart-expiry`")
    assert tables.idle_month(SERVICES).endswith(f"average of their kind: {named}.")


def test_an_idle_run_changes_nothing() -> None:
    """What has nothing to do writes nothing, so what was counted was idle."""
    assert {name for name, counts in report()["schedules"]["idle"].items() if counts.get("written")} == set()


def test_customers_ask_what_the_bill_says() -> None:
    """A cart, its lines, a checkout and two looks."""
    assert report()["lines"] + 5 == CLIENT_REQUESTS


def test_every_checkout_took_the_same_way() -> None:
    """Each took as many requests as any other: nothing was retried, nothing of somebody else's is in the counts."""
    requests = Counted(PAID, report()).requests()

    assert all(count == int(count) for count in requests.values()), requests


def test_the_bill_is_the_sum_of_its_lines() -> None:
    """And none of them is for nothing but the queue of timers, which only waiting checkouts use."""
    bill = Bill.until_paid(report(), SERVICES)

    assert bill.dollars == pytest.approx(sum(line.dollars for line in bill.lines))
    assert {line.component for line in bill.lines if not line.dollars} == {"Cloud Tasks"}


def test_the_provider_s_own_request_is_no_call_of_the_workflow() -> None:
    """Eleven steps of a checkout without coupons ask another service; what Stripe sends comes the same way."""
    bill = Bill.until_paid(report(), SERVICES)

    assert bill.balanced == CLIENT_REQUESTS + WEBHOOKS + ASKED_MEANWHILE + 11
    assert bill.calls == 11


def test_an_orchestrator_is_billed_for_waiting() -> None:
    """It asks eleven times, waits twice for the payment provider, and appends its commits; in whole steps."""
    bill = Bill.until_paid(report(), SERVICES)

    assert bill.seconds()["checkout-orchestrator"] == pytest.approx(2.3)


def test_what_waits_for_others_outside_is_billed_for_it() -> None:
    """All functions that were asked and have somebody outside to ask: they have secrets, or insert into BigQuery."""
    asked = Counted((*PAID, *SHIPPED), report()).requests().keys()
    functions = {
        f"{service.name}-{each.name}": each
        for service in SERVICES
        for each in service.functions
        if each.secrets or Permission.WRITE_ANALYTICS in each.permissions
    }

    assert asked & functions.keys() == OUTSIDE.keys()


def test_a_request_takes_whole_steps() -> None:
    """One at least; a webhook waits for nobody, so it takes one beside the provider's eight."""
    bill = Bill.until_paid(report(), SERVICES)

    assert [steps(0.01), steps(0.1), steps(0.101)] == [1, 1, 2]
    assert bill.seconds()[PROVIDER] == pytest.approx((8 + 8 + 1) * STEP)


def test_a_line_of_a_log_is_more_than_what_was_written() -> None:
    """What Cloud Logging adds to each is billed with it, in a busy month and in an idle one."""
    lines = {line.what: line.units for line in Bill.until_paid(report(), SERVICES).lines if line.component == "Logging"}
    (idle, *_) = told(report(), SERVICES)
    runs = sum(runs_a_month(schedule.cron) for schedule in SCHEDULES)

    assert lines[f"bytes around them, {LINE_BYTES} a line"] == 84 * LINE_BYTES
    assert idle.dollars > List.LOG.of(runs * LINE_BYTES)


def test_calls_of_google_workflows_are_external_steps() -> None:
    """They go to the shop's own domain."""
    (workflows,) = [each for each in choices(Bill.until_paid(report(), SERVICES)) if "Workflows" in each.what]

    assert workflows.dollars == pytest.approx(11 * 25 + 14 * 10)


def test_as_many_images_are_paid_for_as_are_kept() -> None:
    """The number is a setting; the default is what is priced."""
    assert Builds().kept_images == KEPT_IMAGES


def test_late_walks_are_of_this_checkouts_commits() -> None:
    """Each walk of a service reads each of its commits twice."""
    bill = Bill.until_paid(report(), SERVICES)
    (walked,) = late_walks(bill)
    regular = {"/", "/sweep", "/drain"}

    assert walked.units == 2 * sum(
        bill.counted.messages(f"{service.name}-commits")
        for service in SERVICES
        for schedule in service.schedules
        if schedule.path not in regular
    )


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule.name)
def test_runs_are_those_of_the_schedule(schedule: Any) -> None:
    """As many a day as the local scheduler fires."""
    cron = Cron.parse(schedule.cron)
    midnight = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
    fired = sum(cron.matches(midnight.replace(hour=hour, minute=minute)) for hour in range(24) for minute in range(60))

    assert runs_a_month(schedule.cron) / DAYS_A_MONTH == pytest.approx(fired)


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
        tables.instance_time(SERVICES),
        tables.other_choices(SERVICES),
        tables.idle_month(SERVICES),
        tables.sizes(SERVICES),
        tables.growth(),
        tables.price_list(),
    )

    assert [table[:60] for table in made if table not in text] == [], "run: make docs"
