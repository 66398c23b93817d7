import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Stack, type StackProps } from 'aws-cdk-lib';
import { CfnFunction } from 'aws-cdk-lib/aws-sam';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import type { Construct } from 'constructs';
import { accept } from './accepted.ts';

export interface TenancyStackProps extends StackProps {
  /** The SAM template, which defines all resources. */
  readonly templateFile: string;
  /** The folder to which the template's `CodeUri`s are relative. Default: the template's folder, as for SAM. */
  readonly codeFolder?: string;
}

/**
 * The stack of template.yaml, with each function's build folder as an asset.
 *
 * Logical ids and properties are those of the template, so CDK can update a stack that SAM created, and vice versa.
 */
export class TenancyStack extends Stack {
  constructor(scope: Construct, id: string, props: TenancyStackProps) {
    super(scope, id, props);
    const codeFolder = props.codeFolder ?? dirname(props.templateFile);
    const template = new CfnInclude(this, 'Template', { templateFile: props.templateFile });
    accept(this, template, 'CloudFormation-Validate::'); // CDK's own check; nag.ts runs the others
    for (const fn of template.node.findAll()) {
      if (!(fn instanceof CfnFunction)) continue;
      const path = resolve(codeFolder, fn.codeUri as string);
      if (!existsSync(resolve(path, 'bootstrap'))) {
        throw new Error(`${path}/bootstrap is missing: run "cargo xtask build" first`);
      }
      const asset = new Asset(fn, 'Code', { path });
      fn.codeUri = { bucket: asset.s3BucketName, key: asset.s3ObjectKey };
    }
  }
}
