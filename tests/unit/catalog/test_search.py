"""What searching means: words, headings, cursors."""

import pytest

from functions.catalog.query_api import cursor_of, parse_cursor
from functions.catalog.search import Description, Place, asked_words, heading_of, words_of
from shared.http.problems import ProblemError

MILK = Description("GROCERY", "FLUID MILK PRODUCTS", "FLUID MILK WHITE ONLY", "Private", "1 GA")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("FLUID MILK", ("fluid", "milk")),
        ("8-7/8 OZ", ("8", "7", "8", "oz")),
        ("Crème Brûlée", ("creme", "brulee")),
        ("CHIX:FRD 8PC/CUT UP (COLD)", ("chix", "frd", "8pc", "cut", "up", "cold")),
        ("snake_case", ("snake", "case")),
        ("Straße STRAẞE", ("strasse", "strasse")),
        ("Łódź łódź", ("lodz", "lodz")),
        ("Smørrebrød SMØRREBRØD", ("smorrebrod", "smorrebrod")),
        ("Đuveč đuveč", ("duvec", "duvec")),
        ("ÐIŞ Iğd\u0131r IĞDIR İğdir", ("dis", "igdir", "igdir", "igdir")),
        ("Æbleskiver œufs Þorramatur", ("aebleskiver", "oeufs", "thorramatur")),
        ("Ħobż ŋguni ŧ", ("hobz", "nguni", "t")),
        ("漢字 тест", ("漢字", "тест")),
        ('"*^:-+(){}', ()),
        ("🍕", ()),
        ("", ()),
    ],
)
def test_letters_and_digits_in_a_row_make_a_word(text: str, words: tuple[str, ...]) -> None:
    """Case and accents do not count; signs part words and are no words themselves."""
    assert words_of(text) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [("", None), ("  ", None), ("Milk milk MILK tea", ("milk", "tea")), ("🍕 !!!", ())],
)
def test_a_query_asks_for_each_word_once(text: str, words: tuple[str, ...] | None) -> None:
    """A blank query asks for nothing in particular, one of signs only for what cannot be."""
    assert asked_words(text) == words


def test_a_heading_is_the_same_everywhere() -> None:
    """It is a function of the description alone: every instance orders alike, for ever."""
    assert heading_of(MILK) == 307038781301353947


def test_a_type_of_fewer_words_comes_first() -> None:
    """What is called just that is a better find than what is called that among other things."""
    places = [heading_of(MILK._replace(product_type=" ".join("abcd"[:n]))) for n in range(5)]

    assert places == sorted(places)


def test_a_heading_fits_the_store() -> None:
    """However many words a type has: it is a positive number of 63 bits."""
    assert 0 <= heading_of(MILK._replace(product_type="a " * 500)) < 1 << 63


def test_a_cursor_comes_back_as_it_went() -> None:
    """The place that it was made of."""
    place = Place(3, heading_of(MILK), "1095275")

    assert parse_cursor(cursor_of(place)) == place


@pytest.mark.parametrize(
    "cursor",
    ["x", "é", "bnVsbA", cursor_of(Place(8, 0, "a")), cursor_of(Place(0, 1 << 63, "a")), cursor_of(Place(0, 0, "'"))],
)
def test_anything_else_is_no_cursor(cursor: str) -> None:
    """Whatever a client sends is refused as its mistake."""
    with pytest.raises(ProblemError) as refused:
        parse_cursor(cursor)

    assert refused.value.status == 400
