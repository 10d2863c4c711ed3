"""The example of a deploying workflow: it holds no keys, asks before prod, and names only what there is."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "examples"
FILES = sorted(EXAMPLES.glob("*.yml"))
PULUMI_COMMANDS = {"login", "preview", "up"}
IN_THE_REPOSITORY = "./.github/workflows/"
STACKS = {file.stem.removeprefix("Pulumi.") for file in (ROOT / "infra" / "pulumi").glob("Pulumi.*.yaml")}
GUIDE = (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")

Workflow = dict[str, Any]


def read(file: Path) -> Workflow:
    """YAML 1.1 takes the key `on` for a truth."""
    found: dict[Any, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {"on" if key is True else key: value for key, value in found.items()}


def jobs(workflow: Workflow) -> dict[str, Any]:
    found: dict[str, Any] = workflow["jobs"]
    return found


def steps(workflow: Workflow) -> list[dict[str, Any]]:
    return [step for job in jobs(workflow).values() for step in job.get("steps", ())]


DEPLOY, STACK = read(EXAMPLES / "deploy.yml"), read(EXAMPLES / "deploy-stack.yml")
BOTH = pytest.mark.parametrize("workflow", [DEPLOY, STACK], ids=["deploy", "deploy-stack"])
TEXTS = pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)


@TEXTS
def test_no_secret_is_asked_for(file: Path) -> None:
    """Neither of the repository nor a key of an account: who runs is proven by a token of the moment."""
    text = file.read_text(encoding="utf-8")

    assert re.findall(r"secrets\.|credentials_json|private_key|PULUMI_ACCESS_TOKEN|PASSPHRASE", text) == []


@BOTH
def test_every_action_is_pinned_to_a_commit(workflow: Workflow) -> None:
    """A tag can be moved, a commit cannot."""
    used = [step["uses"] for step in steps(workflow) if "uses" in step]

    assert used
    assert [action for action in used if not re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", action)] == []


@TEXTS
def test_every_pin_names_its_release(file: Path) -> None:
    """So that a person can see how old it is, and a tool can renew it."""
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if re.search(r"uses: \w[^#]*@", line)]

    assert lines
    assert [line for line in lines if not re.search(r"# v\d+\.\d+\.\d+$", line)] == []


@BOTH
def test_nothing_more_is_allowed_than_is_needed(workflow: Workflow) -> None:
    """By default a job reads the repository; only those that talk to Google may prove who they are."""
    allowed = {name: job.get("permissions", workflow["permissions"]) for name, job in jobs(workflow).items()}
    proven = {name for name, permissions in allowed.items() if permissions.get("id-token") == "write"}

    assert workflow["permissions"] == {"contents": "read"}
    assert proven == jobs(workflow).keys() - {"check"}
    assert all(permissions["contents"] == "read" for permissions in allowed.values())


def test_a_pull_request_is_only_previewed() -> None:
    """Its code runs with an identity that reads."""
    commands = "".join(step.get("run", "") for step in jobs(DEPLOY)["preview"]["steps"])
    (account,) = [step["with"]["service_account"] for step in jobs(DEPLOY)["preview"]["steps"] if _is_login(step)]

    assert "pulumi preview" in commands
    assert "pulumi up" not in commands
    assert account == "${{ vars.PREVIEW_ACCOUNT }}"


def test_a_preview_has_the_variables_of_its_own_stack() -> None:
    """Each stack has a project of its own: bucket, pool and account are variables of an environment, never of all."""
    preview = jobs(DEPLOY)["preview"]

    assert preview["environment"] == "${{ matrix.stack }}-preview"
    assert set(preview["strategy"]["matrix"]["stack"]) == STACKS


@TEXTS
def test_every_variable_is_named_at_the_beginning(file: Path) -> None:
    """With the environments that it is to be set in."""
    head = (EXAMPLES / "deploy.yml").read_text(encoding="utf-8").partition("\nname:")[0]
    used = set(re.findall(r"\$\{\{ vars\.(\w+) \}\}", file.read_text(encoding="utf-8")))

    assert used
    assert used <= set(re.findall(r"^#     ([A-Z_]+) ", head, re.MULTILINE))
    assert all(f"{stack}-preview" in head for stack in STACKS)


def test_the_guide_lets_in_whom_the_workflow_is() -> None:
    """GitHub's tokens name the environment of the job: the guide binds one account to each of the two kinds."""
    bound = dict(re.findall(r"add-iam-policy-binding (\w+)@\S+ \\\n.*\$POOL:environment:(\S+)\"", GUIDE))

    assert bound == {"preview": "$ENVIRONMENT-preview", "deploy": "$ENVIRONMENT"}


def test_all_commits_are_there_for_the_checks() -> None:
    """The search for edited promises leaves itself out where there is no history."""
    (checkout,) = [
        step for step in jobs(DEPLOY)["check"]["steps"] if step.get("uses", "").startswith("actions/checkout@")
    ]

    assert checkout["with"]["fetch-depth"] == 0


def test_only_main_is_deployed() -> None:
    """What deploys runs on a push, and the only pushes are those to main."""
    deploying = [job for job in jobs(DEPLOY).values() if job.get("uses", "").endswith("/deploy-stack.yml")]

    assert DEPLOY["on"]["push"] == {"branches": ["main"]}
    assert [job["if"] for job in deploying] == ["github.event_name == 'push'"] * 2


def test_prod_comes_after_dev_and_waits_for_its_environment() -> None:
    """Reviewers are a setting of the environment, which has the stack's name."""
    assert jobs(DEPLOY)["prod"]["needs"] == "dev"
    assert jobs(DEPLOY)["prod"]["with"] == {"stack": "prod"}
    assert jobs(STACK)["up"]["environment"] == "${{ inputs.stack }}"


def test_an_update_is_never_cut_off() -> None:
    """A second one waits for the first."""
    assert jobs(STACK)["up"]["concurrency"]["cancel-in-progress"] is False


@BOTH
def test_every_command_exists(workflow: Workflow) -> None:
    """Targets of the Makefile, folders, commands of Pulumi, and workflows that lie beside."""
    targets = set(re.findall(r"^([a-z0-9]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    called = [job["uses"] for job in jobs(workflow).values() if "uses" in job]
    commands = [shlex.split(line) for step in steps(workflow) for line in step.get("run", "").splitlines()]

    assert [use for use in called if not (EXAMPLES / use.removeprefix(IN_THE_REPOSITORY)).exists()] == []
    assert [step for step in steps(workflow) if not (ROOT / step.get("working-directory", ".")).is_dir()] == []
    assert {word for program, *words in commands if program == "make" for word in words} <= targets
    assert {words[0] for program, *words in commands if program == "pulumi"} <= PULUMI_COMMANDS
    assert {program for program, *_ in commands} <= {"make", "pulumi"}


@BOTH
def test_the_house_rules_are_always_asked(workflow: Workflow) -> None:
    """No preview and no update without the policy pack, which lies where they say."""
    commands = [
        (shlex.split(line), ROOT / step["working-directory"])
        for step in steps(workflow)
        for line in step.get("run", "").splitlines()
        if re.match(r"pulumi (preview|up) ", line)
    ]

    assert commands
    for words, folder in commands:
        assert (folder / words[words.index("--policy-pack") + 1] / "PulumiPolicy.yaml").is_file()


def _is_login(step: dict[str, Any]) -> bool:
    return bool(step.get("uses", "").startswith("google-github-actions/auth@"))
