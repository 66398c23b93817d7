// `cdk deploy`: the same stack as `sam deploy` makes, from the same template.yaml.
//   -c stack=NAME    its name (tenancy)
//   -c code=FOLDER   where target/lambda/ is found (the project's root)
import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { TenancyStack } from './stack.ts';

const app = new App();
new TenancyStack(app, app.node.tryGetContext('stack') ?? 'tenancy', {
  templateFile: fileURLToPath(new URL('../../template.yaml', import.meta.url)),
  codeFolder: app.node.tryGetContext('code'),
});
