"""The table of operations, and a group of methods for each tag of the document, with each operation's parameters as arguments."""

import re
import textwrap
from typing import Any

from schemas import RENAMED, relaxed

NAMES = {
    "getTenantByExternalId": "get_by_external_id",
    "deleteTenantByExternalId": "delete_by_external_id",
    "getUserByExternalId": "get_by_external_id",
    "assignUserRole": "assign_role",
    "unassignUserRole": "unassign_role",
    "getIntegrationSelf": "get_self",
}
"""Methods that are not named as the first word of their operation."""

POSITIONAL = {
    "createCustomer": ["display_name", "description"],
    "updateCustomer": ["display_name", "description"],
    "createConversation": ["user_id"],
}
"""Optional members that may be given by position; required ones always may."""

IMPORTS = """
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime

from agentrouter_sdk._generated import inputs, models, operations as api, values
from agentrouter_sdk.asynchronous.group import Group
from agentrouter_sdk.unset import UNSET, Unset
"""
TYPES = {"string": "str", "integer": "int", "boolean": "bool", "null": "None"}
POSITIONS = {"page_token", "starting_after", "ending_before"}


class Parameter:
    """A parameter of the document as an argument of a method."""

    def __init__(self, name: str, where: str, annotation: str, required: bool, description: str) -> None:
        self.sent, self.where, self.description = name, where, description
        self.name = name.removeprefix("page.").replace("-", "_").lower()
        absent = "" if required else " | Unset = UNSET" if where == "body" else " | None = None"
        self.declared = f"{self.name}: {annotation}{absent}"


def files(document: Any) -> dict[str, str]:
    """The text of each file."""
    table = ['"""The operations of the API."""\n\nfrom types import NoneType\nfrom typing import Final\n\nfrom agentrouter_sdk._generated import models\n'
             "from agentrouter_sdk.operation import Operation\n\n"]  # fmt: skip
    tags = {tag["name"]: f'class {tag["name"]}(Group):\n    """{tag["description"]}"""\n' for tag in document["tags"]}
    patterns: dict[str, str | None] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            raw = [resolved(document, part) for part in item.get("parameters", []) + operation.get("parameters", [])]
            patterns |= {part["name"]: resolved(document, part["schema"]).get("pattern") for part in raw if part["in"] == "path"}
            success = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
            content = next(iter(resolved(document, success).get("content", {}).values()), None)
            model = content["schema"]["$ref"].rsplit("/", 1)[1] if content else ""
            result = f"models.{RENAMED.get(model, model)}" if model else "None"
            query = tuple(part["name"] for part in raw if part["in"] == "query")
            keyed = any(part["name"] == "Idempotency-Key" for part in raw)
            values = f'"{operation["operationId"]}", "{method.upper()}", "{path}", {result if model else "NoneType"}, {query}, {keyed}'
            table.append(f"{constant(operation)}: Final = Operation[{result}]({values})\n")
            parameters = arguments(document, operation, raw)
            tags[operation["tags"][0]] += method_text(operation, parameters, result)
            rows = document["components"]["schemas"].get(model, {}).get("properties", {}).keys() & {"customers", "has_more"}
            if rows:
                name = "customers" if "customers" in rows else "data"
                row = document["components"]["schemas"][model]["properties"][name]["items"]["$ref"].rsplit("/", 1)[1]
                tags[operation["tags"][0]] += all_text(operation, parameters, row)
    ids = "".join(f'    "{name}": r"{pattern}",\n' for name, pattern in patterns.items() if pattern and name != "external_id")
    groups = {f"asynchronous/{tag.lower()}.py": f'"""The operations on {tag.lower()}."""\n{IMPORTS}\n\n{text}' for tag, text in tags.items()}
    return groups | {
        "operations.py": "".join(table),
        "patterns.py": f'"""What ids in paths look like."""\n\nPATTERNS = {{\n{ids}}}\n',
        "asynchronous/__init__.py": '"""The groups of methods."""\n',
    }


def resolved(document: Any, part: Any) -> Any:
    while "$ref" in part:
        where, part = part["$ref"], document
        for step in where.split("/")[1:]:
            part = part[step]
    return part


def constant(operation: Any) -> str:
    return re.sub("(?=[A-Z])", "_", operation["operationId"]).upper()


def arguments(document: Any, operation: Any, raw: list[Any]) -> list[Parameter]:
    """The parameters in the order of the arguments: path, body, query, headers."""
    schemas = document["components"]["schemas"]
    found = [Parameter(part["name"], part["in"], "str" if part["in"] == "path" else annotation(part["schema"], schemas), part["in"] == "path", part["description"]) for part in raw]
    found.sort(key=lambda parameter: ["path", "query", "header"].index(parameter.where))
    content: Any = next(iter(resolved(document, operation.get("requestBody", {})).get("content", {}).values()), {"schema": {}})
    body = resolved(document, content["schema"])
    taken = [parameter.name for parameter in found if parameter.where == "path"]
    members = [(name, schema) for name, schema in body.get("properties", {}).items() if name not in taken]
    members.sort(key=lambda member: member[0] not in body.get("required", []))
    texts = [relaxed(schema, schemas).get("description") or resolved(document, schema).get("description", "") for _, schema in members]
    inside = [Parameter(name, "body", annotation(schema, schemas), name in body.get("required", []), text)
              for (name, schema), text in zip(members, texts, strict=True)]  # fmt: skip
    return found[: len(taken)] + inside + found[len(taken) :]


def annotation(schema: Any, schemas: Any) -> str:
    """The type of an argument."""
    schema = relaxed(schema, schemas)
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return f"{'values' if 'enum' in schemas[name] else 'inputs'}.{name}" + (" | None" if "null" in schemas[name]["type"] else "")
    if schema.get("format") == "date-time":
        return "datetime | None" if "null" in schema["type"] else "datetime"
    if schema["type"] == "array":
        return f"Sequence[{annotation(schema['items'], schemas)}]"
    if schema["type"] == "object":
        return "Mapping[str, str]"
    return " | ".join(TYPES[kind] for kind in (schema["type"] if isinstance(schema["type"], list) else [schema["type"]]))


def signature(operation: Any, name: str, parameters: list[Parameter], result: str, prefix: str) -> str:
    by_position = [parameter for parameter in parameters if "=" not in parameter.declared or parameter.name in POSITIONAL.get(operation["operationId"], [])]
    by_name = [parameter for parameter in parameters if parameter not in by_position]
    declared = ["self", *(parameter.declared for parameter in by_position), *(["*"] if by_name else []), *(parameter.declared for parameter in by_name)]
    return f"\n    {prefix}def {name}(\n" + "".join(f"        {part},\n" for part in declared) + f"    ) -> {result}:\n"


def described(title: str, text: str, parameters: list[Parameter]) -> str:
    """A docstring."""
    wrap = textwrap.TextWrapper(130, initial_indent="        ", subsequent_indent="        ", break_on_hyphens=False).fill
    paragraphs = [wrap(f"{title}."), "", *(wrap(paragraph) for paragraph in re.split(r"\n(?=\S)", text.strip()))]
    if parameters:
        paragraphs += ["", "        Args:"]
        item = textwrap.TextWrapper(130, initial_indent=" " * 12, subsequent_indent=" " * 16, break_on_hyphens=False).fill
        paragraphs += [item(f"{parameter.name}: {' '.join(parameter.description.split())}") for parameter in parameters]
    inside = "\n".join(paragraphs).strip().replace("\\", "\\\\")
    return f'        """{inside}\n        """\n' if "\n" in inside else f'        """{inside}"""\n'


def sent(parameters: list[Parameter], where: str) -> str:
    return "{" + ", ".join(f'"{parameter.sent if where == "body" else parameter.name}": {parameter.name}' for parameter in parameters if parameter.where == where) + "}"


def method_text(operation: Any, parameters: list[Parameter], result: str) -> str:
    """The method of an operation."""
    snake = constant(operation).lower()
    name = NAMES.get(operation["operationId"], snake if operation["tags"] == ["Service"] else snake.split("_")[0])
    call = [f"api.{constant(operation)}", *(parameter.name for parameter in parameters if parameter.where == "path")]
    call += [f"{where}={sent(parameters, where)}" for where in ("query", "body") if where == "body" and "requestBody" in operation or sent(parameters, where) != "{}"]
    call += [f"{parameter.name}={parameter.name}" for parameter in parameters if parameter.where == "header"]
    text = described(operation["summary"], operation["description"], parameters)
    return f"{signature(operation, name, parameters, result, 'async ')}{text}        return await self._call({', '.join(call)})\n"


def all_text(operation: Any, parameters: list[Parameter], row: str) -> str:
    """The method that iterates over all pages of a list."""
    kept = [parameter for parameter in parameters if parameter.name not in POSITIONS]
    call = [f"api.{constant(operation)}", f"models.{row}", *(parameter.name for parameter in kept if parameter.where == "path"), f"query={sent(kept, 'query')}"]
    text = described(f"{operation['summary']}, all of them: iterates over the pages", operation["description"], kept)
    return f"{signature(operation, 'list_all', kept, f'AsyncIterator[models.{row}]', '')}{text}        return self._rows({', '.join(call)})\n"
