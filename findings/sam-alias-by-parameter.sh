#!/usr/bin/env bash
# aws-sam-translator 1.115.0 (the SAM transform). Needs Python 3 with pip.
# Expected: `AutoPublishAlias: !Ref Alias` may be empty, like other optional properties that a parameter sets: no alias. So a template can have
# gradual deployments as an option.
# Observed: a parameter may set the alias, but an empty value is refused ("Alias name is required"), while the literal "" means no alias. A
# function has no other way to choose: Fn::If is refused as well.
# Consequence: an option of a template cannot add aliases. They are always there, and the parameter of DeploymentPreference.Enabled makes
# deployments gradual.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --root-user-action=ignore --disable-pip-version-check --target "$folder" aws-sam-translator==1.115.0
PYTHONPATH="$folder" AWS_DEFAULT_REGION=eu-west-1 python3 - << 'PYTHON'
import logging
import sys

import boto3
import samtranslator
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

logging.disable(logging.CRITICAL)
print("aws-sam-translator", samtranslator.__version__)


def expanded(alias, value):
    """The types of the resources, or the reason why there are none."""
    function = {
        "Type": "AWS::Serverless::Function",
        "Properties": {
            "CodeUri": {"Bucket": "b", "Key": "k"}, "Handler": "bootstrap", "Runtime": "provided.al2023",
            "Role": "arn:aws:iam::123456789012:role/r", "AutoPublishAlias": alias,
        },
    }
    template = {"Parameters": {"Alias": {"Type": "String"}}, "Conditions": {"HasAlias": {"Fn::Equals": [1, 1]}}, "Resources": {"Function": function}}
    try:
        result = Translator({}, Parser(), [], boto3.Session()).translate(template, {"Alias": value})
    except InvalidDocumentException as error:
        return "; ".join(str(cause) for cause in error.causes)
    return sorted(resource["Type"].rsplit("::")[-1] for resource in result["Resources"].values())


ref, choice = {"Ref": "Alias"}, {"Fn::If": ["HasAlias", "live", {"Ref": "AWS::NoValue"}]}
observed = {"a parameter, live": expanded(ref, "live"), 'a parameter, ""': expanded(ref, ""), 'the literal ""': expanded("", ""), "Fn::If": expanded(choice, "")}
for name, result in observed.items():
    print(f"{name}: {result}")
found, empty, literal, chosen = observed.values()
is_same = found == ["Alias", "Function", "Version"] and "Alias name is required" in empty and literal == ["Function"] and "must be a string or a Ref" in chosen
sys.exit(0 if is_same else "changed")
PYTHON
