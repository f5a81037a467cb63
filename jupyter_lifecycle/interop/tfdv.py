"""Contracts as TensorFlow Data Validation's schemas, and back.

The form is the JSON of ``tensorflow_metadata.proto.v0.Schema``, as protobuf writes it; nothing of
TensorFlow is needed. What TFDV has no word for (times, whole types of ours) stands in a feature's
``annotation.tag``, which its tools carry along.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from jupyter_lifecycle.envelope.expectations import Expectation
from jupyter_lifecycle.envelope.fields import TYPE_WORDS, Field
from jupyter_lifecycle.errors import ProfileError
from jupyter_lifecycle.monitoring.contracts import Contract
from jupyter_lifecycle.monitoring.verdicts import Limits

_TAG = "jupyter_lifecycle:type="
_TYPES = {
    "integer": "INT",
    "number": "FLOAT",
    "boolean": "INT",
    "string": "BYTES",
    "categorical": "BYTES",
    "datetime": "BYTES",
    "date": "BYTES",
    "object": "STRUCT",
    "array": "BYTES",
}
_TIMES = {"datetime": "%Y-%m-%dT%H:%M:%S", "date": "%Y-%m-%d"}
_WORDS = {"INT": "integer", "FLOAT": "number", "BYTES": "string", "STRUCT": "object"}
_LEFT_OUT = ("sparseFeature", "weightedFeature", "tensorRepresentationGroup", "datasetConstraints")


def to_tfdv(side: Any, limits: Limits | None = None) -> dict[str, Any]:
    """Write a schema for TFDV.

    Parameters
    ----------
    side : envelope, Contract or Expectations
        Its inputs.
    limits : Limits, optional
        Become the thresholds of the skew and drift comparators.

    Returns
    -------
    dict
        For ``json.dumps``; TFDV's side is ``json_format.Parse(text, schema_pb2.Schema())``.

    Raises
    ------
    ProfileError
        Where ``side`` is none of these.
    """
    contract = Contract.of(side, limits)
    chosen = limits or contract.limits
    domains: list[dict[str, Any]] = []
    features = [
        _feature(one, contract.expectation(one.name), chosen, domains) for one in contract.fields
    ]
    answer: dict[str, Any] = {"feature": features}
    if domains:
        answer["stringDomain"] = domains
    return answer


def _feature(
    field: Field, seen: Expectation | None, limits: Limits, domains: list[dict[str, Any]]
) -> dict[str, Any]:
    allowed = {} if seen is None else seen.allowed
    answer: dict[str, Any] = {"name": field.name, "type": _type_of(field)}
    answer |= _presence(field, allowed.get("null_share"))
    if field.type in ("boolean", "categorical", "datetime", "date", "object"):
        answer["annotation"] = {"tag": [_TAG + field.type]}
    if field.type == "boolean":
        answer["boolDomain"] = {}
    if field.type in _TIMES:
        answer["timeDomain"] = {"stringFormat": _TIMES[field.type]}
    if field.type in ("integer", "number"):
        answer |= _range(field, allowed.get("range"))
    if field.type in ("string", "categorical") and answer["type"] == "BYTES":
        answer |= _domain(field, seen, domains)
    if field.type in ("integer", "number"):
        comparator = {"jensenShannonDivergence": {"threshold": limits.bits_of(field.name)}}
        answer |= {"skewComparator": comparator, "driftComparator": comparator}
    elif field.type in ("string", "categorical", "boolean"):
        comparator = {"infinityNorm": {"threshold": limits.l_infinity}}
        answer |= {"skewComparator": comparator, "driftComparator": comparator}
    return answer


def _type_of(field: Field) -> str:
    if field.type == "categorical" and not all(isinstance(one, str) for one in field.categories):
        return "FLOAT" if any(isinstance(one, float) for one in field.categories) else "INT"
    if field.type == "array" and field.items is not None:
        return _TYPES[field.items.type]
    return _TYPES[field.type]


def _presence(field: Field, null_share: float | None) -> dict[str, Any]:
    if field.type == "array":
        count: dict[str, Any] = {"valueCount": {"min": "0"}}
    elif field.nullable:
        count = {"valueCount": {"min": "1", "max": "1"}}
    else:
        count = {"shape": {"dim": [{"size": "1"}]}}
    if not field.required:
        return count
    presence: dict[str, Any] = {"minCount": "1"}
    if not field.nullable:
        presence["minFraction"] = 1.0
    elif null_share is not None:
        presence["minFraction"] = 1.0 - null_share
    return count | {"presence": presence}


def _range(field: Field, ends: Any) -> dict[str, Any]:
    names = ("min", "max")
    pairs = zip(names, ends or (None, None), strict=True)
    if field.type == "number":
        found: dict[str, Any] = {name: float(end) for name, end in pairs if end is not None}
        return {"floatDomain": {**found, "disallowInf": True}}
    rounded = {"min": math.ceil, "max": math.floor}
    whole = {name: str(rounded[name](end)) for name, end in pairs if end is not None}
    return {"intDomain": whole} if whole else {}


def _domain(
    field: Field, seen: Expectation | None, domains: list[dict[str, Any]]
) -> dict[str, Any]:
    closed = list(field.categories) or list((seen.allowed if seen else {}).get("categories", ()))
    shown = [value for value, _ in seen.categories] if seen is not None else []
    values = [one for one in closed or shown if isinstance(one, str)]
    if not values:
        return {}
    domains.append({"name": field.name, "value": values})
    # a mass of 0 lets any value be: the domain is what training showed, and open
    open_ = {} if closed else {"distributionConstraints": {"minDomainMass": 0.0}}
    return {"domain": field.name, **open_}


def from_tfdv(schema: Any) -> Contract:
    """Read a schema of TFDV.

    Parameters
    ----------
    schema : dict, str or Schema
        The JSON that protobuf writes, decoded or as text, with names in either case; or the message
        itself.

    Returns
    -------
    Contract
        For ``jl.check(frame, contract)``, and ``jl.skew(…, limits=contract.limits)``. What it
        cannot hold is in ``contract.left_out``.

    Raises
    ------
    ProfileError
        Where it is no such schema.
    """
    value = _camel(_decoded(schema))
    try:
        domains = {one["name"]: list(one.get("value", ())) for one in value.get("stringDomain", ())}
        found = [_read(one, domains) for one in value["feature"]]
    except (LookupError, TypeError, ValueError, AttributeError) as problem:
        raise ProfileError(f"This is no schema of TFDV that can be read: {problem!r}.") from problem
    bits = {field.name: limit for field, _, limit in found if limit is not None}
    left = [f"{len(value[name])} {name}" for name in _LEFT_OUT if value.get(name)]
    return Contract(
        tuple(field for field, _, _ in found),
        tuple(one for _, one, _ in found),
        Limits(by_feature=bits),
        tuple(left),
    )


def _decoded(schema: Any) -> dict[str, Any]:
    if hasattr(schema, "DESCRIPTOR"):
        from google.protobuf import json_format

        schema = json_format.MessageToDict(schema)
    if isinstance(schema, str | bytes):
        try:
            schema = json.loads(schema)
        except ValueError as problem:
            raise ProfileError(f"This is no schema of TFDV as JSON: {problem}.") from problem
    if not isinstance(schema, Mapping):
        raise ProfileError(f"A schema of TFDV is a mapping, got a {type(schema).__qualname__}.")
    return dict(schema)


def _camel(value: Any) -> Any:
    """Give the members' names as protobuf writes them; it reads ``min_fraction`` too."""
    if isinstance(value, Mapping):
        return {_joined(name): _camel(one) for name, one in value.items()}
    return [_camel(one) for one in value] if isinstance(value, list) else value


def _joined(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _read(
    feature: Mapping[str, Any], domains: Mapping[str, list[str]]
) -> tuple[Field, Expectation, float | None]:
    name = feature["name"]
    word = _word_of(feature)
    presence = feature.get("presence", {})
    fraction = float(presence.get("minFraction", 0.0))
    values = _values(feature, domains)
    is_open = "minDomainMass" in feature.get("distributionConstraints", {})
    whole = fraction >= 1.0 or "shape" in feature
    field = Field(
        name,
        word,
        nullable=not whole,
        required=("presence" in feature and int(presence.get("minCount", 0)) > 0) or fraction > 0,
        categories=tuple(values) if word == "categorical" else (),
    )
    if "valueCount" in feature and str(feature["valueCount"].get("max", "")) != "1":
        item = Field("item", word)
        field = Field(name, "array", nullable=not whole, required=field.required, items=item)
    allowed: dict[str, Any] = {}
    ends = feature.get("intDomain") or feature.get("floatDomain") or {}
    if "min" in ends or "max" in ends:
        allowed["range"] = [_number(ends.get(side)) for side in ("min", "max")]
    if 0 < fraction < 1:
        allowed["null_share"] = 1.0 - fraction
    if values and not is_open and word == "string":
        allowed["categories"] = values
    shown = tuple((value, 0.0) for value in values) if is_open else ()
    return field, Expectation(name, 0, 0.0, categories=shown, allowed=allowed), _limit(feature)


def _word_of(feature: Mapping[str, Any]) -> Any:
    for tag in feature.get("annotation", {}).get("tag", ()):
        word = str(tag).removeprefix(_TAG)
        if str(tag).startswith(_TAG) and word in TYPE_WORDS:
            return word
    if "boolDomain" in feature and feature["type"] == "INT":
        return "boolean"
    return _WORDS[feature["type"]]


def _values(feature: Mapping[str, Any], domains: Mapping[str, list[str]]) -> list[str]:
    if "stringDomain" in feature:
        return list(feature["stringDomain"].get("value", ()))
    if "boolDomain" in feature and feature["type"] == "BYTES":
        found = feature["boolDomain"]
        return [found[one] for one in ("trueValue", "falseValue") if one in found]
    return list(domains[feature["domain"]]) if "domain" in feature else []


def _number(end: Any) -> float | int | None:
    if end is None:
        return None
    number = float(end)
    return int(number) if number.is_integer() else number


def _limit(feature: Mapping[str, Any]) -> float | None:
    for name in ("skewComparator", "driftComparator"):
        found = feature.get(name, {}).get("jensenShannonDivergence")
        if found and "threshold" in found:
            return float(found["threshold"])
    return None
