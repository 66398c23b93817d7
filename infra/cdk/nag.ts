// Runs cdk-nag on the expanded template (plain CloudFormation). On template.yaml itself it would find nothing, because none of its rules
// knows the AWS::Serverless types. Run by infra/check-template/check.py: `tsx nag.ts EXPANDED.json OUTPUT-FOLDER`.
// Every finding, including warnings, must be accepted in accepted.ts; an acceptance without a finding fails as well.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { AwsSolutionsChecks, NIST80053R5Checks, PCIDSS321Checks, ServerlessChecks } from 'cdk-nag';
import { accept, accepted } from './accepted.ts';

interface Construct {
  constructPath: string;
}
interface Report {
  pluginReports: {
    violations: { ruleName: string; description: string; violatingConstructs: Construct[] }[];
    suppressedViolations?: { acknowledgedId: string; violatingConstructs: Construct[] }[];
  }[];
}

const [templateFile, outdir] = process.argv.slice(2);
if (!templateFile || !outdir) throw new Error('usage: tsx nag.ts EXPANDED.json OUTPUT-FOLDER');

const app = new App({ outdir });
const stack = new Stack(app, 'tenancy');
const template = new CfnInclude(stack, 'Template', { templateFile });
accept(stack, template);
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app), new NIST80053R5Checks(app), new PCIDSS321Checks(app));
try {
  app.synth(); // prints each finding that is not accepted, and throws for an error, but not for a warning
} catch (error) {
  console.error(String(error));
  process.exitCode = 1;
}

const report = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8')) as Report;
if (report.pluginReports.some((plugin) => plugin.violations.length > 0)) process.exitCode = 1;
const used = report.pluginReports.flatMap((plugin) => plugin.suppressedViolations ?? []);
for (const { ids, reason } of accepted) {
  for (const id of ids) {
    const count = used.filter((finding) => finding.acknowledgedId === id).reduce((sum, finding) => sum + finding.violatingConstructs.length, 0);
    console.log(`${count} x ${id}: ${reason}`);
    if (count === 0) {
      console.error(`no finding needs the acceptance of ${id}: delete it from infra/cdk/accepted.ts`);
      process.exitCode = 1;
    }
  }
}
