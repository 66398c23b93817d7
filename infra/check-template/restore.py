"""Checks of what a restore relies on: the stack policy that keeps the table, and the table that is created by an import."""

import fnmatch

# The largest stack policy that CloudFormation takes.
MAX_BYTES = 16384


def listed(value):
    return value if isinstance(value, list) else [value]


def decision(policy, action, logical_id):
    """What CloudFormation does with an update of a resource: a denial wins, and what is not allowed is denied."""
    effects = {
        statement["Effect"]
        for statement in policy["Statement"]
        if any(fnmatch.fnmatchcase(action, pattern) for pattern in listed(statement["Action"]))
        and any(fnmatch.fnmatchcase(f"LogicalResourceId/{logical_id}", pattern) for pattern in listed(statement["Resource"]))
    }
    return "Deny" if "Deny" in effects or "Allow" not in effects else "Allow"


def policy_errors(policy, text, resources):
    """What is wrong with the stack policy for these resources."""
    errors = [] if len(text.encode()) <= MAX_BYTES else ["it is too large"]
    if set(policy) != {"Statement"}:
        errors.append(f"its members are {sorted(policy)}")
    for statement in policy["Statement"]:
        if set(statement) != {"Effect", "Principal", "Action", "Resource"} or statement["Principal"] != "*":
            errors.append(f"not a statement of a stack policy: {statement}")
        for pattern in listed(statement["Action"]):
            if pattern not in ["Update:Modify", "Update:Replace", "Update:Delete", "Update:*"]:
                errors.append(f"no action of an update: {pattern}")
        for pattern in listed(statement["Resource"]):
            if pattern != "*" and pattern.removeprefix("LogicalResourceId/") not in resources:
                errors.append(f"the template has no {pattern}")
    tables = {id for id, resource in resources.items() if resource["Type"] == "AWS::DynamoDB::Table"}
    for id in resources:
        for action, kept in [("Update:Modify", False), ("Update:Replace", True), ("Update:Delete", True)]:
            expected = "Deny" if kept and id in tables else "Allow"
            if (found := decision(policy, action, id)) != expected:
                errors.append(f"{action} of {id}: {found}, not {expected}")
    return errors


def table_errors(expanded):
    """What is wrong with the table's import, of an expanded template."""
    (table,) = [r for r in expanded["Resources"].values() if r["Type"] == "AWS::DynamoDB::Table"]
    condition, source, otherwise = table["Properties"]["ImportSourceSpecification"]["Fn::If"]
    expected = {
        "S3BucketSource": {"S3Bucket": {"Ref": "ImportBucket"}, "S3KeyPrefix": {"Ref": "ImportPrefix"}},
        "InputFormat": "DYNAMODB_JSON",
        "InputCompressionType": "GZIP",
    }
    errors = [] if (source, otherwise) == (expected, {"Ref": "AWS::NoValue"}) else [f"the import is {source}, else {otherwise}"]
    if expanded["Conditions"][condition] != {"Fn::Not": [{"Fn::Equals": [{"Ref": "ImportBucket"}, ""]}]}:
        errors.append(f"the condition is {expanded['Conditions'][condition]}")
    for policy in ["DeletionPolicy", "UpdateReplacePolicy"]:
        if table.get(policy) != "Retain":
            errors.append(f"{policy} is {table.get(policy)}")
    return errors
