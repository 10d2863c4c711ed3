"""Many witnesses of the same run, compared fact by fact. Pure: see `witnesses` for who says what."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

NOTHING = "nothing"
Says = Mapping[str, Mapping[str, str]]
"""What is said: by subject (a basket, a product), by fact. The first word of a fact is its kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What a witness's account of the paid baskets adds up to; None where it has no view of that."""

    baskets: int
    lines: int | None = None
    pieces: int | None = None
    cents: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """`about` are the kinds of facts that it knows: of them it says everything, and silence says that there is nothing.
    No `sums`: it has no account of baskets.
    """

    name: str
    about: frozenset[str]
    says: Says
    sums: Sums | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A fact on which witnesses disagree, and what each of them says."""

    subject: str
    fact: str
    said: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.subject}, {self.fact}: {'; '.join(f'{who}: {what}' for who, what in self.said.items())}"


def compare(witnesses: Sequence[Witness]) -> tuple[Difference, ...]:
    """Every fact that any of them states, asked of all that must know it. A fact that only one knows is a difference,
    too: nothing here is believed because one witness says it.
    """
    subjects = sorted({subject for witness in witnesses for subject in witness.says})
    return tuple(difference for subject in subjects for difference in _differences(subject, witnesses))


def _differences(subject: str, witnesses: Sequence[Witness]) -> Iterator[Difference]:
    facts = sorted({fact for witness in witnesses for fact in witness.says.get(subject, {})})
    for fact in facts:
        kind = fact.split(" ", 1)[0]
        said = {
            witness.name: witness.says.get(subject, {}).get(fact, NOTHING)
            for witness in witnesses
            if kind in witness.about
        }
        if len(set(said.values())) > 1 or len(said) == 1:
            yield Difference(subject, fact, said)


def check_sums(sums: Mapping[str, Mapping[str, int]]) -> Iterator[Difference]:
    """Figures that must be equal, by what they are of."""
    for fact, figures in sums.items():
        if len(set(figures.values())) > 1:
            yield Difference("all baskets", fact, {who: f"{figure:,}" for who, figure in figures.items()})


def money(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"
