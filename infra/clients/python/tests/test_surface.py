"""The client's surface, compared with infra/openapi.yaml and with the service's registry of problems."""

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import agentrouter_sdk
from agentrouter_sdk import AsyncClient, Client, errors
from agentrouter_sdk._generated import operations
from agentrouter_sdk.operation import Operation

DOCUMENT = yaml.safe_load((Path(__file__).parents[4] / "infra/openapi.yaml").read_text())
OPERATIONS = {
    operation["operationId"]: (tag, operation)
    for item in DOCUMENT["paths"].values()
    for method, operation in item.items()
    if method != "parameters"
    for tag in operation["tags"]
}
HELPERS = {"list_all", "suspend", "activate", "deprovision"}


def methods(client: Client | AsyncClient) -> dict[str, Any]:
    """The public methods of all groups, as `group.method`."""
    groups = {name: group for name, group in vars(client).items() if not name.startswith("_") and name != "base_url"}
    return {f"{name}.{method}": getattr(group, method) for name, group in groups.items() for method in dir(group) if not method.startswith("_")}


def called(method: Any) -> str | None:
    """The operation that a method names in its source."""
    found = re.search(r"_call\(api\.(\w+)", inspect.getsource(method))
    return getattr(operations, found[1]).id if found else None


@pytest.fixture(scope="module")
def blocking() -> dict[str, Any]:
    return methods(Client("http://localhost", "key"))


def test_every_operation_of_the_document_has_its_method_in_the_group_of_its_tag(blocking: dict[str, Any]) -> None:
    found = {called(method): name.split(".")[0] for name, method in blocking.items() if name.split(".")[1] not in HELPERS}
    assert found == {operation: tag.lower() for operation, (tag, _) in OPERATIONS.items()}
    table = {value.id: value for value in vars(operations).values() if isinstance(value, Operation)}
    assert table.keys() == OPERATIONS.keys()


def test_every_list_with_pages_iterates_over_them(blocking: dict[str, Any]) -> None:
    paged = {OPERATIONS[called(method) or ""][0].lower() for name, method in blocking.items() if "limit" in inspect.signature(method).parameters
             and name.endswith(".list")} | {"customers"}  # fmt: skip
    assert {name.split(".")[0] for name in blocking if name.endswith(".list_all")} == paged


def test_both_clients_have_the_same_methods(blocking: dict[str, Any]) -> None:
    asynchronous = methods(AsyncClient("http://localhost", "key"))
    assert asynchronous.keys() == blocking.keys()
    for name, method in blocking.items():
        ours, theirs = inspect.signature(asynchronous[name]), inspect.signature(method)
        assert ours.parameters == theirs.parameters and (ours.return_annotation == theirs.return_annotation or name.endswith("list_all")), name
        assert inspect.iscoroutinefunction(asynchronous[name]) is not name.endswith("list_all") and not inspect.iscoroutinefunction(method), name


def test_a_method_takes_what_its_operation_takes(blocking: dict[str, Any]) -> None:
    def resolved(part: Any) -> Any:
        for step in part.get("$ref", "").split("/")[1:]:
            part = DOCUMENT if part.get("$ref") else part
            part = part[step]
        return part

    for name, method in blocking.items():
        if name.split(".")[1] in HELPERS:
            continue
        operation = OPERATIONS[called(method) or ""][1]
        path = next(item for item in DOCUMENT["paths"].values() if operation in item.values())
        parameters = [resolved(part) for part in path.get("parameters", []) + operation.get("parameters", [])]
        names = {part["name"].removeprefix("page.").replace("-", "_").lower() for part in parameters}
        for content in operation.get("requestBody", {}).get("content", {}).values():
            names |= resolved(content["schema"])["properties"].keys()
        taken = inspect.signature(method).parameters
        assert taken.keys() == names, name
        assert all(taken[part["name"]].default is inspect.Parameter.empty for part in parameters if part.get("required")), name


def test_every_problem_of_the_registry_has_its_class(operator: Client) -> None:
    registry = {str(problem.slug): problem for problem in operator.service.list_problems().data}
    assert errors.ApiError.by_slug.keys() == registry.keys()
    for slug, kind in errors.ApiError.by_slug.items():
        statuses = [str(status.status) for status in registry[slug].statuses]
        assert re.findall(r"\b[45]\d\d\b", kind.__doc__ or "") == statuses, f"the docstring of {kind.__name__} names its statuses"
        assert operator.service.get_problem(slug).slug == slug


def test_every_public_name_has_a_docstring(blocking: dict[str, Any]) -> None:
    assert [name for name, method in blocking.items() if not method.__doc__] == []
    objects = {name: getattr(agentrouter_sdk, name) for name in agentrouter_sdk.__all__ if name != "UNSET"}
    assert [name for name, value in objects.items() if not value.__doc__] == []
    models = {name: value for name, value in vars(agentrouter_sdk.models).items() if inspect.isclass(value)}
    assert [name for name, value in models.items() if not value.__doc__] == []
