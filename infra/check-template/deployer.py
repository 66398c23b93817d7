"""Checks infra/deploy-policy.json, which the role of a deployment has, against what CloudFormation says that it needs.

Each resource type's schema, of which cfn-lint has a copy, lists the permissions of its handlers. Some of them are no actions of IAM
(findings/cloudformation-handler-permissions.sh).
"""

import fnmatch
import re

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

# Characters of an inline policy of a role, without white space.
MAX_CHARACTERS = 10240

# Permissions for properties that the template does not use.
UNUSED = {
    "ec2:*": "no VPC",
    "elasticfilesystem:*": "no file system",
    "s3files:*": "no file system",
    "lambda:PutFunctionConcurrency": "no reserved concurrency",
    "lambda:DeleteFunctionConcurrency": "no reserved concurrency",
    "lambda:*ProvisionedConcurrencyConfig": "no provisioned concurrency",
    "lambda:*CodeSigningConfig": "no code signing",
    "lambda:PutFunctionRecursionConfig": "no recursion",
    "lambda:PutFunctionScalingConfig": "no capacity provider",
    "lambda:PassCapacityProvider": "no capacity provider",
    "kinesis:*": "no stream",
    "dynamodb:EnableKinesisStreamingDestination": "no stream",
    "dynamodb:DisableKinesisStreamingDestination": "no stream",
    "dynamodb:UpdateKinesisStreamingDestination": "no stream",
    "dynamodb:*TableReplica": "no replica",
    "dynamodb:*Item": "no replica: a deployment reads and writes no item",
    "dynamodb:DeleteTable": "the table is retained",
    "dynamodb:Scan": "no replica",
    "dynamodb:Query": "no replica",
    "dynamodb:PutResourcePolicy": "no resource policy",
    "dynamodb:DeleteResourcePolicy": "no resource policy",
    "iam:AttachGroupPolicy": "policies of roles only",
    "iam:AttachUserPolicy": "policies of roles only",
    "iam:DetachGroupPolicy": "policies of roles only",
    "iam:DetachUserPolicy": "policies of roles only",
    "iam:*RolePermissionsBoundary": "no boundary",
    "iam:ListRoles": "the canary's role is named",
    "rum:*": "no real user monitoring",
    "firehose:*": "no delivery stream",
    "logs:PutDataProtectionPolicy": "no data protection policy",
    "logs:DeleteDataProtectionPolicy": "no data protection policy",
    "logs:*IndexPolicy": "no field index",
    "logs:DeleteResourcePolicy": "no resource policy of the stack",
    "logs:PutLogGroupDeletionProtection": "a property that is not set",
    "logs:PutBearerTokenAuthentication": "a property that is not set",
    "s3tables:*": "no metadata tables",
    "s3:*MetadataTableConfiguration": "no metadata tables",
    "s3:*JournalTableConfiguration": "no metadata tables",
    "s3:*InventoryTableConfiguration": "no metadata tables",
    "s3:*AnnotationTableConfiguration": "no metadata tables",
    "s3:*AnalyticsConfiguration": "a property that is not set",
    "s3:*InventoryConfiguration": "a property that is not set",
    "s3:*MetricsConfiguration": "a property that is not set",
    "s3:*AccelerateConfiguration": "a property that is not set",
    "s3:*IntelligentTieringConfiguration": "a property that is not set",
    "s3:*ReplicationConfiguration": "a property that is not set",
    "s3:*ObjectLockConfiguration": "a property that is not set",
    "s3:PutObjectAcl": "no replication",
    "s3:DeleteObject": "no replication",
    "s3:DeleteBucketWebsite": "a property that is not set",
    "s3:DeleteBucketCors": "a property that is not set",
    "s3:DeleteBucketReplication": "a property that is not set",
    "s3:DeleteBucketEncryption": "a property that is not removed",
    "s3:DeleteBucketLifecycle": "a property that is not removed",
    "s3:REST.PUT.OBJECT": "no action of IAM",
    "s3:GetObjectMetadata": "no action of IAM",
    "s3:ListAllMyBuckets": "the canary's bucket is named",
    "kms:GenerateDataKeyWithoutPlaintext": "the canary has no key",
    "codedeploy:RegisterOnPremisesInstance": "Lambda only",
}

# What the SAM CLI calls itself, and what API Gateway asks for when it sets up an access log.
OTHERS = [
    "cloudformation:CreateChangeSet", "cloudformation:CreateStack", "cloudformation:DeleteChangeSet", "cloudformation:DescribeStacks",
    "cloudformation:ExecuteChangeSet", "cloudformation:GetTemplate", "cloudformation:GetTemplateSummary", "cloudformation:ListStackResources",
    "cloudformation:SetStackPolicy", "s3:PutObject", "logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery",
    "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies",
]


def listed(value):
    return value if isinstance(value, list) else [value]


def matches(action, pattern):
    return fnmatch.fnmatchcase(action.lower(), pattern.lower())


def needed(types):
    """The permissions for creating, reading, changing and deleting resources of these types."""
    found = {}
    for name in types:
        handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", name).schema.get("handlers", {})
        for handler, entry in handlers.items():
            if handler != "list":
                found |= {action: name for action in entry["permissions"]}
    return found


def errors(policy, text, types):
    """What is wrong with the policy for a stack of resources of these types."""
    size = len(re.sub(r"\s", "", text))
    found = [f"it has {size} characters"] if size > MAX_CHARACTERS else []
    allowed = [action for statement in policy["Statement"] if statement["Effect"] == "Allow" for action in listed(statement["Action"])]
    actions = needed(types)
    unused = [pattern for pattern in UNUSED if not any(matches(action, pattern) for action in actions)]
    found += [f"no resource has the permission {pattern}, which is said to be unused" for pattern in unused]
    for action, name in sorted(actions.items()):
        if not any(matches(action, pattern) for pattern in [*allowed, *UNUSED]):
            found.append(f"{name} needs {action}")
    required = [action for action in [*actions, *OTHERS] if not any(matches(action, pattern) for pattern in UNUSED)]
    found += [f"{action} is missing" for action in OTHERS if not any(matches(action, pattern) for pattern in allowed)]
    found += [f"nothing needs {pattern}" for pattern in allowed if not any(matches(action, pattern) for action in required)]
    return found
