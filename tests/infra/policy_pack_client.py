"""Asks the policy pack what Pulumi's engine would ask it. Runs in the pack's own environment (`.venv-policies`), whose
protobuf is not the platform's: a script that speaks JSON with the tests.

    python policy_pack_client.py <folder of the pack> < questions.json > answers.json

It starts the pack as the engine does, with the module `pulumi.policy`, and reads its port from the first line it says.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

_NO_ENGINE = "127.0.0.1:1"
_SECONDS = 30


@contextmanager
def _pack(folder: str) -> Iterator[Any]:
    command = [sys.executable, "-u", "-m", "pulumi.policy", _NO_ENGINE, folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = int((process.stdout or sys.stdin).readline() or 0)
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield analyzer_pb2_grpc.AnalyzerStub(channel)
        finally:
            process.terminate()


def _fields(resource: dict[str, Any]) -> dict[str, Any]:
    properties = struct_pb2.Struct()
    properties.update(resource["inputs"])
    return {
        "type": resource["type"],
        "name": resource["name"],
        "urn": f"urn:pulumi:test::commerce::{resource['type']}::{resource['name']}",
        "properties": properties,
        "options": analyzer_pb2.AnalyzerResourceOptions(protect=resource["protect"], ignoreChanges=resource["ignored"]),
    }


def _configuration(config: dict[str, dict[str, Any]]) -> analyzer_pb2.ConfigureAnalyzerRequest:
    request = analyzer_pb2.ConfigureAnalyzerRequest()
    for rule, settings in config.items():
        request.policyConfig[rule].enforcementLevel = analyzer_pb2.MANDATORY
        request.policyConfig[rule].properties.update(settings)
    return request


def _said(message: Any) -> Any:
    return json_format.MessageToDict(message)


def _answers(pack: Any, questions: dict[str, Any]) -> dict[str, Any]:
    """`resources` one by one, `stacks` as a whole, and both once more under `config`."""
    one_by_one = [analyzer_pb2.AnalyzeRequest(**_fields(each)) for each in questions["resources"]]
    whole = [
        analyzer_pb2.AnalyzeStackRequest(resources=[analyzer_pb2.AnalyzerResource(**_fields(each)) for each in stack])
        for stack in questions["stacks"]
    ]
    answers = {
        "info": _said(pack.GetAnalyzerInfo(empty_pb2.Empty(), timeout=_SECONDS)),
        "resources": [_said(pack.Analyze(each, timeout=_SECONDS)) for each in one_by_one],
        "stacks": [_said(pack.AnalyzeStack(each, timeout=_SECONDS)) for each in whole],
    }
    pack.Configure(_configuration(questions["config"]), timeout=_SECONDS)
    return answers | {"configured": [_said(pack.Analyze(each, timeout=_SECONDS)) for each in one_by_one]}


if __name__ == "__main__":
    with _pack(sys.argv[1]) as asked:
        json.dump(_answers(asked, json.load(sys.stdin)), sys.stdout)
