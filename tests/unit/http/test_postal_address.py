"""Postal addresses: what each country needs, and what a label can take."""

import json
from typing import Any

import pytest
from starlette.requests import Request

from functions.checkout.command_api import AddressBody
from functions.orders.command_api import CreateOrderBody
from shared.http.postal_address import MAX_LINES, PostalAddress
from shared.http.problems import ProblemError
from shared.http.requests import parse_body
from shared.testing.doubles import FixedClock
from shared.testing.memory_platform import memory_personal

IN_FRANCE = {"country": "FR", "lines": ["8 rue de la Paix"], "city": "Paris", "postal_code": "75002"}


def parsed(**stated: Any) -> PostalAddress:
    request = Request({"type": "http", "method": "POST", "headers": []})
    return parse_body(PostalAddress, request, json.dumps(stated).encode())


def at_fault(**stated: Any) -> list[str]:
    with pytest.raises(ProblemError) as refused:
        parsed(**stated)
    assert refused.value.status == 400
    return [field for field, _ in refused.value.errors]


class TestACountry:
    @pytest.mark.parametrize(
        "stated",
        [
            {"country": "HK", "lines": ["1 Queen's Road"], "region": "Hong Kong Island"},
            {"country": "HK", "lines": ["1 Queen's Road"], "city": "Hong Kong"},
            {"country": "QA", "lines": ["Al Corniche 5"], "city": "Doha"},
            {"country": "AE", "lines": ["Sheikh Zayed Road 1"], "region": "Dubai"},
            {"country": "SG", "lines": ["1 Raffles Place"], "postal_code": "048616"},
            {"country": "IE", "lines": ["1 O'Connell Street"], "city": "Dublin"},
            {"country": "GB", "lines": ["10 Downing Street"], "city": "London", "postal_code": "sw1a 2aa"},
            {"country": "US", "lines": ["1 Mill Lane"], "city": "Fresno", "region": "CA", "postal_code": "93701-1234"},
            {"country": "JP", "lines": ["千代田区丸の内　1-1"], "region": "東京都", "postal_code": "100-0005"},
            {**IN_FRANCE, "region": "Île-de-France", "phone": "+33 1 23 45 67 89"},
        ],
    )
    def test_has_its_own_rules(self, stated: dict[str, Any]) -> None:
        """Where there are no postal codes, cities or states, nobody has to make one up; what is stated is kept."""
        assert parsed(**stated).model_dump(exclude_unset=True, mode="json") == stated

    @pytest.mark.parametrize(
        ("stated", "fields"),
        [
            ({"country": "NO", "lines": ["1 Vei"], "city": "Oslo"}, ["postal_code"]),
            ({"country": "NO", "lines": ["1 Vei"], "city": "Oslo", "postal_code": "015"}, ["postal_code"]),
            ({"country": "NO", "lines": ["1 Vei"], "postal_code": "0150"}, ["city"]),
            ({"country": "US", "lines": ["1 Lane"], "city": "Fresno", "postal_code": "93701"}, ["region"]),
            ({"country": "US", "lines": ["1 Lane"]}, ["city", "region", "postal_code"]),
            ({"country": "HK", "lines": ["1 Queen's Road"]}, ["region"]),
            ({"country": "QA", "lines": ["Al Corniche 5"], "city": ""}, ["city"]),
        ],
    )
    def test_names_what_it_lacks(self, stated: dict[str, Any], fields: list[str]) -> None:
        """The field at fault, and only those."""
        assert at_fault(**stated) == fields

    @pytest.mark.parametrize("country", ["ZZ", "XX", "UK", "XK", "fr", "FRA", ""])
    def test_is_one_of_iso_3166(self, country: str) -> None:
        """A code that is nobody's is refused, and nothing else is said of the rest."""
        assert at_fault(**{**IN_FRANCE, "country": country}) == ["country"]


class TestALabel:
    @pytest.mark.parametrize(
        "text", ["1 Lane\nBehind", "1 Lane\x00", "1 Lane\x1b[31m", "1\u2028Lane", "1 \u202eenaL", " "]
    )
    @pytest.mark.parametrize("field", ["lines", "city", "region"])
    def test_takes_no_text_that_spoils_it(self, field: str, text: str) -> None:
        """Line breaks, control characters, what turns others around, and nothing but spaces."""
        named = at_fault(**{**IN_FRANCE, field: [text] if field == "lines" else text})

        assert {name.partition(".")[0] for name in named} == {field}

    @pytest.mark.parametrize(("text", "told"), [("", "at least 1 character"), ("x" * 101, "at most 100 characters")])
    def test_has_lines_of_a_length(self, text: str, told: str) -> None:
        """In characters; nothing is said of how many lines there are."""
        with pytest.raises(ProblemError) as refused:
            parsed(**{**IN_FRANCE, "lines": [text]})

        ((field, message),) = refused.value.errors
        assert (field, told in message) == ("lines.0", True)

    @pytest.mark.parametrize("text", ["Łódź", "می‌خواهم", "Straße ß", "東京　港区", "O'Neil & Søn"])
    def test_takes_every_script(self, text: str) -> None:
        """Also those whose spelling needs a joiner."""
        assert parsed(**{**IN_FRANCE, "city": text}).city == text

    @pytest.mark.parametrize("phone", ["call me", "+", "12", "+1 555\n0100", "0" * 40])
    def test_has_a_phone_that_can_be_dialled(self, phone: str) -> None:
        """Digits, and what people put between them."""
        assert at_fault(**{**IN_FRANCE, "phone": phone}) == ["phone"]


async def test_the_longest_address_fits_an_order() -> None:
    """What the checkout takes, sealed for a customer of the longest id, the orders take."""
    widest = "\U0001f3e0" * 100
    longest = AddressBody(
        name=widest,
        country="QA",
        lines=(widest,) * MAX_LINES,
        city=widest,
        region=widest,
        postal_code=widest[:20],
        phone="0" * 31,
    )
    personal = memory_personal(FixedClock())

    sealed = await personal.seal("x" * 128, longest.model_dump_json())

    assert len(sealed) <= CreateOrderBody.model_json_schema()["properties"]["shipping_address"]["maxLength"]
