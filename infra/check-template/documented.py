"""Checks the commands of `aws` and `sam` in the documents, which need an AWS account to run: each names an existing operation with existing options.

The operations and their members are those of botocore, by which the AWS CLI makes its commands.
"""

import re
import shlex

import botocore.session
from botocore import xform_name

# Options of every command of the AWS CLI.
GLOBAL = {"--query", "--output", "--region", "--profile", "--no-cli-pager", "--cli-binary-format"}

# Commands that are the AWS CLI's own and no operation.
OWN = {("s3", "ls"), ("s3", "cp"), ("s3", "rm"), ("s3", "sync"), ("sts", "get-caller-identity")}


def commands(text, program):
    """The command lines of a program in the shell blocks of a document, continued lines joined."""
    found = []
    for block in re.findall(r"^```(?:sh|console|yaml)[^\n]*\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        for line in re.sub(r"\\\n\s*", " ", block).splitlines():
            line = re.sub(r"^(\$ |\s*(- )?run: )", "", line).strip()
            line = re.sub(r"^for .*; do .*(?=aws )(.*); done$", r"\1", line)
            line = re.sub(r"^\w+=\$\((.*)\)$", r"\1", line)
            if line.startswith(f"{program} "):
                found.append(line)
    return found


def words(line):
    return shlex.split(line.split(" | ")[0], comments=True)


def aws_errors(line):
    """What is wrong with a command of the AWS CLI."""
    _, service, name, *rest = words(line)
    if (service, name) in OWN:
        return []
    session = botocore.session.get_session()
    if service not in session.get_available_services():
        return [f"no service {service}"]
    model = session.get_service_model(service)
    if name == "wait":
        waiter = session.create_client(service, region_name="eu-west-1", aws_access_key_id="none", aws_secret_access_key="none").waiter_names
        return [] if rest[0].replace("-", "_") in waiter else [f"no waiter {rest[0]}"]
    operations = {xform_name(operation, "-"): operation for operation in model.operation_names}
    if name not in operations:
        return [f"no operation {name}"]
    shape = model.operation_model(operations[name]).input_shape
    members = {f"--{xform_name(member, '-')}": kind.type_name for member, kind in (shape.members if shape else {}).items()}
    switches = {option.replace("--", "--no-", 1) for option, kind in members.items() if kind == "boolean"}
    given = [word.split("=")[0] for word in rest if word.startswith("--")]
    errors = [f"no option {option}" for option in given if option not in GLOBAL | members.keys() | switches]
    required = {f"--{xform_name(member, '-')}" for member in (shape.required_members if shape else [])}
    named = {option.replace("--no-", "--", 1) if option in switches else option for option in given}
    return errors + [f"{option} is missing" for option in sorted(required - named)]


def sam_errors(line, parameters):
    """What is wrong with a `sam deploy`: its options, and the template's parameters that it sets."""
    from samcli.commands.deploy.command import cli

    _, name, *rest = words(line)
    if name != "deploy":
        return [f"the checks know only `sam deploy`, not `sam {name}`"]
    known = {option for parameter in cli.params for option in parameter.opts + parameter.secondary_opts}
    errors = [f"no option {word}" for word in rest if word.startswith("--") and word not in known]
    if "--parameter-overrides" in rest:
        values = rest[rest.index("--parameter-overrides") + 1 :]
        names = [value.split("=")[0] for value in values if re.match(r"^\w+=", value)]
        errors += [f"the template has no parameter {name}" for name in names if name not in parameters]
    return errors


def errors(documents, parameters):
    """What is wrong in these documents (path to text), and how many commands they have."""
    found, count = [], 0
    for path, text in documents.items():
        for line in commands(text, "aws"):
            found += [f"{path}: {line}: {error}" for error in aws_errors(line)]
            count += 1
        for line in commands(text, "sam"):
            found += [f"{path}: {line}: {error}" for error in sam_errors(line, parameters)]
            count += 1
    return found, count
