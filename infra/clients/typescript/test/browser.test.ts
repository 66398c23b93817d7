// The built files load in a real browser as they are, and make calls there. Skipped where there is no Chromium.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { text } from 'node:stream/consumers';
import { environment } from './support.js';

/** The page: calls below its own origin, where a proxy serves the API, and calls to the API's own origin. */
const page = (api: string, key: string) => `<!doctype html><meta charset="utf-8"><script type="module">
const result = {};
try {
  const { Client, ConnectionError, NotFound, etagOf } = await import('/dist/index.js');
  const client = new Client({ baseUrl: location.origin + '/api', apiKey: ${JSON.stringify(key)} });
  const tenant = await client.tenants.create({ name: 'by a browser' });
  result.name = (await client.tenants.get(tenant.id)).name;
  result.unchanged = (await client.tenants.get(tenant.id, { ifNoneMatch: etagOf(tenant) })) === undefined;
  await client.tenants.delete(tenant.id);
  result.missing = await client.tenants.get(tenant.id).catch((error) => error instanceof NotFound);
  const other = new Client({ baseUrl: ${JSON.stringify(api)}, apiKey: ${JSON.stringify(key)}, retries: 0 });
  result.description = (await other.service.openapi()).openapi;
  result.refused = await other.tenants.list().catch((error) => error instanceof ConnectionError);
} catch (error) {
  result.error = String(error);
}
await fetch('/result', { method: 'POST', body: JSON.stringify(result) });
</script>`;

function chromium(): string | undefined {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    } catch {
      // The next one, then.
    }
  }
  return undefined;
}

const browser = chromium();

test('the built files make calls in a browser', { skip: browser ? false : 'there is no Chromium here', timeout: 120_000 }, async () => {
  const api = environment('BASE_URL');
  let report: (result: string) => void = () => {};
  const reported = new Promise<string>((resolve) => (report = resolve));
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const url = request.url ?? '/';
    if (url === '/') return response.setHeader('content-type', 'text/html').end(page(api, environment('INTEGRATION_KEY')));
    if (url === '/result') return report(await text(request)), response.end();
    if (url.startsWith('/dist/') && url.endsWith('.js')) return response.setHeader('content-type', 'text/javascript').end(await readFile(url.slice(1)));
    if (!url.startsWith('/api/')) return response.writeHead(404).end();
    const names = ['authorization', 'content-type', 'idempotency-key', 'if-match', 'if-none-match'];
    const headers = names.flatMap((name) => (request.headers[name] === undefined ? [] : [[name, String(request.headers[name])] as [string, string]]));
    const body = await text(request);
    const init: RequestInit = { method: request.method ?? 'GET', headers };
    const forwarded = await fetch(api + url.slice('/api'.length), body === '' ? init : { ...init, body });
    response.writeHead(forwarded.status, Object.fromEntries([...forwarded.headers].filter(([name]) => name !== 'content-length')));
    return response.end(await forwarded.text());
  };
  const server = createServer((request, response) => void answer(request, response).catch((error: unknown) => response.destroy(error as Error)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const profile = await mkdtemp(join(tmpdir(), 'agentrouter-browser-'));
  let process: ChildProcess | undefined;
  try {
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    process = spawn(browser ?? '', ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', `--user-data-dir=${profile}`, address], { stdio: 'ignore' });
    const ended = new Promise<string>((_, reject) => process?.once('exit', (code) => reject(new Error(`the browser ended with ${code}`))));
    const result: unknown = JSON.parse(await Promise.race([reported, ended]));
    assert.deepEqual(result, { name: 'by a browser', unchanged: true, missing: true, description: '3.1.0', refused: true });
  } finally {
    process?.removeAllListeners('exit');
    if (process?.kill()) await new Promise((resolve) => process?.once('exit', resolve));
    server.closeAllConnections();
    server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
});
