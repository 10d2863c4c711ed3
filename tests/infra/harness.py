"""Pulumi without a cloud: a program is run under mocks, and what it declares is caught."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import mocks, settings
from pulumi.runtime.stack import run_pulumi_func

Inputs = Mapping[str, Any]
_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Declared:
    """One resource or component: its type's token, its logical name, its inputs (camelCase), and what options say."""

    token: str
    name: str
    inputs: Inputs
    protect: bool
    parent: str
    depends_on: tuple[str, ...]
    component: bool
    ignore_changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """All that a program declared."""

    resources: Sequence[Declared]

    def of(self, token: str) -> dict[str, Declared]:
        """Those of a type, by logical name."""
        return {each.name: each for each in self.resources if each.token == token}

    def inputs(self, token: str) -> dict[str, Inputs]:
        """Their inputs alone."""
        return {name: each.inputs for name, each in self.of(token).items()}


@dataclass
class _Mocks(mocks.Mocks):
    """Answers with what was asked for; what the cloud would make up is made up here."""

    caught: list[mocks.MockResourceArgs] = field(default_factory=list)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.caught.append(args)
        made = {"name": args.name, "selfLink": f"link/{args.name}", **args.inputs}
        if args.typ == "gcp:serviceaccount/account:Account":
            address = f"{args.inputs['accountId']}@{args.inputs['project']}.iam.gserviceaccount.com"
            made |= {"email": address, "member": f"serviceAccount:{address}", "name": f"projects/-/{address}"}
        if args.typ == "gcp:projects/iAMCustomRole:IAMCustomRole":
            made |= {"name": f"projects/{args.inputs['project']}/roles/{args.inputs['roleId']}"}
        if args.typ == "gcp:certificatemanager/dnsAuthorization:DnsAuthorization":
            record = {"name": f"_acme-challenge.{args.inputs['domain']}.", "type": "CNAME", "data": "proof."}
            made |= {"dnsResourceRecords": [record]}
        if args.typ == "gcp:projects/serviceIdentity:ServiceIdentity":
            made |= {"member": f"serviceAccount:service-0@gcp-sa-{args.name}.iam.gserviceaccount.com"}
        return f"{args.name}-id", made

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], None]:
        raise AssertionError(f"the program asks the cloud: {args.token}")


def run(program: Callable[[], object], *, stack: str = "test") -> Program:
    """What it declares. Raises what the program raises."""
    mocked, options = _Mocks(), dict[_Key, pulumi.ResourceOptions]()

    def note(args: pulumi.ResourceTransformationArgs) -> None:
        key = (args.type_, args.name)
        if key in options:
            raise AssertionError(f"{args.type_} is declared twice by the name of {args.name}")
        options[key] = args.opts

    async def whole() -> None:
        settings.set_root_resource(None)  # type: ignore[arg-type] # a program before this one has left its own
        mocks.set_mocks(mocked, project="commerce", stack=stack, preview=False)
        settings.SETTINGS.rpc_manager.clear()
        settings.SETTINGS.outputs.clear()
        pulumi.runtime.register_stack_transformation(note)
        program()

    _to_its_end(whole)
    inputs = {(each.typ, each.name): _whole(each.inputs) for each in mocked.caught if each.custom}
    return Program([_declared(key, inputs.get(key), each) for key, each in options.items()])


def _to_its_end(program: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """In a loop of its own. The mocks want one in each of their threads, too, and would leave them open."""
    of_threads: list[asyncio.AbstractEventLoop] = []

    def thread_starts() -> None:
        of_threads.append(asyncio.new_event_loop())
        asyncio.set_event_loop(of_threads[-1])

    try:
        with ThreadPoolExecutor(2, initializer=thread_starts) as threads, asyncio.Runner() as runner:
            runner.get_loop().set_default_executor(threads)
            asyncio.set_event_loop(runner.get_loop())
            runner.run(run_pulumi_func(program))
    finally:
        asyncio.set_event_loop(None)
        for loop in of_threads:
            loop.close()


def _declared(key: _Key, inputs: Inputs | None, options: pulumi.ResourceOptions) -> Declared:
    depends = options.depends_on or []
    named = depends if isinstance(depends, list) else [depends]
    return Declared(
        token=key[0],
        name=key[1],
        inputs=inputs or {},
        protect=bool(options.protect),
        parent=options.parent._name if options.parent else "",
        depends_on=tuple(each._name for each in named if isinstance(each, pulumi.Resource)),
        component=inputs is None,
        ignore_changes=tuple(options.ignore_changes or ()),
    )


def _whole(value: Any) -> Any:
    """Numbers come as floats through the engine's own protocol."""
    if isinstance(value, Mapping):
        return {name: _whole(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_whole(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
