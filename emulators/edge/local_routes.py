"""What the gateway answers itself: the issuers' documents, tokens, and the state of the platform."""

import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web
from pydantic import BaseModel, ValidationError

from emulators.edge.gateway import LocalRoute, problem
from emulators.edge.issuer import Issuer, TokenRequestError, answer_token_request
from emulators.operating import told
from emulators.settings import USER_AUDIENCE

_TOKEN_REQUEST_LIMIT = 16 * 1024
Routes = dict[tuple[str, str], LocalRoute]
Report = Callable[[], Awaitable[Mapping[str, Any]]]


class _Operation(BaseModel):
    name: str
    arguments: dict[str, Any]


def issuer_routes(users: Issuer, platform: Issuer) -> Routes:
    """Both issuers' documents; tokens of people and tills only: the platform's own are signed inside of it."""
    routes: Routes = {}
    for issuer in (users, platform):
        path = urlsplit(issuer.url).path
        routes["GET", f"{path}/.well-known/openid-configuration"] = _document(issuer.discovery())
        routes["GET", f"{path}/jwks"] = _document(issuer.jwks())
    routes["POST", "/oauth/token"] = routes["POST", f"{urlsplit(users.url).path}/token"] = _tokens(users)
    return routes


def identity_routes(platform: Issuer, email: str) -> Routes:
    """The metadata server's: the identity token of whatever function asks."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        audience = request.rel_url.query.get("audience", "")
        if request.headers.get("Metadata-Flavor") != "Google" or not audience:
            return web.Response(status=403)
        return web.Response(text=platform.mint(email, email=email, audience=audience))

    return {("GET", "/computeMetadata/v1/instance/service-accounts/default/identity"): answer}


def report_routes(reports: Mapping[tuple[str, str], Report]) -> Routes:
    """Reports as JSON, made when they are asked for."""
    return {key: _report(report) for key, report in reports.items()}


def operation_routes(folder: Path) -> Routes:
    """Operations on this platform, carried out in its own process and told line by line."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        try:
            asked = _Operation.model_validate_json(await _body(request))
        except (ValidationError, TokenRequestError):
            return problem(400, "invalid-input", "an operation is an object with a name and its arguments")
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        await told(asked.name, asked.arguments, response.write, folder=folder)
        await response.write_eof()
        return response

    return {("POST", "/_local/operate"): answer}


def _document(content: Mapping[str, Any]) -> LocalRoute:
    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        return web.json_response(content)

    return answer


def _report(report: Report) -> LocalRoute:
    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        return web.json_response(await report())

    return answer


def _tokens(issuer: Issuer) -> LocalRoute:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        try:
            fields = _fields(request.content_type, await _body(request))
            content = answer_token_request(issuer, fields, default_audience=USER_AUDIENCE)
        except TokenRequestError as error:
            return web.json_response({"error": "invalid_request", "error_description": str(error)}, status=400)
        return web.json_response(content, headers={"Cache-Control": "no-store"})

    return answer


async def _body(request: web.BaseRequest) -> bytes:
    if (request.content_length or 0) > _TOKEN_REQUEST_LIMIT:
        raise TokenRequestError(f"a token request has at most {_TOKEN_REQUEST_LIMIT} bytes")
    return await request.read()


def _fields(content_type: str, body: bytes) -> Mapping[str, Any]:
    try:
        text = body.decode()
        if content_type != "application/json":
            pairs = parse_qsl(text)
            return _each_once(dict(pairs), len(pairs))
        fields = json.loads(text, object_pairs_hook=lambda pairs: _each_once(dict(pairs), len(pairs)))
    except TokenRequestError:
        raise
    except (ValueError, RecursionError):
        raise TokenRequestError("the body is neither JSON nor a form, in UTF-8") from None
    if not isinstance(fields, dict):
        raise TokenRequestError("the body is not a JSON object")
    return fields


def _each_once(fields: Mapping[str, Any], given: int) -> Mapping[str, Any]:
    if len(fields) < given:
        raise TokenRequestError("a parameter is given more than once")
    return fields
