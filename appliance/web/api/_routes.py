"""Routes that describe themselves: one decorator checks role, query and body, and keeps what OpenAPI says of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, jsonify, request
from pydantic import BaseModel, ConfigDict, ValidationError

from appliance.errors import FocuscheckError, StationBusyError, StationDownError, StorageError
from appliance.web.security import needs

api = Blueprint("api", __name__, url_prefix="/api/v1")
JSON = "application/json"


class Strict(BaseModel):
    """Base of what clients send: unknown fields are refused by name."""

    model_config = ConfigDict(extra="forbid", strict=False)


class Error(BaseModel):
    """What went wrong: the HTTP status and a sentence with what to do."""

    code: int
    text: str


class ErrorAnswer(BaseModel):
    """Every error has this shape."""

    error: Error


@dataclass(frozen=True)
class Route:
    """One operation of the API."""

    method: str
    path: str
    summary: str
    role: str | None
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    answer: type[BaseModel] | None
    status: int
    media: str
    function: str


ROUTES: list[Route] = []


def failed(code: int, text: str) -> Response:
    """An error as an answer."""
    response = jsonify(ErrorAnswer(error=Error(code=code, text=text)).model_dump())
    response.status_code = code
    return response


def route(
    method: str,
    path: str,
    summary: str,
    *,
    role: str | None = None,
    query: type[BaseModel] | None = None,
    body: type[BaseModel] | None = None,
    answer: type[BaseModel] | None = None,
    status: int = 200,
    media: str = JSON,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register an operation; its function gets path values, and ``query`` and ``body`` as checked models."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        ROUTES.append(
            Route(method, path, summary, role, query, body, answer, status, media, function.__name__)
        )

        def view(**values: Any) -> Any:
            try:
                if query is not None:
                    values["query"] = query.model_validate(request.args.to_dict())
                if body is not None:
                    values["body"] = body.model_validate_json(request.get_data(cache=False) or b"{}")
            except ValidationError as error:
                return failed(422, _sentence(error))
            try:
                result = function(**values)
            except StorageError as error:
                return failed(503, str(error))
            except StationDownError as error:
                return failed(503, str(error))
            except (StationBusyError, FocuscheckError) as error:
                return failed(409, str(error))
            if isinstance(result, BaseModel):
                result = result.model_dump(mode="json")
            return result if isinstance(result, Response) else (jsonify(result), status)

        view.__name__ = function.__name__
        guarded = needs(role)(view) if role else view
        api.add_url_rule(_flask_path(path), function.__name__, guarded, methods=[method])
        return function

    return decorate


def _flask_path(path: str) -> str:
    """``/lenses/{tag}`` as Flask writes it; tags may hold anything, numbers are numbers."""
    return re.sub(
        r"\{(\w+)\}", lambda m: f"<{'int:' if m[1] in ('check', 'visit', 'id') else ''}{m[1]}>", path
    )


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "The body"
    return f"{where}: {first['msg']}."
