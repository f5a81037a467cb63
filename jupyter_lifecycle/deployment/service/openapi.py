"""The request and the answer of ``/predict`` in a service's ``/openapi.json``, from the schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import FastAPI

    from jupyter_lifecycle.deployment.service.runtime import Model

_PROBLEM = {
    "type": "object",
    "required": ["path", "reason"],
    "properties": {
        "path": {"type": "string", "description": "JSON pointer into the request"},
        "reason": {"type": "string"},
    },
}
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "detail"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "detail": {
                    "type": "object",
                    "properties": {"problems": {"type": "array", "items": _PROBLEM}},
                },
            },
        }
    },
}
_REFUSALS = {
    "400": "The rows do not fit; detail.problems has the path and the reason of each problem.",
    "413": "More than the service takes at once.",
    "415": "Not JSON.",
    "500": "The model failed.",
    "503": "No version serves.",
}


def describe(app: FastAPI, model: Model) -> None:
    """Have the application's OpenAPI document say what the model takes and gives.

    Parameters
    ----------
    app : fastapi.FastAPI
        Has ``/predict``.
    model : Model
        Its schema is said, and its example where it has one.
    """
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            _fill(document, model)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _fill(document: dict[str, Any], model: Model) -> None:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    asked = dict(model.schema.to_json_schema())
    schemas["Row"] = asked.pop("$defs")["row"]
    asked.pop("$schema", None)
    schemas["Rows"] = _moved(asked)
    one = dict(model.schema.answer_json_schema())
    one.pop("$schema", None)
    schemas["Answer"] = _or_null(one)
    schemas["Error"] = _ERROR
    if "/metrics" in document["paths"]:
        seen = document["paths"]["/metrics"]["get"]["responses"]["200"]
        seen["content"] = {"text/plain": {"schema": {"type": "string"}}}
    operation = document["paths"]["/predict"]["post"]
    body: dict[str, Any] = {"schema": {"$ref": "#/components/schemas/Rows"}}
    example = getattr(model, "example", None)
    if example is not None:
        body["example"] = example[:2] if isinstance(example, list) else example
    operation["requestBody"] = {"required": True, "content": {"application/json": body}}
    answer = {"$ref": "#/components/schemas/Answer"}
    given = {"anyOf": [answer, {"type": "array", "items": answer}]}
    operation["responses"] = {
        "200": {
            "description": "One answer for one row, a list of them for several.",
            "content": {"application/json": {"schema": given}},
        },
        **{
            status: {
                "description": meaning,
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            }
            for status, meaning in _REFUSALS.items()
        },
    }


def _or_null(value: Any) -> Any:
    """Let each number be null: NaN and the infinities, which JSON does not have, are written so."""
    if isinstance(value, dict):
        opened = {key: _or_null(item) for key, item in value.items()}
        return {**opened, "type": ["number", "null"]} if opened.get("type") == "number" else opened
    return [_or_null(item) for item in value] if isinstance(value, list) else value


def _moved(value: Any) -> Any:
    """Point references at where OpenAPI keeps schemas."""
    if isinstance(value, dict):
        return {
            key: "#/components/schemas/Row"
            if key == "$ref" and item == "#/$defs/row"
            else _moved(item)
            for key, item in value.items()
        }
    return [_moved(item) for item in value] if isinstance(value, list) else value
