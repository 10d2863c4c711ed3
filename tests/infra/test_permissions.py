"""Who may do what: the deployed bindings are those of the table that a person reviews."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from infra.pulumi.permissions import CUSTOM_ROLES, grants
from shared.topology import Permission
from tests.infra.harness import Program
from tests.infra.iam_matrix import held, is_binding, roles, table
from tests.infra.stacks import SERVICES, deployed

TABLE = Path(__file__).resolve().parents[2] / "docs" / "permissions.md"
PRIMITIVE = {"roles/owner", "roles/editor", "roles/viewer"}
INVOKER = "roles/run.invoker"
ROLE = "gcp:projects/iAMCustomRole:IAMCustomRole"


@pytest.fixture(scope="module")
def program() -> Program:
    return deployed("dev")


def test_permissions_are_those_of_the_reviewed_table(program: Program) -> None:
    """Whoever changes what a function may do changes the table, for somebody to see."""
    reviewed = TABLE.read_text(encoding="utf-8")
    lines = [line for line in reviewed.splitlines() if line.startswith("|")]

    assert lines == [*roles(program, "dev").splitlines(), *table(program, "dev").splitlines()]


def test_another_environment_has_the_same_permissions(program: Program) -> None:
    """Only names differ."""
    ours, theirs = held(program, "dev"), held(deployed("prod"), "prod")

    assert set(ours) == set(theirs)
    for identity in ours.keys() - {"builder"}:  # it reads buckets that are named for the project
        assert sorted(ours[identity]) == sorted(theirs[identity])


def test_everybody_may_call_public_functions_and_nothing_else(program: Program) -> None:
    """They are behind the load balancer, and check their callers' tokens themselves."""
    public = {
        f"{service.name}-{function.name}"
        for service in SERVICES
        for function in service.functions
        if function.name in {"commands", "queries"}
    }

    everybodys = held(program, "dev")["allUsers"]

    assert {each.on for each in everybodys} == public
    assert {tuple(each.what) for each in everybodys} == {(INVOKER,)}


def test_nobody_has_a_primitive_role(program: Program) -> None:
    """An editor may do everything."""
    roles = {each.inputs["role"] for each in program.resources if is_binding(each)}

    assert not roles & PRIMITIVE
    assert not {role for role in roles if "dmin" in role}


def test_only_relays_and_keepers_of_state_change_the_events_database(program: Program) -> None:
    """For everybody else the log only grows: what is there stays as it is."""
    changing = {
        identity
        for identity, all_held in held(program, "dev").items()
        for each in all_held
        if (each.kind, each.on) == ("database", "events")
        and each.what & {"datastore.entities.update", "datastore.entities.delete"}
    }

    level_two = {"catalog", "customers"}
    assert changing == {f"{service.name}-relay" for service in SERVICES if service.topics} | {
        f"{service}-{function}"
        for service in level_two
        for function in ("commands", "reactor")
        if (service, function) != ("catalog", "reactor")
    }


def test_who_opens_personal_data_cannot_seal_it(program: Program) -> None:
    """Queries read keys; only who takes personal data in makes them."""
    found = held(program, "dev")
    may = {
        identity: {verb.rpartition(".")[2] for each in all_held if each.on == "key-vault" for verb in each.what}
        for identity, all_held in found.items()
    }

    assert {identity for identity, verbs in may.items() if "create" in verbs} == {
        "checkout-commands",
        "customers-commands",
        "customers-reactor",
    }
    assert {identity for identity, verbs in may.items() if "update" in verbs} == {"customers-reactor"}
    assert not any("delete" in verbs for verbs in may.values())


def test_every_function_is_called_by_whom_the_manifest_names(program: Program) -> None:
    """One binding for each, on that function alone."""
    calls = {
        (identity, each.on)
        for identity, all_held in held(program, "dev").items()
        for each in all_held
        if each.what == {INVOKER} and identity != "allUsers"
    }

    assert calls == {
        *(
            ("push", f"{service.name}-{function.name}")
            for service in SERVICES
            for subscription in service.subscriptions
            if (function := service.pushed_to(subscription.name))
        ),
        *(("scheduler", f"{service.name}-{each.function}") for service in SERVICES for each in service.schedules),
        *(("tasks", f"{service.name}-{each.function}") for service in SERVICES for each in service.queues),
    }


def test_a_secret_is_read_by_whom_it_is_for(program: Program) -> None:
    """And by no other function of the same service."""
    readers = {
        (identity, each.on)
        for identity, all_held in held(program, "dev").items()
        for each in all_held
        if each.kind == "secret"
    }

    assert readers == {
        (f"{service.name}-{function.name}", name.lower().replace("_", "-"))
        for service in SERVICES
        for function in service.functions
        for name in function.secrets
    }


def test_custom_roles_name_each_permission() -> None:
    """No wildcard, and nothing that lets somebody give permissions away."""
    named = {permission for _, permissions in CUSTOM_ROLES.values() for permission in permissions}

    assert all(re.fullmatch(r"[a-z]+\.[a-zA-Z]+\.[a-zA-Z]+", each) for each in named)
    assert not {each for each in named if "IamPolicy" in each or "actAs" in each}


def test_every_permission_of_a_manifest_comes_to_something() -> None:
    """But the one that any identity has by itself."""
    wanted = {permission for service in SERVICES for each in service.functions for permission in each.permissions}
    assert wanted == set(Permission)

    without = {
        permission
        for service in SERVICES
        for function in service.functions
        for permission in function.permissions
        if not grants(service, replace(function, permissions=(permission,), secrets=()))
    }
    assert without == {Permission.CALL_SERVICES}


def test_roles_can_be_used(program: Program) -> None:
    """One that is switched off is granted without an error, and allows nothing."""
    assert {role["stage"] for role in program.inputs(ROLE).values()} == {"GA"}


def test_every_role_is_granted_to_somebody(program: Program) -> None:
    """And none is made that nobody has."""
    granted = {each.inputs["role"].rpartition("/")[2] for each in program.resources if is_binding(each)}

    assert {role["roleId"] for role in program.inputs(ROLE).values()} <= granted
