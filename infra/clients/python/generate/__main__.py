"""Generates agentrouter_sdk/_generated from infra/openapi.yaml; run by `cargo xtask clients python`.

    python generate DOCUMENT FOLDER

datamodel-code-generator writes the types (schemas.py); the table of operations and the groups of methods follow the document's paths (groups.py). The
blocking client is the asynchronous one without `async` and `await`.
"""

import sys
from pathlib import Path

import groups
import schemas
import yaml

HEADER = "# Generated from infra/openapi.yaml by `cargo xtask clients python`. Do not edit.\n"
BLOCKING = [
    ("AsyncIterator", "Iterator"),
    ("AsyncClient", "Client"),
    ("__aenter__", "__enter__"),
    ("__aexit__", "__exit__"),
    ("aclose", "close"),
    ("anyio", "time"),
    ("async ", ""),
    ("await ", ""),
    ("agentrouter_sdk.asynchronous", "agentrouter_sdk._generated.blocking"),
    ("asynchronous", "blocking"),
]


def main(source: Path, into: Path) -> None:
    document = yaml.safe_load(source.read_text())
    schemas.write(document, into, HEADER)
    files = groups.files(document) | {"__init__.py": '"""What is generated."""\n', "values.py": schemas.values(document)}
    ours = Path(__file__).parent.parent / "agentrouter_sdk/asynchronous"
    sources = {f"asynchronous/{module.name}": module.read_text() for module in ours.glob("*.py")}
    for file, text in (sources | files).items():
        if file.startswith("asynchronous/"):
            files[file.replace("asynchronous", "blocking")] = blocking(text)
    for file, text in files.items():
        (into / file).parent.mkdir(parents=True, exist_ok=True)
        (into / file).write_text(HEADER + text)


def blocking(text: str) -> str:
    """The source of the blocking client, from that of the asynchronous one."""
    for word, other in BLOCKING:
        text = text.replace(word, other)
    return text


main(Path(sys.argv[1]), Path(sys.argv[2]))
