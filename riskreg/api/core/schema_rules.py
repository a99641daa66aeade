"""What holds for the whole schema: closed bodies, described properties, named tags, valid types."""

from collections.abc import Iterator
from typing import Any

from riskreg.api.core.schema_descriptions import BOUNDS, OF_SHAPE, PATHS, TAGS, WORDS

_REQUEST = "Request"


def finish_openapi_document(result: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
    """The document that drf-spectacular made, with what it cannot be told."""
    shapes = result["components"]["schemas"]
    for name, shape in shapes.items():
        _set_bounds_and_description(name.removesuffix(_REQUEST), shape)
    for name in sorted(_shapes_in_requests(result)):
        _forbid_unknown_fields(shapes[name])
    for schema in _every_object_in(result):
        _drop_repeated_types(schema)
    used = set()
    for methods in result["paths"].values():
        for operation in methods.values():
            used |= set(operation["tags"])
            _describe_path_and_request_id(operation)
    result["tags"] = [{"name": tag, "description": TAGS[tag]} for tag in sorted(used)]
    return result


def _set_bounds_and_description(name: str, shape: dict[str, Any]) -> None:
    for field, schema in shape.get("properties", {}).items():
        schema.update(BOUNDS.get(f"{name}.{field}", {}))
        description = (
            OF_SHAPE.get(f"{name}.{field}") or schema.get("description") or WORDS.get(field)
        )
        if description:
            schema["description"] = description


def _shapes_in_requests(result: dict[str, Any]) -> set[str]:
    """Names of the shapes that request bodies are made of, however deep."""
    found: set[str] = set()
    waiting: list[Any] = [
        operation.get("requestBody", {})
        for methods in result["paths"].values()
        for operation in methods.values()
    ]
    while waiting:
        for schema in _every_object_in(waiting.pop()):
            name = schema.get("$ref", "").rpartition("/")[2]
            if name and name not in found and name in result["components"]["schemas"]:
                found.add(name)
                waiting.append(result["components"]["schemas"][name])
    return found


def _forbid_unknown_fields(shape: dict[str, Any]) -> None:
    """Unknown fields are refused, and the schema says so."""
    if shape.get("type") == "object" and "properties" in shape:
        shape["additionalProperties"] = False


def _drop_repeated_types(schema: dict[str, Any]) -> None:
    kind = schema.get("type")
    if isinstance(kind, list):
        schema["type"] = list(dict.fromkeys(kind))
    for name in ("oneOf", "anyOf"):
        if isinstance(branches := schema.get(name), list):
            schema[name] = [b for n, b in enumerate(branches) if b not in branches[:n]]


def _describe_path_and_request_id(operation: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", []):
        if parameter["in"] != "path":
            continue
        words, pattern = PATHS[parameter["name"]]
        parameter["description"] = words
        if pattern and "format" not in parameter["schema"]:
            parameter["schema"]["pattern"] = pattern
        if parameter["schema"].get("type") == "integer":
            parameter["schema"]["minimum"] = 1
    for response in operation["responses"].values():
        response.setdefault("headers", {})["X-Request-ID"] = {
            "schema": {"type": "string", "minLength": 1, "maxLength": 64},
            "description": "The name of this request, in the log and in events as well.",
        }


def _every_object_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in ``value``, itself first."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            yield item
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
