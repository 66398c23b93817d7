"""The types: pydantic models of answers, TypedDicts of what is sent, and enumerations.

datamodel-code-generator reads a copy of the document without limits (lengths, patterns, constants, ...), because those of today must not refuse an
answer of tomorrow. For the same reason an enumeration is a Literal that takes any text at run time.
"""

import json
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

LIMITS = "pattern minLength maxLength minimum maximum minItems maxItems uniqueItems minProperties maxProperties propertyNames examples const".split()
RENAMED = {"CustomerPage": "ListCustomersResponse"}
OPTIONS = """--input-file-type openapi --formatters builtin --target-python-version 3.10 --use-annotated --use-schema-description --use-field-description
    --output-datetime-class datetime --disable-timestamp --use-double-quotes --use-exact-imports --no-use-closed-typed-dict --ignore-pyproject
    --disable-warnings --wrap-string-literal""".split()
MODELS = ["--output-model-type", "pydantic_v2.BaseModel", "--base-class", "agentrouter_sdk.answer.Answer"]
INPUTS = ["--output-model-type", "typing.TypedDict"]


def write(document: Any, into: Path, header: str) -> None:
    """Writes models.py and inputs.py."""
    schemas = document["components"]["schemas"]
    operations = [operation for item in document["paths"].values() for method, operation in item.items() if method != "parameters"]
    answers = reachable(schemas, [operation["responses"] for operation in operations]) | {"Problem", "Fault"}
    inputs = reachable(schemas, [operation.get("requestBody", {}) for operation in operations])
    answered, sent = "What is answered.", "What is sent: the types of arguments that are objects."
    for file, names, title, options in (("models.py", answers, answered, MODELS), ("inputs.py", inputs, sent, INPUTS)):
        kept = {RENAMED.get(name, name): relaxed(schemas[name], schemas) for name in schemas if name in names and "properties" in schemas[name]}
        enums = {name: schema for name, schema in schemas.items() if "enum" in schema}
        overrides = json.dumps({name: f"agentrouter_sdk._generated.values.{name}" for name in enums})
        reduced = {"openapi": "3.1.0", "info": document["info"], "paths": {}, "components": {"schemas": kept | enums}}
        with tempfile.NamedTemporaryFile("w", suffix=".json") as copy:
            json.dump(reduced, copy, default=str)
            copy.flush()
            command = ["datamodel-codegen", "--input", copy.name, "--output", str(into / file), "--custom-file-header", f'{header}"""{title}"""']
            subprocess.run([*command, *OPTIONS, *options, "--type-overrides", overrides], check=True)


def values(document: Any) -> str:
    """The enumerations."""
    enums = {name: schema["enum"] for name, schema in document["components"]["schemas"].items() if "enum" in schema}
    lines = ['"""The enumerations. An answer may have values that are not named here."""\n', "from typing import Annotated, Literal\n"]
    lines.append("from agentrouter_sdk.answer import OPEN\n")
    for name, members in enums.items():
        lines.append(f"{name} = Annotated[Literal[{', '.join(json.dumps(member) for member in members)}], OPEN]")
        lines.append(f'"""{document["components"]["schemas"][name]["description"]}"""')
    return "\n".join(lines) + "\n"


def reachable(schemas: Any, parts: Any) -> set[str]:
    """The names of the schemas that parts of the document refer to."""
    found: set[str] = set()
    new = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(parts, default=str)))
    while new:
        found |= new
        new = set(re.findall(r"#/components/schemas/(\w+)", json.dumps([schemas[name] for name in new], default=str))) - found
    return found


def relaxed(part: Any, schemas: Any, names: bool = False) -> Any:
    """The schema without limits, and with ids, times and maps in place of references to them; `names` says that the keys are members' names."""
    if isinstance(part, list):
        return [relaxed(item, schemas) for item in part]
    if not isinstance(part, dict):
        return part
    target = schemas.get("" if names else part.get("$ref", "").rsplit("/", 1)[-1], {"properties": {}})
    if "properties" not in target and "enum" not in target:
        part = {**target, **{key: value for key, value in part.items() if key != "$ref"}}
    kept = {key: relaxed(value, schemas, key == "properties" and not names) for key, value in part.items() if names or key not in LIMITS}
    if not names and str(kept.get("format", "")).startswith("uri"):
        del kept["format"]
    if not names and "properties" in kept:
        kept.pop("additionalProperties", None)
    return kept
