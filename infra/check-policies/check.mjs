// Asks an IAM simulator that is not ours about every policy of the stack. Run by `cargo xtask test iam`:
// `node check.mjs EXPANDED.json RECORDED-FOLDER`, with the expanded template and what the black-box tests recorded.
//
// Allowed: every recorded access to the table, by its function's role; a line of the log; the sweep's message to the queue, and the schedule's.
// Denied: what no function does; to each function each kind of access that it was never seen to do; the same without keys and on another table.
//
// The simulator's licence is AGPL-3.0. It is a tool of this check, and no part of what is built or deployed.
import { readFileSync } from 'node:fs';
import { runSimulation } from '@cloud-copilot/iam-simulate';
import { kind, recorded } from './recorded.mjs';

const [templateFile, folder] = process.argv.slice(2);
if (!templateFile || !folder) throw new Error('usage: node check.mjs EXPANDED.json RECORDED-FOLDER');

const ACCOUNT = '123456789012';
const PSEUDO = { 'AWS::AccountId': ACCOUNT, 'AWS::Region': 'eu-west-1', 'AWS::Partition': 'aws', 'AWS::StackName': 'tenancy', 'AWS::URLSuffix': 'amazonaws.com' };
const TABLE = `arn:aws:dynamodb:eu-west-1:${ACCOUNT}:table/Table`;
const { Resources, Parameters } = JSON.parse(readFileSync(templateFile, 'utf8'));

/** The ARN of a resource whose name is its logical id. */
function arn(id) {
  const type = Resources[id].Type;
  const of = (service, name) => `arn:aws:${service}:eu-west-1:${ACCOUNT}:${name}`;
  switch (type) {
    case 'AWS::DynamoDB::Table': return TABLE;
    case 'AWS::Logs::LogGroup': return of('logs', `log-group:${id}:*`);
    case 'AWS::SQS::Queue': return of('sqs', id);
    case 'AWS::Lambda::Function': return of('lambda', `function:${id}`);
    case 'AWS::S3::Bucket': return `arn:aws:s3:::${id.toLowerCase()}`;
    default: throw new Error(`the ARN of a ${type} is not known`);
  }
}

/** A policy without intrinsic functions. */
function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const [[name, argument]] = Object.entries(value).length === 1 ? Object.entries(value) : [[]];
  if (name === 'Ref') return PSEUDO[argument] ?? Parameters[argument]?.Default ?? argument;
  if (name === 'Fn::GetAtt') return arn([argument].flat()[0].split('.')[0]);
  if (name === 'Fn::Sub') return argument.replace(/\$\{([^}]+)\}/g, (_, path) => PSEUDO[path] ?? Parameters[path]?.Default ?? arn(path.split('.')[0]));
  return Object.fromEntries(Object.entries(value).map(([member, inner]) => [member, plain(inner)]));
}

/** The policies of a role: its own, managed ones of the template, and those that name it. */
function policies(role) {
  const { Policies = [], ManagedPolicyArns = [] } = Resources[role].Properties;
  const managed = ManagedPolicyArns.filter((policy) => policy.Ref).map((policy) => Resources[policy.Ref].Properties);
  const attached = Object.values(Resources).filter((resource) => resource.Type === 'AWS::IAM::RolePolicy' && resource.Properties.RoleName.Ref === role);
  const all = [...Policies, ...managed, ...attached.map((resource) => resource.Properties)];
  return all.map((policy, at) => ({ name: `${role}${at}`, policy: plain(policy.PolicyDocument) }));
}

const known = new Map();
const EVERYTHING = [{ orgIdentifier: 'root', policies: [{ name: 'all', policy: { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } } }] }];

/** Whether the simulator allows a role an action. */
async function allows(role, action, resource, contextVariables = {}) {
  if (!known.has(role)) known.set(role, policies(role));
  const done = await runSimulation({
    request: { principal: `arn:aws:iam::${ACCOUNT}:role/${role}`, action, resource: { resource, accountId: ACCOUNT }, contextVariables },
    identityPolicies: known.get(role),
    serviceControlPolicies: EVERYTHING,
    resourceControlPolicies: [],
  }, {});
  if (done.resultType === 'error') throw new Error(`${role} ${action} ${resource}: ${JSON.stringify(done.errors)}`);
  return done.overallResult === 'Allowed';
}

const failures = [];
const counts = { allowed: 0, denied: 0 };
async function expect(allowed, role, action, resource, context) {
  counts[allowed ? 'allowed' : 'denied'] += 1;
  if ((await allows(role, action, resource, context)) !== allowed) {
    failures.push(`${role} ${allowed ? 'may not' : 'may'} ${action} on ${resource} ${JSON.stringify(context ?? {})}`);
  }
}

const roleOf = (id) => [Resources[id].Properties.Role['Fn::GetAtt']].flat()[0].split('.')[0];
const target = ({ index }, table = TABLE) => (index ? `${table}/index/${index}` : table);
const leading = (...keys) => ({ 'dynamodb:LeadingKeys': keys });
const context = ({ attributes }, ...keys) => ({ ...leading(...keys), ...(attributes && { 'dynamodb:Attributes': attributes }) });
/** Whether an update only counts a request at the limits of a customer. */
const isCount = ({ attributes }) => attributes?.every((name) => ['pk', 'sk', 'buckets'].includes(name)) ?? false;
const shape = (access, key) => `${access.action} ${access.index ?? ''} ${kind(key)}${isCount(access) ? ' count' : ''}`;

const seen = recorded(folder);
const functions = Object.keys(Resources).filter((id) => Resources[id].Type === 'AWS::Lambda::Function');
const every = Object.values(seen).flat();
const singles = new Map(every.flatMap((access) => access.keys.map((key) => [shape(access, key), { ...access, keys: [key] }])));
if (singles.size < 20) throw new Error(`only ${singles.size} kinds of access are recorded in ${folder}: run the stage api first`);

for (const id of functions) {
  const role = roleOf(id);
  const own = seen[id] ?? [];
  const updatesRoots = own.some((access) => access.action === 'UpdateItem' && kind(access.keys[0]) === 'I#ULID' && !isCount(access));
  for (const access of own) {
    const action = `dynamodb:${access.action}`;
    await expect(true, role, action, target(access), context(access, ...access.keys));
    await expect(false, role, action, target(access));
    await expect(false, role, action, target(access, `${TABLE}2`), context(access, ...access.keys));
    await expect(false, role, action, target(access), context(access, ...access.keys, 'Z#another'));
    if (isCount(access) && !updatesRoots) await expect(false, role, action, target(access), { ...context(access, ...access.keys), 'dynamodb:ReturnValues': 'ALL_OLD' });
  }
  for (const attribute of ['keys', 'limits', 'state']) {
    const root = context({ attributes: ['pk', 'sk', attribute] }, 'I#01kaq7n0z2w4y6x8v0tqrstabc');
    if (!updatesRoots) await expect(false, role, 'dynamodb:UpdateItem', TABLE, root);
  }
  const done = new Set(own.flatMap((access) => access.keys.map((key) => shape(access, key))));
  for (const [name, access] of singles) {
    if (!done.has(name)) await expect(false, role, `dynamodb:${access.action}`, target(access), context(access, ...access.keys));
  }
  for (const action of ['Scan', 'PartiQLSelect', 'BatchWriteItem', 'DeleteTable', 'UpdateTable', 'ExportTableToPointInTime', 'UpdateTimeToLive']) {
    await expect(false, role, `dynamodb:${action}`, TABLE, ['Scan', 'DeleteTable', 'UpdateTable', 'ExportTableToPointInTime', 'UpdateTimeToLive'].includes(action) ? {} : leading('O#acme'));
  }
  await expect(true, role, 'logs:PutLogEvents', `arn:aws:logs:eu-west-1:${ACCOUNT}:log-group:FunctionLogGroup:log-stream:a`);
  await expect(false, role, 'logs:PutLogEvents', `arn:aws:logs:eu-west-1:${ACCOUNT}:log-group:ApiLogGroup:log-stream:a`);
  await expect(false, role, 'logs:DeleteLogStream', `arn:aws:logs:eu-west-1:${ACCOUNT}:log-group:FunctionLogGroup:log-stream:a`);
  await expect(false, role, 'logs:FilterLogEvents', `arn:aws:logs:eu-west-1:${ACCOUNT}:log-group:FunctionLogGroup`);
  await expect(id === 'SweepDeprovisionedTenantsFunction', role, 'sqs:SendMessage', arn('SweepFailureQueue'));
  await expect(false, role, 'sqs:PurgeQueue', arn('SweepFailureQueue'));
  await expect(false, role, 'lambda:InvokeFunction', arn('SweepDeprovisionedTenantsFunction'));
  await expect(false, role, 'sts:AssumeRole', `arn:aws:iam::${ACCOUNT}:role/SweepScheduleRole`);
}

// The alias, as every caller of a function.
await expect(true, 'SweepScheduleRole', 'lambda:InvokeFunction', `${arn('SweepDeprovisionedTenantsFunction')}:live`);
await expect(false, 'SweepScheduleRole', 'lambda:InvokeFunction', arn('SweepDeprovisionedTenantsFunction'));
await expect(true, 'SweepScheduleRole', 'sqs:SendMessage', arn('SweepFailureQueue'));
for (const id of functions.filter((id) => id !== 'SweepDeprovisionedTenantsFunction')) await expect(false, 'SweepScheduleRole', 'lambda:InvokeFunction', arn(id));
for (const role of ['SweepScheduleRole', 'CanaryRole']) {
  for (const access of singles.values()) await expect(false, role, `dynamodb:${access.action}`, target(access), context(access, ...access.keys));
}
const secret = Parameters.CanaryKeyArn.Default;
await expect(true, 'CanaryRole', 'secretsmanager:GetSecretValue', secret);
await expect(false, 'CanaryRole', 'secretsmanager:GetSecretValue', `${secret}2`);
await expect(false, 'CanaryRole', 'secretsmanager:PutSecretValue', secret);
await expect(true, 'CanaryRole', 'cloudwatch:PutMetricData', '*', { 'cloudwatch:namespace': 'CloudWatchSynthetics' });
await expect(false, 'CanaryRole', 'cloudwatch:PutMetricData', '*', { 'cloudwatch:namespace': 'tenancy' });

/** Who may assume a role: AWS's service, and for a role with a source account only for this account. */
for (const [role, service] of [['SweepScheduleRole', 'scheduler'], ['BackupRole', 'backup']]) {
  for (const [account, allowed] of [[ACCOUNT, true], ['210987654321', false]]) {
    counts[allowed ? 'allowed' : 'denied'] += 1;
    const done = await runSimulation({
      request: {
        principal: `${service}.amazonaws.com`, action: 'sts:AssumeRole',
        resource: { resource: `arn:aws:iam::${ACCOUNT}:role/${role}`, accountId: ACCOUNT }, contextVariables: { 'aws:SourceAccount': account },
      },
      identityPolicies: [], serviceControlPolicies: [], resourceControlPolicies: [],
      resourcePolicy: plain(Resources[role].Properties.AssumeRolePolicyDocument),
    }, {});
    if (done.resultType === 'error') throw new Error(JSON.stringify(done.errors));
    if ((done.overallResult === 'Allowed') !== allowed) failures.push(`${service} for account ${account} ${allowed ? 'may not' : 'may'} assume ${role}`);
  }
}

/** The key's policy (infra/key-policy.json) for the customer managed key: what the table, the queue and the logs need, and no more. */
// The simulator drops this condition key (findings/iam-simulate-encryption-context.sh): here it has the name of one that it keeps.
const CONTEXT = 'kms:EncryptionContext:aws:logs:arn';
const keyPolicyText = readFileSync(new URL('../key-policy.json', import.meta.url), 'utf8');
const keyPolicy = JSON.parse(keyPolicyText.replaceAll('ACCOUNT', ACCOUNT).replaceAll('REGION', 'eu-west-1').replaceAll(CONTEXT, 'aws:SourceArn'));
const role = `arn:aws:iam::${ACCOUNT}:role/GetTenantRole`;
const through = (service, account = ACCOUNT) => ({ 'kms:ViaService': `${service}.eu-west-1.amazonaws.com`, 'kms:CallerAccount': account });
const group = (account) => ({ 'aws:SourceArn': `arn:aws:logs:eu-west-1:${account}:log-group:FunctionLogGroup` });
for (const [allowed, principal, action, contextVariables] of [
  [true, role, 'Decrypt', through('dynamodb')],
  [true, role, 'CreateGrant', through('dynamodb')],
  [true, role, 'GenerateDataKey', through('sqs')],
  [false, role, 'Decrypt', { 'kms:CallerAccount': ACCOUNT }],
  [false, role, 'Decrypt', through('s3')],
  [false, role, 'Decrypt', through('dynamodb', '210987654321')],
  [false, role, 'ScheduleKeyDeletion', through('dynamodb')],
  [true, 'logs.eu-west-1.amazonaws.com', 'GenerateDataKey', group(ACCOUNT)],
  [false, 'logs.eu-west-1.amazonaws.com', 'GenerateDataKey', group('210987654321')],
]) {
  counts[allowed ? 'allowed' : 'denied'] += 1;
  const done = await runSimulation({
    request: { principal, action: `kms:${action}`, resource: { resource: Parameters.KmsKeyArn.Default, accountId: ACCOUNT }, contextVariables },
    identityPolicies: [], serviceControlPolicies: [], resourceControlPolicies: [], resourcePolicy: keyPolicy,
  }, {});
  if (done.resultType === 'error') throw new Error(JSON.stringify(done.errors));
  if ((done.overallResult === 'Allowed') !== allowed) failures.push(`${principal} ${allowed ? 'may not' : 'may'} kms:${action} ${JSON.stringify(contextVariables)}`);
}

/** A policy of this repository for the stack `tenancy`. */
const own = (file) => JSON.parse(
  readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
    .replaceAll('ACCOUNT', ACCOUNT).replaceAll('REGION', 'eu-west-1').replaceAll('STACK', 'tenancy').replaceAll('OWNER/NAME', 'example/tenancy').replaceAll('STAGE', 'prod'),
);

/** What a deployment may do (infra/deploy-policy.json): change its own stack, and neither read data nor reach other stacks and roles. */
known.set('deploy', [{ name: 'deploy', policy: own('deploy-policy.json') }]);
const local = (service, name) => `arn:aws:${service}:eu-west-1:${ACCOUNT}:${name}`;
const passed = (service) => ({ 'iam:PassedToService': `${service}.amazonaws.com` });
for (const [allowed, action, resource, context] of [
  [true, 'cloudformation:ExecuteChangeSet', local('cloudformation', 'stack/tenancy/1')],
  [true, 's3:PutObject', 'arn:aws:s3:::aws-sam-cli-managed-default-samclisourcebucket-1/tenancy/code'],
  [true, 'lambda:UpdateFunctionCode', local('lambda', 'function:tenancy-GetTenantFunction-1')],
  [true, 'iam:PutRolePolicy', `arn:aws:iam::${ACCOUNT}:role/tenancy-GetTenantRole-1`],
  [true, 'iam:PassRole', `arn:aws:iam::${ACCOUNT}:role/tenancy-GetTenantRole-1`, passed('lambda')],
  [true, 'dynamodb:UpdateTable', local('dynamodb', 'table/tenancy-Table-1')],
  [true, 'logs:PutMetricFilter', local('logs', 'log-group:tenancy-FunctionLogGroup-1')],
  [true, 'scheduler:UpdateSchedule', local('scheduler', 'schedule/default/tenancy-Sweep-1')],
  [false, 'cloudformation:DeleteStack', local('cloudformation', 'stack/tenancy/1')],
  [false, 'cloudformation:ExecuteChangeSet', local('cloudformation', 'stack/other/1')],
  [false, 's3:DeleteObject', 'arn:aws:s3:::aws-sam-cli-managed-default-samclisourcebucket-1/tenancy/code'],
  [false, 'lambda:UpdateFunctionCode', local('lambda', 'function:other-GetTenantFunction-1')],
  [false, 'lambda:InvokeFunction', local('lambda', 'function:tenancy-GetTenantFunction-1')],
  [false, 'iam:PassRole', `arn:aws:iam::${ACCOUNT}:role/tenancy-GetTenantRole-1`, passed('ec2')],
  [false, 'iam:PassRole', `arn:aws:iam::${ACCOUNT}:role/Administrator`, passed('lambda')],
  [false, 'iam:PutRolePolicy', `arn:aws:iam::${ACCOUNT}:role/Administrator`],
  [false, 'iam:PutRolePolicy', `arn:aws:iam::${ACCOUNT}:role/deploy-tenancy`],
  [false, 'iam:CreateUser', `arn:aws:iam::${ACCOUNT}:user/tenancy-user`],
  [false, 'dynamodb:GetItem', local('dynamodb', 'table/tenancy-Table-1')],
  [false, 'dynamodb:Scan', local('dynamodb', 'table/tenancy-Table-1')],
  [false, 'dynamodb:DeleteTable', local('dynamodb', 'table/tenancy-Table-1')],
  [false, 'dynamodb:UpdateTable', local('dynamodb', 'table/other-Table-1')],
  [false, 'logs:FilterLogEvents', local('logs', 'log-group:tenancy-FunctionLogGroup-1')],
  [false, 'kms:ScheduleKeyDeletion', Parameters.KmsKeyArn.Default],
]) await expect(allowed, 'deploy', action, resource, context);

/** Who may deploy (infra/deploy-trust.json): the workflow of this repository in this environment. */
// The simulator drops an issuer's condition keys, as it does the one above.
const issuer = 'token.actions.githubusercontent.com';
const trust = JSON.parse(JSON.stringify(own('deploy-trust.json')).replace(`${issuer}:sub`, 'aws:SourceArn').replace(`${issuer}:aud`, 'aws:SourceAccount'));
for (const [allowed, subject, audience] of [
  [true, 'repo:example/tenancy:environment:prod', 'sts.amazonaws.com'],
  [false, 'repo:example/tenancy:environment:dev', 'sts.amazonaws.com'],
  [false, 'repo:example/tenancy:pull_request', 'sts.amazonaws.com'],
  [false, 'repo:other/tenancy:environment:prod', 'sts.amazonaws.com'],
  [false, 'repo:example/tenancy:environment:prod', 'https://github.com/example'],
]) {
  counts[allowed ? 'allowed' : 'denied'] += 1;
  const done = await runSimulation({
    request: {
      principal: `arn:aws:iam::${ACCOUNT}:oidc-provider/${issuer}`, action: 'sts:AssumeRoleWithWebIdentity',
      resource: { resource: `arn:aws:iam::${ACCOUNT}:role/deploy`, accountId: ACCOUNT },
      contextVariables: { 'aws:SourceArn': subject, 'aws:SourceAccount': audience },
    },
    identityPolicies: [], serviceControlPolicies: [], resourceControlPolicies: [], resourcePolicy: trust,
  }, {});
  if (done.resultType === 'error') throw new Error(JSON.stringify(done.errors));
  if ((done.overallResult === 'Allowed') !== allowed) failures.push(`${subject} for ${audience} ${allowed ? 'may not' : 'may'} deploy`);
}

for (const failure of failures) console.error(failure);
console.log(`${counts.allowed} requests that must be allowed and ${counts.denied} that must be denied: ${failures.length} are not`);
process.exitCode = failures.length > 0 ? 1 : 0;
