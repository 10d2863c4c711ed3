"""What an answer means."""

import pytest

from shared.eventsourcing.workflow.calls import Response, outcome_of
from shared.eventsourcing.workflow.commands import Refused, Succeeded, Unknown


def problem(status: int, code: str) -> Response:
    return Response(status, {"code": code, "detail": "because"})


@pytest.mark.parametrize("status", [200, 202, 204])
def test_a_success_is_what_it_says(status: int) -> None:
    """2xx: it was done, and the answer can be learned from."""
    assert outcome_of(Response(status, {"version": 3})) == Succeeded(learned={"version": 3})


@pytest.mark.parametrize(("status", "code"), [(409, "out-of-stock"), (404, "cart-not-found"), (400, "invalid-input")])
def test_a_problem_with_a_code_is_a_refusal(status: int, code: str) -> None:
    """A rule of the service refused: nothing happened."""
    assert outcome_of(problem(status, code)) == Refused(code=code, detail="because")


@pytest.mark.parametrize(
    "response",
    [
        problem(409, "conflict"),
        problem(409, "in-flight"),
        problem(422, "idempotency-key-reused"),
        problem(429, "too-many"),
        problem(408, "timeout"),
        problem(401, "unauthenticated"),
        problem(403, "forbidden"),
        problem(503, "unavailable"),
        problem(500, "internal-error"),
        Response(502, {}),
        Response(404, {}),
        Response(301, {}),
    ],
    ids=lambda response: f"{response.status} {response.body.get('code')}",
)
def test_everything_else_tells_nothing(response: Response) -> None:
    """Lost races, limits, server errors, our own credentials, pages of a proxy: the same request is sent again."""
    assert isinstance(outcome_of(response), Unknown)


def test_a_long_detail_is_cut() -> None:
    """What others write at length is not stored at length."""
    refused = outcome_of(Response(409, {"code": "no", "detail": "x" * 10_000}))

    assert isinstance(refused, Refused)
    assert len(refused.detail) == 300
