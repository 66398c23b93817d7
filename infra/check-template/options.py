"""The options of template.yaml, each by parameters, and what a stack with them consists of."""

KEY = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
DOMAIN = {"DomainName": "api.example.com", "CertificateArn": "arn:aws:acm:eu-west-1:123456789012:certificate/1"}
ALARMS = {"AlarmTopic": "arn:aws:sns:eu-west-1:123456789012:alarms"}

# The parameters of each variant, and for each kind of resource the number that it has more than the default.
VARIANTS = {
    "no option": ({}, {}),
    "an alarm topic": (ALARMS, {}),
    "a budget": (ALARMS | {"MonthlyBudget": "500"}, {"AWS::Budgets::Budget": 1}),
    "a custom domain": (DOMAIN, {"AWS::ApiGatewayV2::DomainName": 1, "AWS::ApiGatewayV2::ApiMapping": 1}),
    "mutual TLS": (DOMAIN | {"TrustStoreUri": "s3://bucket/ca.pem"}, {"AWS::ApiGatewayV2::DomainName": 1, "AWS::ApiGatewayV2::ApiMapping": 1}),
    "a customer managed key": ({"KmsKeyArn": KEY}, {}),
    "an import": ({"ImportBucket": "exports", "ImportPrefix": "AWSDynamoDB/01795859810139-0a1b2c3d/data/"}, {}),
    "backups": (
        {"BackupRetentionDays": "35"},
        {"AWS::Backup::BackupVault": 1, "AWS::Backup::BackupPlan": 1, "AWS::Backup::BackupSelection": 1, "AWS::IAM::Role": 1},
    ),
    "a canary": (
        {"CanaryKeyArn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:canary-abcdef"},
        {"AWS::Synthetics::Canary": 1, "AWS::S3::Bucket": 1, "AWS::S3::BucketPolicy": 1, "AWS::IAM::Role": 1, "AWS::CloudWatch::Alarm": 1},
    ),
    "gradual deployments": (
        {"GradualDeployments": "true"},
        {"AWS::CodeDeploy::Application": 1, "AWS::CodeDeploy::DeploymentGroup": None, "AWS::IAM::Role": 1},
    ),
}
# Without mutual TLS, which excludes the canary (a rule of the template) and adds no resource.
ALL = {name: value for parameters, _ in VARIANTS.values() for name, value in parameters.items() if name != "TrustStoreUri"}
VARIANTS["all options"] = (ALL, None)

LIMIT = 500  # resources in a stack

ENDPOINT = "x-amazon-apigateway-endpoint-configuration.disableExecuteApiEndpoint"
OUTAGE = [{"Name": {"Fn::Sub": "${AWS::StackName}-failures"}}, {"Name": {"Fn::Sub": "${AWS::StackName}-bugs"}}]

# What each option is for: a resource, a path in its properties, its value by default and with the option.
SETTINGS = {
    "an alarm topic": [("BugsAlarm", "AlarmActions", None, [{"Ref": "AlarmTopic"}]), ("BugsAlarm", "OKActions", None, [{"Ref": "AlarmTopic"}])],
    "a custom domain": [
        ("Api", f"Body.servers.0.{ENDPOINT}", False, True),
        ("CustomDomain", "MutualTlsAuthentication", None, None),
        ("GetHealthFunction", "Environment.Variables.PUBLIC_URL", {"Ref": "PublicUrl"}, {"Fn::Sub": "https://${DomainName}"}),
    ],
    "mutual TLS": [
        ("CustomDomain", "MutualTlsAuthentication", None, {"TruststoreUri": {"Ref": "TrustStoreUri"}}),
        ("Api", f"Body.servers.0.{ENDPOINT}", False, True),
    ],
    "a customer managed key": [
        ("Table", "SSESpecification.KMSMasterKeyId", None, {"Ref": "KmsKeyArn"}),
        ("FunctionLogGroup", "KmsKeyId", None, {"Ref": "KmsKeyArn"}),
        ("ApiLogGroup", "KmsKeyId", None, {"Ref": "KmsKeyArn"}),
        ("SweepFailureQueue", "KmsMasterKeyId", None, {"Ref": "KmsKeyArn"}),
        ("SweepFailureQueue", "SqsManagedSseEnabled", True, None),
    ],
    "an import": [("Table", "ImportSourceSpecification.S3BucketSource.S3Bucket", None, {"Ref": "ImportBucket"})],
    "backups": [("BackupSelection", "BackupSelection.Resources", None, [{"Fn::GetAtt": ["Table", "Arn"]}])],
    "a canary": [("CanaryAlarm", "Dimensions", None, [{"Name": "CanaryName", "Value": {"Ref": "Canary"}}])],
    "gradual deployments": [("GetHealthFunctionDeploymentGroup", "AlarmConfiguration.Alarms", None, OUTAGE)],
}


def at(template, id, path):
    """A property of a resource; None where there is none."""
    value = template["Resources"].get(id, {}).get("Properties", {})
    for name in path.split("."):
        if isinstance(value, list):
            value = value[int(name)]
        else:
            value = value.get(name) if isinstance(value, dict) else None
    return value


def unset(name, plain, default):
    """What of an option does not have its value, in a stack with it and in the default one."""
    found = []
    for id, path, off, on in SETTINGS.get(name, []):
        for template, expected in [(default, off), (plain, on)]:
            if (value := at(template, id, path)) != expected:
                found.append(f"{id}.{path} is {value}, not {expected}")
    return found


def values(template, parameters=None):
    """The values of all parameters of a template: these, and the defaults of the others."""
    given = parameters or {}
    if unknown := given.keys() - template["Parameters"].keys():
        raise KeyError(f"template.yaml has no parameters {unknown}")
    return {name: given.get(name, declared.get("Default")) for name, declared in template["Parameters"].items()}


def holds(condition, conditions, given):
    """Whether a condition of CloudFormation is true."""
    ((name, argument),) = condition.items()
    if name == "Condition":
        return holds(conditions[argument], conditions, given)
    if name == "Fn::Not":
        return not holds(argument[0], conditions, given)
    if name == "Fn::And":
        return all(holds(part, conditions, given) for part in argument)
    if name == "Fn::Or":
        return any(holds(part, conditions, given) for part in argument)
    if name == "Fn::Equals":
        one, other = (given[part["Ref"]] if isinstance(part, dict) else part for part in argument)
        return str(one) == str(other)
    raise ValueError(f"unknown condition {name}")


NOTHING = {"Ref": "AWS::NoValue"}


def resolved(template, given):
    """A template without conditions: what CloudFormation makes of it with these values of its parameters."""
    conditions = template.get("Conditions", {})

    def is_true(name):
        return holds(conditions[name], conditions, given)

    def plain(value):
        if isinstance(value, dict):
            if set(value) == {"Fn::If"}:
                name, yes, no = value["Fn::If"]
                return plain(yes if is_true(name) else no)
            members = {name: plain(member) for name, member in value.items() if name != "Condition" or isinstance(member, dict)}
            return {name: member for name, member in members.items() if member != NOTHING}
        if isinstance(value, list):
            return [item for item in map(plain, value) if item != NOTHING]
        return value

    def kept(section):
        return {id: plain(item) for id, item in template.get(section, {}).items() if "Condition" not in item or is_true(item["Condition"])}

    result = {name: value for name, value in template.items() if name not in ["Conditions", "Parameters"]}
    result |= {"Resources": kept("Resources"), "Outputs": kept("Outputs")}
    text = str(result)
    # A parameter that only conditions and SAM read is not part of the result.
    declared = {name: p | {"Default": given[name]} for name, p in template["Parameters"].items() if f"'{name}'" in text or f"${{{name}}}" in text}
    return result | {"Parameters": declared}


def kinds(template):
    """The number of resources of each type."""
    types = [resource["Type"] for resource in template["Resources"].values()]
    return {kind: types.count(kind) for kind in types}


default = {}


def errors(template, adds):
    """What is wrong with the resources of a variant; the first one is the default."""
    if len(template["Resources"]) >= LIMIT:
        return f"{len(template['Resources'])} resources, {LIMIT} are allowed"
    found = kinds(template)
    if not default:
        default.update(found)
    if adds is None:
        return None
    more = {kind: count - default.get(kind, 0) for kind, count in found.items() if count != default.get(kind, 0)}
    expected = {kind: more.get(kind) if count is None else count for kind, count in adds.items()}
    return None if more == expected else f"it adds {more}, not {expected}"
