// cdk-nag over the expanded template (plain CloudFormation). On template.yaml itself it finds nothing: no rule of its knows
// an AWS::Serverless type. Run by infra/check-template/check.py: `tsx nag.ts EXPANDED.json OUTPUT-FOLDER`.
// A finding that is not accepted here fails, warnings too, and so does an acceptance that no finding needs.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';

const accepted = [
  { id: 'AwsSolutions::AwsSolutions-IAM5[Resource::*]', on: /^TracingPolicy$/, reason: 'X-Ray has no resources that a policy could name.' },
  { id: 'AwsSolutions::AwsSolutions-SQS3', on: /^SweepFailureQueue$/, reason: 'It is itself the queue of last resort.' },
  { id: 'AwsSolutions::AwsSolutions-SQS4', on: /^SweepFailureQueue$/, reason: 'Only Lambda and EventBridge Scheduler may send, and both use TLS.' },
  { id: 'Serverless::Serverless-SQSRedrivePolicy', on: /^SweepFailureQueue$/, reason: 'It is itself the queue of last resort.' },
  { id: 'Serverless::Serverless-LambdaDLQ', on: /Function$/, reason: 'The gateway calls synchronously: a failure is the response. The sweep has an on-failure destination, which tells more.' },
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
app.synth(); // prints each finding that is not accepted; ends the process with 1 at an error, but not at a warning

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
