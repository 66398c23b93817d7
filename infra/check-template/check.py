"""Checks template.yaml in its expanded form, as plain CloudFormation, for both SAM and CDK.

    python -m venv VENV && VENV/bin/pip install -r infra/check-template/requirements.txt
    (cd infra/cdk && npm ci)
    VENV/bin/python infra/check-template/check.py [sam|cdk|iam]

`cargo xtask test template cdk` does the same and installs the tools.

Runs offline and without credentials. Prints one line per step; the exit status is 1 if any of them fails. With `sam` it runs steps 1 and 2
only, which do not need Node; with `cdk` only the others.

1. `sam validate --lint` of template.yaml.
2. `cfn-lint` of template.yaml and of what it deploys: expanded and with its conditions resolved, by default, with each option, and with all of them
   (options.py). Circular dependencies, such as a function that refers to the Api, exist only after the expansion, because SAM writes the routes
   into the Api. Each option adds what it is for, and a stack with all of them is below CloudFormation's limit of 500 resources.
3. cdk-nag of the expanded template with all options. infra/cdk/accepted.ts has the accepted findings and their reasons.
4. The expanded output of `cdk synth` is the same stack: only the location of the code differs, and each function's asset
   contains that function's binary.
5. The comparison can fail: one changed property is exactly one difference.
6. With `sam`: infra/stack-policy.json keeps the table, which an import can create (restore.py), infra/deploy-policy.json allows what CloudFormation
   needs (deployer.py), and the documents' commands of `aws` and `sam` name existing operations, options and parameters (documented.py).

With `iam` it runs infra/check-policies instead, over the requests that the black-box tests recorded in target/test-log.

With --cdk-out, step 4 reads the output of an earlier `cdk synth` of the built functions; without, it runs `cdk synth`
over placeholder binaries, so that nothing has to be built.
"""

import argparse
import copy
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import deployer
import documented
import options
import restore

ROOT = Path(__file__).resolve().parents[2]
CDK = ROOT / "infra" / "cdk"
ENVIRONMENT = os.environ | {
    "AWS_DEFAULT_REGION": "eu-west-1",  # any region: the expansion requires one
    "SAM_CLI_TELEMETRY": "0",
    "CDK_DISABLE_CLI_TELEMETRY": "1",
}
os.environ.update(ENVIRONMENT)

try:
    import boto3
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator
    from samtranslator.yaml_helper import yaml_parse
except ImportError as error:
    sys.exit(f"{error}: pip install -r {Path(__file__).with_name('requirements.txt')}")


logging.getLogger("samtranslator").setLevel(logging.ERROR)  # no warnings about metrics


class Failed(Exception):
    """A failed check; the text is the reason."""


def functions(template):
    """The SAM functions of a template, by logical id."""
    return {id: r["Properties"] for id, r in template["Resources"].items() if r["Type"] == "AWS::Serverless::Function"}


def expand(template, parameters=None):
    """Expands a SAM template to plain CloudFormation, as CloudFormation does at deployment."""
    template = normal(template)
    for function in functions(template).values():
        if isinstance(function["CodeUri"], str):  # the translator does not accept local paths
            function["CodeUri"] = {"Bucket": "placeholder", "Key": function["CodeUri"]}
    try:
        return Translator({}, Parser(), [], boto3.Session()).translate(template, options.values(template, parameters))
    except InvalidDocumentException as error:
        raise Failed("\n".join(str(cause) for cause in [error, *error.causes])) from error


def without_cdk(template, sam, cdk_out, code):
    """The CDK output without CDK's additions; each asset is replaced by the local path of the binary that it contains."""
    template = copy.deepcopy(template)
    template.get("Parameters", {}).pop("BootstrapVersion", None)
    template.get("Rules", {}).pop("CheckBootstrapVersion", None)
    for id, function in functions(template).items():
        path = functions(sam)[id]["CodeUri"]
        asset = cdk_out / f"asset.{function['CodeUri']['Key'].removesuffix('.zip')}" / "bootstrap"
        if asset.read_bytes() != (code / path / "bootstrap").read_bytes():
            raise Failed(f"{id}: its asset does not contain {path}bootstrap")
        function["CodeUri"] = path
    return template


def normal(value):
    """Normalises values that CloudFormation accepts in several forms."""
    if isinstance(value, dict):
        if set(value) == {"Fn::GetAtt"} and isinstance(value["Fn::GetAtt"], str):
            return {"Fn::GetAtt": value["Fn::GetAtt"].split(".", 1)}
        value = {k: normal(v) for k, v in value.items() if not k.startswith(("aws:cdk:", "aws:asset:"))}
        if isinstance(value.get("Tags"), list):
            value["Tags"].sort(key=lambda tag: tag["Key"])
        if value.get("Metadata") == {}:
            del value["Metadata"]
        return value
    return [normal(v) for v in value] if isinstance(value, list) else value


def differences(a, b, path=""):
    """The paths at which two JSON values differ, each with both sides."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted(a.keys() | b.keys()):
            yield from differences(a.get(key), b.get(key), f"{path}/{key}")
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b)):
            yield from differences(x, y, f"{path}/{i}")
    elif a != b:
        yield f"{path}: SAM {json.dumps(a)}, CDK {json.dumps(b)}"


def compare(sam, cdk, parameters=None):
    return list(differences(normal(expand(sam, parameters)), normal(expand(cdk, parameters))))


def run(*command, cwd=ROOT):
    """Runs a tool; its output is shown only if it fails."""
    try:
        done = subprocess.run([str(c) for c in command], cwd=cwd, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except FileNotFoundError as error:
        raise Failed(str(error)) from error
    if done.returncode:
        raise Failed(f"{' '.join(map(str, command))}: exit status {done.returncode}\n{done.stdout}")
    return done.stdout


def tool(name):
    """A tool of the current Python environment."""
    return shutil.which(name, path=Path(sys.executable).parent) or name


def node_tool(name):
    path = CDK / "node_modules" / ".bin" / name
    if not path.exists():
        raise Failed(f"{name} is not installed: (cd infra/cdk && npm ci)")
    return path


def placeholders(sam, folder):
    """Creates a folder with placeholder binaries. All are different, so that a mix-up is detected."""
    for function in functions(sam).values():
        path = folder / function["CodeUri"]
        path.mkdir(parents=True)
        (path / "bootstrap").write_text(function["CodeUri"])
    return folder


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("part", nargs="?", choices=["sam", "cdk", "iam"], help="one part only")
    parser.add_argument("--cdk-out", type=Path, help="output folder of a `cdk synth` of the built functions")
    arguments = parser.parse_args()

    failures = 0

    def step(name, check):
        nonlocal failures
        try:
            note = check()
        except Failed as reason:
            failures += 1
            print(f"FAILED  {name}\n{reason}", flush=True)
        else:
            print(f"ok      {name}{': ' + note if note else ''}", flush=True)

    with tempfile.TemporaryDirectory(prefix="check-template-") as scratch:
        scratch = Path(scratch)
        sam = yaml_parse((ROOT / "template.yaml").read_text())
        expanded = scratch / "expanded.json"

        def validate():
            run(tool("sam"), "validate", "--lint", "--template-file", ROOT / "template.yaml")

        def lint():
            run(tool("cfn-lint"), ROOT / "template.yaml")
            sizes, files, default = {}, [], None
            if unknown := options.SETTINGS.keys() - options.VARIANTS.keys():
                raise Failed(f"no options: {unknown}")
            for name, (parameters, adds) in options.VARIANTS.items():
                plain = options.resolved(expand(sam, parameters), options.values(sam, parameters))
                default = default or plain
                if errors := options.errors(plain, adds) or options.unset(name, plain, default):
                    raise Failed(f"{name}: {errors}")
                sizes[name] = len(plain["Resources"])
                files.append(scratch / f"{name}.json")
                files[-1].write_text(json.dumps(plain, indent=1))
            said = f"{sizes['no option']} resources without an option, {sizes['all options']} with all"
            if said not in (ROOT / "docs/operations.md").read_text():
                raise Failed(f"docs/operations.md does not say {said!r}")
            run(tool("cfn-lint"), *files)
            return ", ".join(f"{size} resources with {name}" for name, size in sizes.items())

        def nag():
            expanded.write_text(json.dumps(expand(sam, options.ALL)))
            return "\n" + re.sub("(?m)^", "          accepted: ", run(node_tool("tsx"), "nag.ts", expanded, scratch / "nag", cwd=CDK).rstrip())

        def same():
            code, out = ROOT, arguments.cdk_out
            if out is None:
                code, out = placeholders(sam, scratch / "code"), scratch / "cdk.out"
                run(node_tool("cdk"), "synth", "--quiet", "--output", out, "--context", f"code={code}", cwd=CDK)
            (file,) = out.glob("*.template.json")
            cdk = without_cdk(json.loads(file.read_text()), sam, out, code)
            if found := compare(sam, cdk) + compare(sam, cdk, options.ALL):
                raise Failed("\n".join(found))
            return f"{len(functions(sam))} functions, 0 differences"

        def control():
            other = copy.deepcopy(sam)
            other["Resources"]["SweepFailureQueue"]["Properties"]["MessageRetentionPeriod"] = 60
            if len(found := compare(sam, other)) != 1:
                raise Failed(f"expected exactly one difference:\n{found}")
            return found[0]

        def restorable():
            text = (ROOT / "infra/stack-policy.json").read_text()
            errors = restore.policy_errors(json.loads(text), text, sam["Resources"]) + restore.table_errors(expand(sam))
            if errors:
                raise Failed("\n".join(errors))
            weak = {"Statement": [s for s in json.loads(text)["Statement"] if s["Effect"] == "Allow"]}
            if len(restore.policy_errors(weak, text, sam["Resources"])) != 2:
                raise Failed("a policy that lets the table be replaced and deleted passes")

        def deploy_policy():
            text = (ROOT / "infra/deploy-policy.json").read_text()
            resources = options.resolved(expand(sam, options.ALL), options.values(sam, options.ALL))["Resources"].values()
            types = {resource["Type"] for resource in resources}
            if errors := deployer.errors(json.loads(text), text, types):
                raise Failed("\n".join(errors))
            if deployer.errors(json.loads(text.replace("sqs:CreateQueue", "sqs:SendMessage")), text, types) != [
                "AWS::SQS::Queue needs sqs:CreateQueue",
                "nothing needs sqs:SendMessage",
            ]:
                raise Failed("a policy that allows too little and too much passes")
            return f"{len(types)} types of resources"

        def commands():
            files = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "docs").glob("*.yml")]
            errors, count = documented.errors({file.name: file.read_text() for file in files}, sam["Parameters"])
            if errors or count < 20:
                raise Failed("\n".join(errors or [f"only {count} commands were found"]))
            wrong = ["aws dynamodb drop-table", "aws dynamodb delete-table --name TABLE", "sam deploy --quick", "sam deploy --parameter-overrides No=1"]
            if any(not documented.errors({"": f"```sh\n{line}\n```"}, sam["Parameters"])[0] for line in wrong):
                raise Failed("a command that does not exist passes")
            return f"{count} commands"

        def policies():
            """The resolved template with all options, because the policies of the optional parts are checked as well."""
            expanded.write_text(json.dumps(options.resolved(expand(sam, options.ALL), options.values(sam, options.ALL))))
            return run("node", ROOT / "infra/check-policies/check.mjs", expanded, ROOT / "target/test-log").strip()

        if arguments.part == "iam":
            step("an IAM simulator agrees with the recorded and the forbidden requests", policies)
            return 1 if failures else 0
        if arguments.part != "cdk":
            step("sam validate --lint", validate)
            step("cfn-lint of the template and of what it deploys", lint)
            step("the table is kept by the stack policy, and can be imported", restorable)
            step("infra/deploy-policy.json allows what CloudFormation needs", deploy_policy)
            step("the documents' commands of aws and sam exist", commands)
        if arguments.part != "sam":
            step("cdk-nag of the expanded template", nag)
            step("SAM and CDK create the same stack", same)
            step("a changed property is detected", control)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
