"""Pulumi without a cloud: a program is run under mocks, and what it declares is caught."""

import asyncio
import gc
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
    """One resource or component: its type's token, its logical name, its inputs (camelCase), and what options say.
    `waits_for` are those of `depends_on`, with their types' tokens; `provider` is the one that was given, if any.
    """

    token: str
    name: str
    inputs: Inputs
    protect: bool
    parent: str
    depends_on: tuple[str, ...]
    component: bool
    ignore_changes: tuple[str, ...] = ()
    waits_for: tuple[_Key, ...] = ()
    provider: str = ""


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
        if args.typ == "gcp:secretmanager/secretVersion:SecretVersion":
            made |= {"version": "7"}
        if args.typ == "gcp:compute/globalAddress:GlobalAddress":
            made |= {"address": "203.0.113.7"}
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
        await _settled()

    _to_its_end(whole)
    made = {(each.typ, each.name): each for each in mocked.caught if each.custom}
    return Program([_declared(key, made.get(key), each) for key, each in options.items()])


async def _settled() -> None:
    """Pulumi itself looks at all of its thousands of outputs again whenever one of them is there."""
    while waiting := [each for each in settings.SETTINGS.outputs if not each.done()]:
        await asyncio.wait(waiting)


def _to_its_end(program: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """In a loop of its own. The mocks want one in each of their threads, too, and would leave them open.

    Python does not look for garbage meanwhile: next to nothing of a program is any, and it would look at all of it.
    """
    of_threads: list[asyncio.AbstractEventLoop] = []

    def thread_starts() -> None:
        of_threads.append(asyncio.new_event_loop())
        asyncio.set_event_loop(of_threads[-1])

    gc.disable()
    try:
        with ThreadPoolExecutor(2, initializer=thread_starts) as threads, asyncio.Runner() as runner:
            runner.get_loop().set_default_executor(threads)
            asyncio.set_event_loop(runner.get_loop())
            runner.run(run_pulumi_func(program))
    finally:
        gc.enable()
        asyncio.set_event_loop(None)
        for loop in of_threads:
            loop.close()


def _declared(key: _Key, made: mocks.MockResourceArgs | None, options: pulumi.ResourceOptions) -> Declared:
    depends = options.depends_on or []
    named = depends if isinstance(depends, list) else [depends]
    return Declared(
        token=key[0],
        name=key[1],
        inputs=_whole(made.inputs) if made else {},
        protect=bool(options.protect),
        parent=options.parent._name if options.parent else "",
        depends_on=tuple(each._name for each in named if isinstance(each, pulumi.Resource)),
        component=made is None,
        ignore_changes=tuple(options.ignore_changes or ()),
        waits_for=tuple((each._type, each._name) for each in named if isinstance(each, pulumi.Resource)),
        provider=_provider(made),
    )


def _provider(made: mocks.MockResourceArgs | None) -> str:
    """Its logical name: it is told by its URN, with an id behind that."""
    return made.provider.split("::")[-2] if made and made.provider else ""


def _whole(value: Any) -> Any:
    """Numbers come as floats through the engine's own protocol."""
    if isinstance(value, Mapping):
        return {name: _whole(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_whole(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
