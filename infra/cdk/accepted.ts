// The findings of cdk-nag that are accepted, and why. docs/operations.md has them as a table; app.test.ts compares the two.
import { Validations, type Stack } from 'aws-cdk-lib';
import type { CfnInclude } from 'aws-cdk-lib/cloudformation-include';

export interface Acceptance {
  /** As cdk-nag names the findings. */
  ids: string[];
  /** The logical ids of the resources; none: the stack. */
  on?: RegExp;
  /** The resources in words. */
  where: string;
  reason: string;
}

export const accepted: Acceptance[] = [
  {
    ids: ['AwsSolutions::AwsSolutions-IAM5[Resource::*]'],
    on: /^(TracingPolicy|CanaryRole)$/,
    where: 'X-Ray, canary',
    reason: 'X-Ray and PutMetricData have no resource-level permissions. The canary is limited to its namespace.',
  },
  {
    ids: [
      'AwsSolutions::AwsSolutions-IAM5[Resource::<CanaryBucket.Arn>/*]',
      'AwsSolutions::AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:/aws/lambda/cwsyn-tenancy-*]',
      'Serverless::Serverless-LambdaStarPermissions',
    ],
    on: /^CanaryRole$/,
    where: 'canary',
    reason: 'CloudWatch Synthetics chooses the names of reports and of the log group.',
  },
  {
    ids: [
      'AwsSolutions::AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup]',
      'AwsSolutions::AwsSolutions-IAM4[Policy::arn:aws:iam::aws:policy/service-role/AWSCodeDeployRoleForLambda]',
    ],
    on: /^(BackupRole|CodeDeployServiceRole)$/,
    where: 'backups, gradual deployments',
    reason: 'AWS keeps up to date what its own service needs.',
  },
  {
    ids: ['AwsSolutions::AwsSolutions-SQS3', 'Serverless::Serverless-SQSRedrivePolicy'],
    on: /^SweepFailureQueue$/,
    where: 'queue of the sweep',
    reason: 'It is itself a dead-letter queue.',
  },
  {
    ids: ['AwsSolutions::AwsSolutions-SQS4'],
    on: /^SweepFailureQueue$/,
    where: 'queue of the sweep',
    reason: 'Only Lambda and EventBridge Scheduler may send, and both use TLS.',
  },
  {
    ids: ['Serverless::Serverless-LambdaDLQ', 'NIST.800.53.R5::NIST.800.53.R5-LambdaDLQ'],
    on: /Function$/,
    where: 'functions',
    reason: 'The gateway invokes synchronously: a failure is the response. The sweep has an on-failure destination, which reports more.',
  },
  {
    ids: ['NIST.800.53.R5::NIST.800.53.R5-LambdaConcurrency'],
    on: /Function$/,
    where: 'functions',
    reason: 'An account with the initial quota of 10 cannot reserve concurrency. The gateway throttles each route, and an alarm watches the quota.',
  },
  {
    ids: ['NIST.800.53.R5::NIST.800.53.R5-LambdaInsideVPC', 'PCI.DSS.321::PCI.DSS.321-LambdaInsideVPC'],
    on: /Function$/,
    where: 'functions',
    reason: 'They call DynamoDB and SQS only, by TLS and with IAM, and have no access to a private network that a VPC would separate.',
  },
  {
    ids: ['NIST.800.53.R5::NIST.800.53.R5-IAMNoInlinePolicy', 'PCI.DSS.321::PCI.DSS.321-IAMNoInlinePolicy'],
    on: /^(.*Role|SweepSchedulePolicy)$/,
    where: 'roles',
    reason: 'A policy of one role is part of it: no other identity can get it, and a review reads both together. Shared policies are managed ones.',
  },
  {
    ids: [
      'AwsSolutions::AwsSolutions-S1',
      'NIST.800.53.R5::NIST.800.53.R5-S3BucketLoggingEnabled',
      'NIST.800.53.R5::NIST.800.53.R5-S3BucketReplicationEnabled',
      'NIST.800.53.R5::NIST.800.53.R5-S3BucketVersioningEnabled',
      'PCI.DSS.321::PCI.DSS.321-S3BucketLoggingEnabled',
      'PCI.DSS.321::PCI.DSS.321-S3BucketReplicationEnabled',
      'PCI.DSS.321::PCI.DSS.321-S3BucketVersioningEnabled',
    ],
    on: /^CanaryBucket$/,
    where: 'reports of the canary',
    reason: 'They hold a status and a request id, expire after 31 days, and may be lost.',
  },
  {
    ids: ['CloudFormation-Validate::F3031', 'CloudFormation-Validate::F3033'],
    on: /^(ApiLogGroup|FunctionLogGroup|.*Alarm)$/,
    where: 'log groups, alarms',
    reason: 'A false finding: it puts the empty default of a parameter into the branch of a condition that the default excludes.',
  },
  {
    ids: ['CloudFormation-Validate::W2001'],
    where: 'stack',
    reason: 'SAM uses the parameter GradualDeployments in the expansion, and nothing refers to it afterwards.',
  },
];

/** Accepts findings of the checks whose names begin so, on the resources of a template or on its whole stack. */
export function accept(stack: Stack, template: CfnInclude, checks = ''): void {
  for (const { ids, on, reason } of accepted) {
    const places = on === undefined ? [stack] : template.node.children.filter((resource) => on.test(resource.node.id));
    for (const place of places) for (const id of ids) if (id.startsWith(checks)) Validations.of(place).acknowledge({ id, reason });
  }
}
