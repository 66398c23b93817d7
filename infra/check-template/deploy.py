"""Runs `sam deploy` as README.md describes it, for each stage of samconfig.toml, against a local emulation of CloudFormation and S3.

    VENV/bin/python infra/check-template/deploy.py [FOLDER]

FOLDER contains built functions, like target/lambda; missing ones are replaced by placeholders. Needs no AWS account. The emulation creates every
stack at once and records the calls, which are checked afterwards. Standard input is empty, so a question ends `sam deploy` with an error.
"""

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import tomlkit
import yaml

ROOT = Path(__file__).resolve().parents[2]
BUCKET = "code"
ARN = "arn:aws:cloudformation:eu-west-1:123456789012"
TIME = "2026-01-01T00:00:00Z"


def member(items):
    return "".join(f"<member>{item}</member>" for item in items)


def managed_stack():
    """The stack with SAM's bucket, which `resolve_s3` creates if there is none."""
    outputs = f"<OutputKey>SourceBucket</OutputKey><OutputValue>{BUCKET}</OutputValue>"
    tag = "<Key>ManagedStackSource</Key><Value>AwsSamCli</Value>"
    return stack("aws-sam-cli-managed-default", f"<Outputs>{member([outputs])}</Outputs><Tags>{member([tag])}</Tags>")


def stack(name, more=""):
    return (
        f"<StackName>{name}</StackName><StackId>{ARN}:stack/{name}/1</StackId><CreationTime>{TIME}</CreationTime>"
        f"<StackStatus>CREATE_COMPLETE</StackStatus>{more}"
    )


class FakeAws(BaseHTTPRequestHandler):
    """Answers the calls of `sam deploy`: CloudFormation by POST, S3 by HEAD and PUT."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "text/xml")
        self.send_header("ETag", '"1"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body.encode())

    def body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def do_HEAD(self):
        self.answer(404)

    def do_GET(self):
        self.answer(404, "<Error><Code>NoSuchKey</Code></Error>")

    def do_PUT(self):
        self.server.objects[urlsplit(self.path).path] = self.body()
        self.answer(200)

    def do_POST(self):
        fields = {name: values[0] for name, values in parse_qs(self.body().decode()).items()}
        action = fields.get("Action", "")
        self.server.calls.append(fields)
        name = fields.get("StackName", "").split("/")[1 if "/" in fields.get("StackName", "") else 0]
        is_created = any(call.get("Action") == "ExecuteChangeSet" for call in self.server.calls)
        result = ""
        if action == "DescribeStacks" and name == "aws-sam-cli-managed-default":
            result = f"<Stacks>{member([managed_stack()])}</Stacks>"
        elif action == "DescribeStacks" and is_created:
            result = f"<Stacks>{member([stack(name)])}</Stacks>"
        elif action == "DescribeStacks":
            error = f"<Code>ValidationError</Code><Message>Stack with id {name} does not exist</Message>"
            return self.answer(400, f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error></ErrorResponse>")
        elif action == "CreateChangeSet":
            result = f"<Id>{ARN}:changeSet/{fields['ChangeSetName']}/1</Id><StackId>{ARN}:stack/{name}/1</StackId>"
        elif action == "DescribeChangeSet":
            change = "<Action>Add</Action><LogicalResourceId>Table</LogicalResourceId><ResourceType>AWS::DynamoDB::Table</ResourceType>"
            changes = member([f"<Type>Resource</Type><ResourceChange>{change}</ResourceChange>"])
            result = f"<Status>CREATE_COMPLETE</Status><ExecutionStatus>AVAILABLE</ExecutionStatus><Changes>{changes}</Changes>"
        elif action == "DescribeStackEvents":
            # `sam` waits until it sees an event that is newer than all earlier ones.
            year = 2999 if is_created else 2026
            event = (
                f"<EventId>{year}</EventId><StackName>{name}</StackName><StackId>{ARN}:stack/{name}/1</StackId><LogicalResourceId>{name}"
                f"</LogicalResourceId><PhysicalResourceId>{ARN}:stack/{name}/1</PhysicalResourceId><ResourceType>AWS::CloudFormation::Stack"
                f"</ResourceType><Timestamp>{year}-01-01T00:00:00Z</Timestamp><ResourceStatus>CREATE_COMPLETE</ResourceStatus>"
            )
            result = f"<StackEvents>{member([event])}</StackEvents>"
        self.answer(200, f"<{action}Response><{action}Result>{result}</{action}Result></{action}Response>")


class Loader(yaml.SafeLoader):
    """Loads YAML and ignores CloudFormation's short forms."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: None)


def deploy(folder, server, stage):
    """Runs `sam deploy` for a stage in this folder without input; returns its exit status and output."""
    url = f"http://127.0.0.1:{server.server_port}"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAM_"))}
    environment = clean | {
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": url,
        "AWS_CONFIG_FILE": os.devnull,
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "1",
    }
    sam = shutil.which("sam", path=Path(sys.executable).parent) or "sam"
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run([sam, "deploy", *([] if stage == "default" else ["--config-env", stage])], cwd=folder, env=environment, text=True, timeout=300, **pipes)
    return done.returncode, done.stdout


def section():
    """The section "Deploy" of README.md."""
    return (ROOT / "README.md").read_text().split("## Deploy\n")[1].split("\n## ")[0]


def options(text):
    """The options in the code of a part of README.md."""
    codes = re.findall(r"```sh\n(.*?)```|`([^`]+)`", text, re.DOTALL)
    return {option for code in codes for part in code for option in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", part)}


def unknown_options():
    """Options in README.md that `sam deploy` or `cdk deploy` do not have, and unknown parameters in samconfig.toml."""
    from samcli.commands.deploy.command import cli

    errors = []
    sam = {name for parameter in cli.params for name in parameter.opts + parameter.secondary_opts}
    (text,) = [line for line in re.split(r"\n(?=- |\n)", section()) if line.startswith("- **SAM**")]
    errors += [f"README.md: `sam deploy` has no {option}" for option in options(text) - sam]
    names = {parameter.name for parameter in cli.params}
    unknown = {name for settings in stages().values() for name in settings.keys() - names}
    errors += [f"samconfig.toml: `sam deploy` has no parameter {name}" for name in unknown]
    cdk = ROOT / "infra/cdk/node_modules/.bin/cdk"
    if cdk.exists():
        help = subprocess.run([cdk, "deploy", "--help"], text=True, stdin=subprocess.DEVNULL, capture_output=True, check=True).stdout
        (text,) = [line for line in re.split(r"\n(?=- |\n)", section()) if line.startswith("- **CDK**")]
        there = set(re.findall(r"(?<![\w-])--?[a-zA-Z][a-z-]*", help))
        errors += [f"README.md: `cdk deploy` has no {option}" for option in options(text) - there]
    return errors


def stages():
    """The parameters of `sam deploy` in samconfig.toml, by stage."""
    file = tomlkit.loads((ROOT / "samconfig.toml").read_text())
    return {name: stage["deploy"]["parameters"] for name, stage in file.items() if name != "version"}


def deployed(code, stage, settings):
    """Runs `sam deploy` with the template; returns the errors found, and its output."""
    with tempfile.TemporaryDirectory(prefix="deploy-") as folder:
        folder = Path(folder)
        for file in ["template.yaml", "samconfig.toml"]:
            shutil.copy(ROOT / file, folder)
        resources = yaml.load((folder / "template.yaml").read_text(), Loader)["Resources"]
        paths = [r["Properties"]["CodeUri"] for r in resources.values() if r["Type"] == "AWS::Serverless::Function"]
        built = {}
        for path in paths:
            file = code / Path(path).name / "bootstrap"
            built[path] = file.read_bytes() if file.exists() else path.encode()
            (folder / path).mkdir(parents=True)
            (folder / path / "bootstrap").write_bytes(built[path])
        server = ThreadingHTTPServer(("127.0.0.1", 0), FakeAws)
        server.objects, server.calls = {}, []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        status, output = deploy(folder, server, stage)
        server.shutdown()

    errors = [] if status == 0 else [f"exit status {status}"]
    if question := re.search(r".*(\[y/N\]|\[Y/n\]).*", output):
        errors.append(f"it asks: {question[0]}")
    calls = {action: [call for call in server.calls if call.get("Action") == action] for action in ["CreateChangeSet", "ExecuteChangeSet"]}
    if [len(sets) for sets in calls.values()] != [1, 1]:
        errors.append(f"it did not create and execute exactly one change set: {calls}")
    for call in calls["CreateChangeSet"]:
        seen = call.get("StackName"), call.get("ChangeSetType"), call.get("Capabilities.member.1")
        if seen != (settings["stack_name"], "CREATE", "CAPABILITY_IAM"):
            errors.append(f"the change set is {seen}")
        given = {call[key]: call.get(key.replace("Key", "Value")) for key in call if re.fullmatch(r"Parameters\.member\.\d+\.ParameterKey", key)}
        for name, value in (pair.split("=") for pair in settings.get("parameter_overrides", "").split()):
            if given.get(name) != value:
                errors.append(f"the parameter {name} is {given.get(name)}, not {value}")
    packages = [zipfile.ZipFile(io.BytesIO(body)) for body in server.objects.values() if body.startswith(b"PK")]
    uploaded = sorted(package.read("bootstrap") for package in packages if package.namelist() == ["bootstrap"])
    if uploaded != sorted(built.values()):
        errors.append(f"the {len(uploaded)} uploaded functions are not the {len(built)} built ones")
    return [f"sam deploy, stage {stage}: {error}" for error in errors], output


def main():
    code = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/lambda")
    errors = unknown_options()
    for stage, settings in stages().items():
        found, output = deployed(code, stage, settings)
        if found:
            print(output)
        errors += found
    for error in errors:
        print(f"FAILED  {error}", flush=True)
    if not errors:
        print(f"ok      sam deploy ({', '.join(stages())}) asks nothing, uploads every function and creates the stack; README.md names existing options only", flush=True)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
