"""Witnesses that agree, and witnesses that do not."""

from emulators.shop.compare import Difference, Says, Witness, check_sums, compare, money


def witness(name: str, says: Says, *, about: str = "paid line") -> Witness:
    return Witness(name=name, about=frozenset(about.split()), says=says)


AGREED: Says = {"basket 1": {"paid": "1.50", "line 11": "2 for 1.50"}}


def test_who_says_the_same_agrees() -> None:
    """No fact differs, no difference."""
    assert compare([witness("data set", AGREED), witness("orders", AGREED)]) == ()


def test_a_difference_names_subject_fact_and_who_says_what() -> None:
    """So that somebody can go and look."""
    other = {"basket 1": {"paid": "1.51", "line 11": "2 for 1.50"}}

    (difference,) = compare([witness("data set", AGREED), witness("orders", other)])

    assert str(difference) == "basket 1, paid: data set: 1.50; orders: 1.51"


def test_silence_says_nothing() -> None:
    """Who knows about lines and does not mention one says that there is none; so do those who know no such basket."""
    found = compare([witness("data set", AGREED), witness("orders", {"basket 2": {"paid": "0.01"}})])

    assert Difference("basket 1", "line 11", {"data set": "2 for 1.50", "orders": "nothing"}) in found
    assert Difference("basket 2", "paid", {"data set": "nothing", "orders": "0.01"}) in found
    assert len(found) == 3


def test_nobody_is_asked_what_they_do_not_know() -> None:
    """Payments know nothing about lines."""
    payments = witness("payments", {"basket 1": {"paid": "1.50"}}, about="paid")

    assert compare([witness("data set", AGREED), witness("orders", AGREED), payments]) == ()


def test_what_only_one_knows_is_not_believed() -> None:
    """A fact needs two witnesses."""
    found = compare([witness("data set", AGREED), witness("payments", {}, about="line")])

    assert Difference("basket 1", "paid", {"data set": "1.50"}) in found


def test_sums_that_differ_are_told() -> None:
    """Equal ones are not."""
    found = list(check_sums({"lines": {"one": 1, "other": 1}, "cents": {"one": 1000, "other": 2}}))

    assert found == [Difference("all baskets", "cents", {"one": "1,000", "other": "2"})]


def test_money_has_its_sign() -> None:
    """A debt of five cents is no credit."""
    assert [money(cents) for cents in (0, 5, -5, 12345)] == ["0.00", "0.05", "-0.05", "123.45"]
