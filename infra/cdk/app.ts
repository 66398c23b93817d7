// `cdk deploy`: the same stack as `sam deploy` creates, from the same template.yaml.
//   -c stack=NAME    the stack's name (default: tenancy)
//   -c code=FOLDER   the folder that contains target/lambda/ (default: the repository's root)
import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { TenancyStack } from './stack.ts';

const app = new App();
new TenancyStack(app, app.node.tryGetContext('stack') ?? 'tenancy', {
  templateFile: fileURLToPath(new URL('../../template.yaml', import.meta.url)),
  codeFolder: app.node.tryGetContext('code'),
});
