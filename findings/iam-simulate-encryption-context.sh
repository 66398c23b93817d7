#!/usr/bin/env bash
# @cloud-copilot/iam-simulate 0.1.173. Needs Node.js 20 with npm.
# Expected: `kms:EncryptionContext:aws:logs:arn`, the condition key with which CloudWatch Logs' documentation limits a key policy to log groups,
# is compared with the request's, like other keys with a variable part (`aws:RequestTag/team`).
# Observed: it is dropped from the request (`ignoredContextKeys`), so that the statement does not apply and the request is denied.
# Consequence: a simulation denies what KMS allows. infra/check-policies renames the key in the policy and in the request.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts @cloud-copilot/iam-simulate@0.1.173
cat > simulate.mjs << 'NODE'
import { readFileSync } from 'node:fs';
import { runSimulation } from '@cloud-copilot/iam-simulate';

console.log('iam-simulate', JSON.parse(readFileSync('node_modules/@cloud-copilot/iam-simulate/package.json', 'utf8')).version);
async function simulated(action, resource, key, value) {
  const done = await runSimulation({
    request: {
      principal: 'arn:aws:iam::123456789012:role/r', action, contextVariables: { [key]: value },
      resource: { resource, accountId: '123456789012' },
    },
    identityPolicies: [{ name: 'p', policy: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: action, Resource: '*', Condition: { StringEquals: { [key]: value } } }] } }],
    serviceControlPolicies: [], resourceControlPolicies: [],
    resourcePolicy: action.startsWith('kms') ? { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::123456789012:root' }, Action: 'kms:*', Resource: '*' }] } : undefined,
  }, {});
  if (done.resultType === 'error') throw new Error(JSON.stringify(done.errors));
  console.log(`${action} if ${key} is equal: ${done.overallResult}, ignored ${JSON.stringify(done.result.ignoredContextKeys)}`);
  return done.overallResult;
}
const key = 'arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555';
const tag = await simulated('sqs:CreateQueue', 'arn:aws:sqs:eu-west-1:123456789012:q', 'aws:RequestTag/team', 'a');
const service = await simulated('kms:Decrypt', key, 'kms:ViaService', 'logs.eu-west-1.amazonaws.com');
const context = await simulated('kms:Decrypt', key, 'kms:EncryptionContext:aws:logs:arn', 'arn:aws:logs:eu-west-1:123456789012:log-group:g');
if (tag !== 'Allowed' || service !== 'Allowed' || context !== 'ImplicitlyDenied') {
  console.log('changed');
  process.exit(1);
}
NODE
node simulate.mjs
