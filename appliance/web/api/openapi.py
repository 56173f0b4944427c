"""The API's OpenAPI document, put together from its routes."""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from appliance.chart.layout import chart_names
from appliance.config import SOFTWARE_VERSION
from appliance.web.api._routes import JSON, ROUTES, ErrorAnswer, Route

_REFERENCE = "#/components/schemas/{model}"
ERRORS = {
    "400": "The request could not be understood.",
    "401": "A valid token is missing.",
    "403": "The token may not do this.",
    "404": "There is no such thing.",
    "409": "It cannot be done now; the sentence says why.",
    "413": "Too much at once.",
    "422": "A value cannot be taken; the sentence names it.",
    "429": "Too many requests.",
    "503": "Station or records do not answer.",
}


def document() -> dict[str, Any]:
    """The whole document, OpenAPI 3.1."""
    models: set[type[BaseModel]] = {ErrorAnswer}
    for r in ROUTES:
        models |= {model for model in (r.query, r.body, r.answer) if model is not None}
    ordered = sorted(models, key=lambda model: model.__name__)
    names, definitions = models_json_schema(
        [(model, _mode(model)) for model in ordered], ref_template=_REFERENCE
    )
    paths: dict[str, dict[str, Any]] = {}
    for r in ROUTES:
        paths.setdefault(f"/api/v1{r.path}", {})[r.method.lower()] = _operation(r, names)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "focuscheck",
            "version": SOFTWARE_VERSION,
            "description": "What the station's page does, for programs. Reading is open unless a setting closes it; "
            "changes need a token from the page's settings.",
        },
        "paths": paths,
        "components": {
            "schemas": definitions.get("$defs", {}),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _mode(model: type[BaseModel]) -> Any:
    sent = {r.query for r in ROUTES} | {r.body for r in ROUTES}
    return "validation" if model in sent else "serialization"


def _operation(r: Route, names: Any) -> dict[str, Any]:
    def schema(model: type[BaseModel]) -> Any:
        return names[(model, _mode(model))]

    good: dict[str, Any] = {"description": r.summary}
    if r.answer is not None:
        good["content"] = {JSON: {"schema": schema(r.answer)}}
    else:
        good["content"] = {r.media: {"schema": {"type": "object"} if r.media == JSON else {"type": "string"}}}
    wrong = {"content": {JSON: {"schema": schema(ErrorAnswer)}}}
    responses: dict[str, Any] = {str(r.status): good}
    responses |= {code: {"description": text, **wrong} for code, text in ERRORS.items()}
    operation: dict[str, Any] = {
        "operationId": r.function,
        "summary": r.summary,
        "parameters": [*_path_parameters(r.path), *_query_parameters(r.query)],
        "responses": responses,
    }
    if r.role is not None:
        operation["security"] = [{"token": []}]
        operation["description"] = f"Needs a token that may do what an {r.role} may."
    if r.body is not None:
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": schema(r.body)}}}
    return operation


TEXTS = ("tag", "name", "uuid")
"""Parts of a path that are no numbers."""


def _path_parameters(path: str) -> list[dict[str, Any]]:
    number = {"type": "integer", "minimum": 1, "maximum": 2**62 - 1}
    text = {"type": "string", "minLength": 1, "maxLength": 40, "pattern": r"^[A-Za-z0-9_-]+$"}
    chart = {"type": "string", "enum": list(chart_names())}
    schemas = {"chart": chart, **dict.fromkeys(TEXTS, text)}
    return [
        {"name": name, "in": "path", "required": True, "schema": schemas.get(name, number)}
        for name in re.findall(r"\{(\w+)\}", path)
    ]


def _query_parameters(model: type[BaseModel] | None) -> list[dict[str, Any]]:
    if model is None:
        return []
    properties = model.model_json_schema(ref_template=_REFERENCE)["properties"]
    return [{"name": name, "in": "query", "schema": _plain(part)} for name, part in properties.items()]


def _plain(part: dict[str, Any]) -> dict[str, Any]:
    """A query value is left out rather than null."""
    options = [option for option in part.get("anyOf", []) if option.get("type") != "null"]
    return (
        options[0]
        if options
        else {key: value for key, value in part.items() if key not in ("default", "title")}
    )
