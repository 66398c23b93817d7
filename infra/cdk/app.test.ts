import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { TenancyStack } from './stack.ts';

const templateFile = fileURLToPath(new URL('../../template.yaml', import.meta.url));
const names = [...readFileSync(templateFile, 'utf8').matchAll(/CodeUri: (target\/lambda\/[a-z-]+\/)/g)].map(([, path]) => path!);

const codeFolder = mkdtempSync(join(tmpdir(), 'tenancy-code-'));
for (const path of names) {
  mkdirSync(join(codeFolder, path), { recursive: true });
  writeFileSync(join(codeFolder, path, 'bootstrap'), path);
}
after(() => rmSync(codeFolder, { recursive: true }));

const stack = new TenancyStack(new App(), 'tenancy', { templateFile, codeFolder });
const template = Template.fromStack(stack).toJSON();
const functions = Object.entries<any>(template.Resources).filter(([, resource]) => resource.Type === 'AWS::Serverless::Function');

test('every function of the template has its own folder as an asset', () => {
  assert.equal(functions.length, names.length);
  const keys = functions.map(([, fn]) => fn.Properties.CodeUri.Key as string);
  for (const key of keys) assert.match(key, /^[0-9a-f]{64}\.zip$/);
  assert.equal(new Set(keys).size, keys.length);
});

test('the logical ids are those of the template: nothing is added, nothing is renamed', () => {
  const ids = [...readFileSync(templateFile, 'utf8').split(/^Resources:$/m)[1]!.split(/^Outputs:$/m)[0]!.matchAll(/^ {2}([A-Za-z]+):/gm)].map(([, id]) => id!);
  assert.deepEqual(Object.keys(template.Resources).sort(), ids.sort());
});

test('the table outlives the stack', () => {
  assert.equal(template.Resources.Table.DeletionPolicy, 'Retain');
  assert.equal(template.Resources.Table.UpdateReplacePolicy, 'Retain');
});

test('a function that was not built is named, with the command that builds it', () => {
  rmSync(join(codeFolder, names[0]!, 'bootstrap'));
  assert.throws(
    () => new TenancyStack(new App(), 'tenancy', { templateFile, codeFolder }),
    new RegExp(`${names[0]}bootstrap is missing: run "cargo xtask build" first`),
  );
});
