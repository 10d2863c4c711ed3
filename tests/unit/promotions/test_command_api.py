"""Redemptions as their callers see them: all or nothing, once, and with many at a time."""

import asyncio
from collections import Counter

import pytest

from functions.promotions.events import use_id
from shared.testing.api_spec import ApiSpec, Reply
from tests.unit.promotions.conftest import Promotions

V1 = "/promotions/v1"
STATED = {"kind": "stated"}
DATES = {"starts_at": "2026-02-01T00:00:00Z", "ends_at": "2026-04-01T00:00:00Z"}


def usd(amount: int) -> dict[str, object]:
    return {"amount": amount, "currency": "USD"}


async def define(
    operator: ApiSpec, code: str, *, skus: object = ("milk",), discount: object = None, limit: int | None = None
) -> Reply:
    tenth = {"kind": "percent", "percent": 10}
    body = {"campaign_id": "26", "skus": skus, **DATES, "discount": discount or tenth, "limit": limit}
    return await operator.send("PUT", f"{V1}/coupons/{code}", json=body)


async def redeem(
    service: ApiSpec, redemption: str, *codes: str, customer: str = "900", stated: dict[str, int] | None = None
) -> Reply:
    amounts = stated or {}
    coupons = [{"code": code, **({"stated": usd(amounts[code])} if code in amounts else {})} for code in codes]
    lines = [{"sku": "milk", "quantity": 2, "total": usd(398)}, {"sku": "tea", "quantity": 1, "total": usd(399)}]
    body = {"customer_id": customer, "currency": "USD", "coupons": coupons, "lines": lines}
    return await service.send("PUT", f"{V1}/redemptions/{redemption}", json=body)


async def release(service: ApiSpec, redemption: str) -> Reply:
    return await service.post(
        f"{V1}/redemptions/{redemption}/release", f"release-{redemption}", {"reason": "checkout-failed"}
    )


@pytest.fixture(autouse=True)
async def coupons(operator: ApiSpec) -> None:
    """A campaign with a coupon for milk, one for tea, a limited one, and one of a till."""
    campaign = {"name": "Winter", "kind": "Type B", **DATES}
    await operator.send("PUT", f"{V1}/campaigns/26", json=campaign)
    await define(operator, "26.MILK")
    await define(operator, "26.TEA", skus=["tea"])
    await define(operator, "26.FEW", limit=1)
    await define(operator, "26.TILL", skus=["milk", "tea"], discount=STATED)


class TestDefining:
    async def test_takes_thousands_of_products(self, operator: ApiSpec) -> None:
        """The largest coupon of the data set has 14,477 products."""
        reply = await define(operator, "18.large", skus=[f"{1_000_000 + n}" for n in range(14_477)])

        assert reply.status == 202

    async def test_refuses_what_no_event_can_hold(self, operator: ApiSpec) -> None:
        """A coupon whose products do not fit into one event is refused, not cut off."""
        reply = await define(operator, "18.larger", skus=[f"{n:0>100}" for n in range(2_600)])

        assert (reply.status, reply.json["code"]) == (413, "too-large")

    async def test_refuses_too_many_products(self, operator: ApiSpec) -> None:
        """A coupon has a limit of products, which the refusal names."""
        reply = await define(operator, "18.larger", skus=[f"{n}" for n in range(20_001)])

        assert (reply.status, reply.fields_at_fault) == (400, ["skus"])

    async def test_needs_its_campaign_first(self, operator: ApiSpec) -> None:
        """A coupon of an unknown campaign is refused."""
        body = {"campaign_id": "27", "skus": ["milk"], **DATES, "discount": STATED, "limit": None}

        reply = await operator.send("PUT", f"{V1}/coupons/27.milk", json=body)

        assert (reply.status, reply.json["code"], reply.fields_at_fault) == (
            409,
            "campaign-not-found",
            ["campaign_id"],
        )

    @pytest.mark.parametrize(
        "discount",
        [{"kind": "percent", "percent": 0}, {"kind": "percent", "percent": 101}, {"kind": "amount"}, {"kind": "gift"}],
    )
    async def test_refuses_a_discount_that_is_none(self, operator: ApiSpec, discount: object) -> None:
        """A percentage is between 1 and 100, an amount has its money, and there are no other kinds."""
        assert (await define(operator, "26.odd", discount=discount)).status == 400


class TestRedeeming:
    async def test_answers_with_the_discounts(self, service: ApiSpec) -> None:
        """Whoever redeems is told at once what is taken off which line, and why."""
        reply = await redeem(service, "r1", "26.MILK", "26.TILL", stated={"26.TILL": 100})

        assert reply.status == 202
        assert reply.json["total_discount"] == usd(140)
        assert [(each["code"], each["sku"], each["amount"]["amount"]) for each in reply.json["discounts"]] == [
            ("26.MILK", "milk", 40),
            ("26.TILL", "milk", 47),
            ("26.TILL", "tea", 53),
        ]

    async def test_again_answers_the_same_and_does_nothing(self, promotions: Promotions, service: ApiSpec) -> None:
        """The same redemption is redeemed once, with or without a key."""
        first = await redeem(service, "r1", "26.MILK", "26.FEW")

        second = await redeem(service, "r1", "26.MILK", "26.FEW")

        assert second.json == first.json
        assert len(await promotions.log("redemption-r1")) == 1

    async def test_is_published_once(self, promotions: Promotions, service: ApiSpec) -> None:
        """One redemption is one fact for others."""
        await redeem(service, "r1", "26.MILK", "26.FEW")

        (message,) = promotions.topics.on("promotions-events")
        assert message.attributes["ce-type"] == "commerce.promotions.CouponRedeemed.v1"
        assert message.attributes["ce-subject"] == "r1"

    async def test_is_all_or_nothing(self, promotions: Promotions, service: ApiSpec) -> None:
        """One coupon that cannot be redeemed refuses the others with it."""
        await redeem(service, "r1", "26.FEW", customer="901")

        reply = await redeem(service, "r2", "26.MILK", "26.FEW")

        assert (reply.status, reply.json["code"], reply.fields_at_fault) == (409, "coupon-exhausted", ["26.FEW"])
        assert await promotions.log(f"coupon_use-{use_id('26.MILK', '900')}") == []

    async def test_writes_to_no_coupon_without_limit(self, promotions: Promotions, service: ApiSpec) -> None:
        """However many redeem an unlimited coupon, they do not get in each other's way."""
        for number in range(3):
            await redeem(service, f"r{number}", "26.MILK", customer=f"{number}")

        assert len(await promotions.log("coupon-26.MILK")) == 1

    @pytest.mark.parametrize(
        ("code", "expected"),
        [("26.UNKNOWN", "coupon-not-found"), ("26.MILK", "coupon-used"), ("26.TILL", "discount-missing")],
    )
    async def test_says_which_coupon_is_at_fault(self, service: ApiSpec, code: str, expected: str) -> None:
        """A refusal names the coupon."""
        await redeem(service, "r1", "26.MILK")

        reply = await redeem(service, "r2", code)

        assert (reply.status, reply.json["code"], reply.fields_at_fault) == (409, expected, [code])

    async def test_goes_by_its_business_time(self, service: ApiSpec) -> None:
        """A till that tells of last month redeems what was valid last month."""
        body = {
            "customer_id": "900",
            "currency": "USD",
            "coupons": [{"code": "26.MILK"}],
            "lines": [{"sku": "milk", "quantity": 1, "total": usd(199)}],
            "at": "2026-01-31T23:59:59Z",
        }

        reply = await service.send("PUT", f"{V1}/redemptions/r1", json=body)

        assert reply.json["code"] == "coupon-not-started"

    async def test_takes_each_coupon_and_product_once(self, service: ApiSpec) -> None:
        """A coupon that is presented twice is a mistake of the caller."""
        assert (await redeem(service, "r1", "26.MILK", "26.MILK")).status == 400

    async def test_is_not_for_customers(self, promotions: Promotions) -> None:
        """Coupons are redeemed by the checkout, on the customer's behalf."""
        assert (await redeem(promotions.caller("900", "customer"), "r1", "26.MILK")).status == 403


class TestEnding:
    async def test_a_campaign_ends_its_coupons(self, promotions: Promotions, operator: ApiSpec) -> None:
        """Whoever comes after the campaign's new end is refused, as is plain from the campaign alone."""
        ended = {"name": "Winter", "kind": "Type B", **DATES, "ends_at": promotions.clock().isoformat()}

        await operator.send("PUT", f"{V1}/campaigns/26", json=ended)

        reply = await redeem(promotions.caller("checkout", "service"), "r1", "26.MILK")
        assert (reply.status, reply.json["code"], reply.fields_at_fault) == (409, "coupon-expired", ["26.MILK"])

    async def test_a_coupon_is_withdrawn(self, promotions: Promotions, operator: ApiSpec, service: ApiSpec) -> None:
        """From then on nobody redeems it, from whichever instance; until it is defined again."""
        other = ApiSpec(promotions.new_instance(), service.token)
        await redeem(other, "r1", "26.MILK")

        assert (await operator.send("DELETE", f"{V1}/coupons/26.MILK")).status == 202

        refused = await redeem(other, "r2", "26.MILK", customer="901")
        assert (refused.status, refused.json["code"]) == (409, "coupon-withdrawn")
        await define(operator, "26.MILK")
        assert (await redeem(other, "r2", "26.MILK", customer="901")).status == 202

    async def test_an_unknown_coupon_is_not_withdrawn(self, operator: ApiSpec) -> None:
        """There is nothing to withdraw."""
        assert (await operator.send("DELETE", f"{V1}/coupons/26.UNKNOWN")).status == 404


class TestACodesCase:
    """Upper and lower case are the same coupon, from the edge on."""

    async def test_is_upper_wherever_it_is_shown(self, promotions: Promotions, operator: ApiSpec) -> None:
        """Whoever defines a coupon is told its place, and finds it there under either form."""
        reply = await define(operator, "Save10")
        await promotions.project("coupon-SAVE10")

        reader = promotions.reader("op", "operator")
        assert reply.headers["location"] == f"{V1}/coupons/SAVE10"
        for written in ("save10", "SAVE10"):
            assert (await reader.get(f"{V1}/coupons/{written}")).json["id"] == "SAVE10"
            assert (await reader.get(f"{V1}/coupons/{written}/history")).status == 200

    async def test_makes_no_second_coupon(self, promotions: Promotions, operator: ApiSpec) -> None:
        """Defined the same again in another case it is no change."""
        await define(operator, "Save10")

        await define(operator, "sAVE10")

        assert len(await promotions.log("coupon-SAVE10")) == 1

    async def test_gives_nobody_a_second_use(self, promotions: Promotions, service: ApiSpec) -> None:
        """A customer uses it once, and a limited one counts, however it is written; both are found by either form."""
        assert (await redeem(service, "r1", "26.milk", "26.few")).status == 202

        assert (await redeem(service, "r2", "26.Milk")).json["code"] == "coupon-used"
        assert (await redeem(service, "r3", "26.Few", customer="901")).json["code"] == "coupon-exhausted"
        await promotions.project(f"coupon_use-{use_id('26.MILK', '900')}")
        uses = await promotions.reader("op", "operator").get(f"{V1}/coupon-uses?code=26.mILK")
        assert [use["code"] for use in uses.json["items"]] == ["26.MILK"]

    async def test_makes_no_second_discount(self, service: ApiSpec) -> None:
        """One basket cannot present it twice by writing it twice."""
        assert (await redeem(service, "r1", "26.milk", "26.MILK")).status == 400


class TestReleasing:
    async def test_makes_the_coupons_usable_again(self, service: ApiSpec) -> None:
        """After a release the customer, or for the last of a limited coupon another, can redeem."""
        await redeem(service, "r1", "26.MILK", "26.FEW")

        assert (await release(service, "r1")).status == 202

        assert (await redeem(service, "r2", "26.MILK")).status == 202
        assert (await redeem(service, "r3", "26.FEW", customer="901")).status == 202

    async def test_twice_releases_once(self, promotions: Promotions, service: ApiSpec) -> None:
        """A release that comes again takes nothing from those who redeemed since."""
        await redeem(service, "r1", "26.FEW")
        await release(service, "r1")
        await redeem(service, "r2", "26.FEW")

        reply = await service.post(f"{V1}/redemptions/r1/release", "another key", {"reason": "checkout-failed"})

        assert reply.status == 202
        assert (await redeem(service, "r3", "26.FEW", customer="901")).json["code"] == "coupon-exhausted"

    async def test_before_its_redemption_refuses_that(self, service: ApiSpec) -> None:
        """A release that overtakes its redemption wins."""
        assert (await release(service, "r1")).status == 202

        assert (await redeem(service, "r1", "26.MILK")).json["code"] == "redemption-released"
        assert (await redeem(service, "r2", "26.MILK")).status == 202


class TestManyAtATime:
    async def test_a_limit_holds(self, promotions: Promotions, service: ApiSpec) -> None:
        """Of fifty customers who race for the last of a coupon, one gets it, from whichever instance."""
        others = [promotions.new_instance() for _ in range(3)]
        callers = [service, *(ApiSpec(other, service.token) for other in others)]

        replies = await asyncio.gather(*(redeem(callers[n % 4], f"r{n}", "26.FEW", customer=f"{n}") for n in range(50)))

        assert Counter(reply.json.get("code") for reply in replies) == {None: 1, "coupon-exhausted": 49}

    async def test_a_customer_uses_a_coupon_once(self, promotions: Promotions, service: ApiSpec) -> None:
        """Of fifty redemptions of one customer that race, one is redeemed."""
        others = [promotions.new_instance() for _ in range(3)]
        callers = [service, *(ApiSpec(other, service.token) for other in others)]

        replies = await asyncio.gather(*(redeem(callers[n % 4], f"r{n}", "26.MILK") for n in range(50)))

        assert Counter(reply.json.get("code") for reply in replies) == {None: 1, "coupon-used": 49}

    async def test_the_same_redemption_is_one(self, promotions: Promotions, service: ApiSpec) -> None:
        """Fifty times the same redemption is one, and everybody is told the same."""
        other = ApiSpec(promotions.new_instance(), service.token)

        replies = await asyncio.gather(*(redeem((service, other)[n % 2], "r1", "26.FEW") for n in range(50)))

        assert {reply.body for reply in replies} == {replies[0].body}
        assert len(await promotions.log("coupon-26.FEW")) == 2


class TestReading:
    async def test_a_customer_sees_their_own_redemptions(self, promotions: Promotions, service: ApiSpec) -> None:
        """What was taken off, and why, is for the customer to see, and for no other."""
        await redeem(service, "r1", "26.MILK")
        await promotions.project("redemption-r1")

        mine = await promotions.reader("900", "customer").get(f"{V1}/redemptions/r1?min_version=1")
        theirs = await promotions.reader("901", "customer").get(f"{V1}/redemptions/r1")

        assert mine.json["discounts"][0]["reason"] == "10 % off the 1 line that coupon 26.MILK is valid for"
        assert theirs.status == 404

    async def test_staff_see_who_used_a_coupon(self, promotions: Promotions, service: ApiSpec) -> None:
        """A coupon's uses are a list of their own, page by page."""
        for customer in ("900", "901"):
            await redeem(service, f"r{customer}", "26.MILK", customer=customer)
            await promotions.project(f"coupon_use-{use_id('26.MILK', customer)}")

        reader = promotions.reader("op", "operator")
        page = await reader.get(f"{V1}/coupon-uses?code=26.MILK&limit=1")
        rest = await reader.get(f"{V1}/coupon-uses?code=26.MILK&limit=1&cursor={page.json['next']}")

        assert {each["customer_id"] for reply in (page, rest) for each in reply.json["items"]} == {"900", "901"}
