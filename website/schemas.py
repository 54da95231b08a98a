"""A page on each report from its JSON schema: every key with its type."""

from __future__ import annotations

import json
from typing import Any

from deploy.report.schemas import schema

Schema = dict[str, Any]
"""A part of a JSON schema, whose keys are those of the standard."""

PRINTED = "What `convert-model MODEL --check --json` prints"
LONGEST_DEFAULT = 40
"""Characters that a table has room for."""

WRITTEN = "What stands in {name}.json"


def schema_page(name: str) -> str:
    """The page on NAME.json: a table for each struct, the report itself first."""
    whole: Schema = json.loads(schema(name))
    structs: dict[str, Schema] = whole["$defs"]
    first = whole["$ref"].rsplit("/", 1)[1]
    order = [first, *(struct for struct in structs if struct != first)]
    what = PRINTED if name == "check" else WRITTEN.format(name=name)
    top = (
        f"# {name}.json\n\n{what}; made from the types. The same as a [JSON schema](../../schemas/{name}.schema.json)."
    )
    return "\n\n".join([top, *(_struct(struct, structs[struct]) for struct in order)]) + "\n"


def _struct(name: str, described: Schema) -> str:
    parts = [f"## {name}", described.get("description", "").replace("\n", " ")]
    if "properties" not in described:
        return "\n\n".join([*parts, _type(described)])
    needed = set(described.get("required", ()))
    rows = [
        f"| `{key}` | {_type(value)} | {'' if key in needed else _default(value)} |"
        for key, value in described["properties"].items()
    ]
    return "\n\n".join([*parts, "\n".join(["| key | type | if it is missing |", "|---|---|---|", *rows])])


def _default(value: Schema) -> str:
    if "default" not in value:
        return "left out"
    default = json.dumps(value["default"])
    return f"`{default}`" if len(default) <= LONGEST_DEFAULT else "as the schema says"


def _type(value: Schema) -> str:
    if "$ref" in value:
        name = value["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in value:
        return " or ".join(map(_type, value["anyOf"]))
    if "enum" in value:
        return " or ".join(f"`{json.dumps(choice)}`" for choice in value["enum"])
    kind = value.get("type", "anything")
    if kind == "array" and value.get("prefixItems"):
        return "[" + ", ".join(map(_type, value["prefixItems"])) + "]"
    if kind == "array":
        return f"list of {_type(value.get('items') or {})}"
    if kind == "object" and "additionalProperties" in value:
        return f"by name: {_type(value['additionalProperties'] or {})}"
    return str(kind)
