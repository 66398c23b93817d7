// Runs cdk-nag on the expanded template (plain CloudFormation). On template.yaml itself it would find nothing, because none of its rules
// knows the AWS::Serverless types. Run by infra/check-template/check.py: `tsx nag.ts EXPANDED.json OUTPUT-FOLDER`.
// Every finding, including warnings, must be accepted here; an acceptance without a finding fails as well.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';

const accepted = [
  { id: 'AwsSolutions::AwsSolutions-IAM5[Resource::*]', on: /^TracingPolicy$/, reason: 'X-Ray has no resource-level permissions.' },
  { id: 'AwsSolutions::AwsSolutions-SQS3', on: /^SweepFailureQueue$/, reason: 'It is itself a dead-letter queue.' },
  { id: 'AwsSolutions::AwsSolutions-SQS4', on: /^SweepFailureQueue$/, reason: 'Only Lambda and EventBridge Scheduler may send, and both use TLS.' },
  { id: 'Serverless::Serverless-SQSRedrivePolicy', on: /^SweepFailureQueue$/, reason: 'It is itself a dead-letter queue.' },
  { id: 'Serverless::Serverless-LambdaDLQ', on: /Function$/, reason: 'The gateway invokes synchronously: a failure is the response. The sweep has an on-failure destination, which reports more.' },
];

interface Report {
  pluginReports: { violations: unknown[]; suppressedViolations?: { acknowledgedId: string; violatingConstructs: unknown[] }[] }[];
}

const [templateFile, outdir] = process.argv.slice(2);
if (!templateFile || !outdir) throw new Error('usage: tsx nag.ts EXPANDED.json OUTPUT-FOLDER');

const app = new App({ outdir });
const template = new CfnInclude(new Stack(app, 'tenancy'), 'Template', { templateFile });
for (const resource of template.node.children) {
  for (const { id, on, reason } of accepted) {
    if (on.test(resource.node.id)) Validations.of(resource).acknowledge({ id, reason });
  }
}
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
app.synth(); // prints each finding that is not accepted; exits with 1 for an error, but not for a warning

const report = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8')) as Report;
if (report.pluginReports.some((plugin) => plugin.violations.length > 0)) process.exitCode = 1;
const used = report.pluginReports.flatMap((plugin) => plugin.suppressedViolations ?? []);
for (const { id, reason } of accepted) {
  const count = used.filter((finding) => finding.acknowledgedId === id).reduce((sum, finding) => sum + finding.violatingConstructs.length, 0);
  console.log(`${count} x ${id}: ${reason}`);
  if (count === 0) {
    console.error(`no finding needs the acceptance of ${id}: delete it from infra/cdk/nag.ts`);
    process.exitCode = 1;
  }
}
