// The tour in README.md runs as it is there, and prints what is beside its lines.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { environment } from './support.js';

const run = promisify(execFile);

test('the tour of the README', async () => {
  const text = await readFile('README.md', 'utf8');
  const code = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, block]) => block).join('\n');
  await writeFile('build/tour.ts', code);
  const options = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--module', 'nodenext', '--target', 'es2022', '--types', 'node'];
  await run(process.execPath, ['node_modules/typescript/bin/tsc', ...options, 'build/tour.ts']).catch((error: { stdout: string }) => assert.fail(error.stdout));
  const env = { ...process.env, AGENTROUTER_BASE_URL: environment('BASE_URL'), AGENTROUTER_API_KEY: environment('OPERATOR_KEY') };
  const { stdout } = await run(process.execPath, ['build/tour.js'], { env });
  const expected = [...code.matchAll(/console\.log\(.*\);? \/\/ (.*)$/gm)].map(([, line]) => line);
  assert(expected.length > 8);
  assert.deepEqual(stdout.trimEnd().split('\n'), expected);
});
