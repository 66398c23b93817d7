import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { FilterPattern as P, type IFilterPattern } from 'aws-cdk-lib/aws-logs';
import { accepted } from './accepted.ts';
import { TenancyStack } from './stack.ts';

const templateFile = fileURLToPath(new URL('../../template.yaml', import.meta.url));
const names = [...readFileSync(templateFile, 'utf8').matchAll(/CodeUri: (target\/lambda\/[a-z-]+\/)/g)].map(([, path]) => path!);

const codeFolder = mkdtempSync(join(tmpdir(), 'tenancy-code-'));
for (const path of names) {
  mkdirSync(join(codeFolder, path), { recursive: true });
  writeFileSync(join(codeFolder, path, 'bootstrap'), path);
}
after(() => rmSync(codeFolder, { recursive: true }));

const app = new App();
const stack = new TenancyStack(app, 'tenancy', { templateFile, codeFolder });
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

test("CDK's own validation finds nothing", () => {
  const file = join(app.synth().directory, 'validation-report.json');
  const reports = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).pluginReports : [];
  assert.deepEqual(reports.flatMap((report: { violations: unknown[] }) => report.violations), []);
});

test('the table outlives the stack', () => {
  assert.equal(template.Resources.Table.DeletionPolicy, 'Retain');
  assert.equal(template.Resources.Table.UpdateReplacePolicy, 'Retain');
});

test('the filter patterns are those that CDK writes for what they mean', () => {
  const isServerError = P.all(P.numberValue('$.status', '>=', 500), P.numberValue('$.status', '!=', 503));
  const isOutsideOfARequest = P.all(P.stringValue('$.level', '=', 'error'), P.notExists('$.status'));
  const isReported = P.all(P.stringValue('$.type', '=', 'platform.report'), P.stringValue('$.record.status', '!=', 'success'));
  const expected: Record<string, IFilterPattern> = {
    LatencyFilter: P.all(P.exists('$.route'), P.numberValue('$.milliseconds', '>=', 0)),
    BugsFilter: P.any(isServerError, P.stringValue('$.level', '=', 'fatal'), isOutsideOfARequest, isReported),
    UnavailableFilter: P.numberValue('$.status', '=', 503),
    UnauthorizedFilter: P.numberValue('$.status', '=', 401),
    LimitedFilter: P.numberValue('$.status', '=', 429),
    ThrottledByGatewayFilter: P.all(P.stringValue('$.status', '=', '429'), P.stringValue('$.function', '=', '-')),
    ReadUnitsFilter: P.numberValue('$.read', '>', 0),
    WriteUnitsFilter: P.numberValue('$.write', '>', 0),
    ColdStartsFilter: P.booleanValue('$.cold', true),
    OldestSweepJobFilter: P.numberValue('$.oldest_job_seconds', '>=', 0),
  };
  // Without the brackets around a single comparison.
  const plain = (pattern: string) => pattern.replace(/\(([^()&|]*)\)/g, '$1').replace(/\s+/g, ' ').trim();
  const filters = Object.entries<any>(template.Resources).filter(([, resource]) => resource.Type === 'AWS::Logs::MetricFilter');
  const found = Object.fromEntries(filters.map(([id, filter]) => [id, plain(filter.Properties.FilterPattern)]));
  assert.deepEqual(found, Object.fromEntries(Object.entries(expected).map(([id, pattern]) => [id, plain(pattern.logPatternString)])));
});

test('docs/operations.md lists what infra/cdk/accepted.ts accepts', () => {
  const text = readFileSync(fileURLToPath(new URL('../../docs/operations.md', import.meta.url)), 'utf8');
  const section = text.split('\n## Accepted findings\n')[1]!.split('\n## ')[0]!;
  const rows = [...section.matchAll(/^\| (`.*) \| (.*) \| (.*) \|$/gm)].map(([, ids, where, reason]) => ({ ids, where, reason }));
  const expected = accepted.map(({ ids, where, reason }) => ({ ids: ids.map((id) => `\`${id.split('::').slice(1).join('::')}\``).join(', '), where, reason }));
  assert.deepEqual(rows, expected);
});

test("the canary's script fails for every answer but 200, and sends the secret as a key", async () => {
  const answers = [200, 401, 503];
  const requests: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    response.writeHead(answers.shift()!, { 'x-request-id': 'req_1' }).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const secrets = { SecretsManagerClient: class { send = async () => ({ SecretString: 'sk_int_1\n' }); }, GetSecretValueCommand: class {} };
  const modules: Record<string, unknown> = { '@aws-sdk/client-secrets-manager': secrets };
  const script = template.Resources.Canary.Properties.Code.Script as string;
  const exports: { handler?: () => Promise<void> } = {};
  new Function('require', 'exports', 'process', script)((name: string) => modules[name], exports, {
    env: { URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, KEY_SECRET: 'arn' },
  });
  await exports.handler!();
  await assert.rejects(exports.handler!(), /answered with 401, request req_1/);
  await assert.rejects(exports.handler!(), /answered with 503, request req_1/);
  assert.deepEqual(new Set(requests), new Set(['GET /integration/self Bearer sk_int_1']));
  server.closeAllConnections();
  server.close();
});

test('a function that was not built is named, with the command that builds it', () => {
  rmSync(join(codeFolder, names[0]!, 'bootstrap'));
  assert.throws(
    () => new TenancyStack(new App(), 'tenancy', { templateFile, codeFolder }),
    new RegExp(`${names[0]}bootstrap is missing: run "cargo xtask build" first`),
  );
});
