"""What the counts of docs/costs.md stand on: differences, and sizes of documents."""

from tests.bench.platform_meter import less
from tests.bench.stored import document_bytes


def test_a_difference_is_what_came_since() -> None:
    """At every depth; what did not change is left out, what is new is whole."""
    before = {"cart": {"read": 2, "written": 5}, "tasks": 1}
    after = {"cart": {"read": 2, "written": 9}, "orders": {"read": 1}, "tasks": 1}

    assert less(after, before) == {"cart": {"written": 4}, "orders": {"read": 1}}


def test_a_document_has_the_size_of_googles_own_example() -> None:
    """The task of the page about sizes: 44 bytes of name, 71 of fields, 32 besides."""
    task = {
        "name": "projects/p/databases/d/documents/users/jeff/tasks/my_task_id",
        "fields": {
            "type": {"stringValue": "Personal"},
            "done": {"booleanValue": False},
            "priority": {"integerValue": "1"},
            "description": {"stringValue": "Learn Cloud Firestore"},
        },
    }

    assert document_bytes(task) == 147


def test_bytes_have_their_own_size() -> None:
    """Not that of the base 64 in which they come."""
    empty = {"name": "projects/p/databases/d/documents/a/b", "fields": {"x": {"bytesValue": ""}}}
    four = {**empty, "fields": {"x": {"bytesValue": "AAAAAA=="}}}

    assert document_bytes(four) - document_bytes(empty) == 4
