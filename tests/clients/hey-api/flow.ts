// The flow of an operator and an integration with the client that @hey-api/openapi-ts generates from infra/openapi.yaml.
// Run by `cargo xtask test clients`, which sets the addresses and keys: BASE_URL, OPERATOR_KEY, and BASE_URL_429 and so on, where
// the gateway itself answers every request. The same steps as the flows in openapi-generator/.
import assert from 'node:assert/strict';
import { createClient, createConfig } from './api/client/index.js';
import * as api from './api/index.js';

const client = (key: string, baseUrl: string) =>
  createClient(createConfig({ baseUrl: process.env[baseUrl]!, auth: key }));
const operator = client(process.env['OPERATOR_KEY']!, 'BASE_URL');
const path = { customer_id: 'by-hey-api' };

type Answer<T> = { data: T | undefined; error: unknown; response?: Response };

/** Checks that a call is answered with this status; returns the decoded body. */
async function ok<T>(status: number, call: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await call;
  assert.equal(response?.status, status, JSON.stringify(error));
  return data as T;
}

/** Checks that a call is answered with this problem: one of two types, distinguished by a member that only a problem has. */
async function refused(status: number, slug: string, call: Promise<{ error?: api.Problem | api.GatewayMessage | undefined }>): Promise<api.Problem> {
  const { error } = await call;
  assert(error && 'request_id' in error, JSON.stringify(error));
  const problem = error as api.Problem;
  assert(problem.status === status && problem.type.endsWith(`/problems/${slug}`), JSON.stringify(error));
  return problem;
}

async function customers(): Promise<void> {
  const body = { ...path, description: 'for a moment', labels: { tier: 'gold' } };
  const create = () => api.createCustomer({ client: operator, body });
  const made = await ok(201, create());
  assert.equal((await refused(409, 'name-conflict', create())).conflicting_resource_id, made.id);
  const update = (body: api.CustomerPatch) => ok(200, api.updateCustomer({ client: operator, path, body }));
  const named = await update({ display_name: 'Named' });
  assert.deepEqual([named.display_name, named.description, named.labels], ['Named', 'for a moment', { tier: 'gold' }]);
  const cleared = await update({ description: null });
  assert.deepEqual([cleared.display_name, cleared.description, cleared.labels], ['Named', null, { tier: 'gold' }]);
  const { data, response } = await api.getCustomer({ client: operator, path });
  assert.deepEqual(data, cleared);
  // This client does not treat a 304 as a success: `data` is undefined and `error` is empty.
  const headers = { 'If-None-Match': response!.headers.get('etag')! };
  const same = await api.getCustomer({ client: operator, path, headers });
  assert.deepEqual([same.response?.status, same.data, same.error], [304, undefined, {}]);
}

async function keys(): Promise<string> {
  const ends = Math.floor(Date.now() / 1000) * 1000 + 86_400_000;
  const expires_at = new Date(ends + 7_200_000).toISOString().replace('.000Z', '+02:00');
  const made = await ok(201, api.createKey({ client: operator, path, body: { name: 'ends', scopes: ['tenants:write'], expires_at } }));
  assert.deepEqual([made.expires_at, made.scopes], [new Date(ends).toISOString(), ['tenants:write']]);
  return made.api_key_once!;
}

async function pages(): Promise<void> {
  const found: string[] = [];
  let token = '';
  do {
    const query = { 'page.page_size': 1, 'page.page_token': token };
    const page = await ok(200, api.listCustomers({ client: operator, query }));
    found.push(...page.customers.map((row) => row.customer_id));
    token = page.page.next_page_token;
  } while (token !== '');
  assert(found.includes(path.customer_id) && new Set(found).size === found.length, found.join());
}

async function tenants(key: string): Promise<void> {
  const caller = client(key, 'BASE_URL');
  const path = { external_id: 'a/b c#e%2Fé' };
  const made = await ok(201, api.upsertTenantByExternalId({ client: caller, path, body: { name: 'Warehouse' } }));
  assert.deepEqual([made.external_id, made.name], [path.external_id, 'Warehouse']);
  assert.deepEqual(await ok(200, api.upsertTenantByExternalId({ client: caller, path })), made);
  assert.deepEqual(await ok(200, api.getTenantByExternalId({ client: caller, path })), made);
  await refused(404, 'not-found', api.getTenant({ client: caller, path: { tenant_id: 'tnt_01m6k708ka2r00k6agv0vfcxec' } }));
  await refused(403, 'insufficient-scope', api.listCustomers({ client: caller }));
}

async function archives(key: string): Promise<void> {
  await ok(204, api.archiveCustomer({ client: operator, path }));
  await refused(401, 'insufficient-scope', api.listTenants({ client: client(key, 'BASE_URL') }));
  await refused(404, 'not-found', api.getCustomer({ client: operator, path }));
  assert.equal((await ok(200, api.restoreCustomer({ client: operator, path }))).archived_at, null);
}

async function gateway(): Promise<void> {
  for (const status of [413, 429, 500, 503]) {
    const { error, response } = await api.getCustomer({ client: client('any', `BASE_URL_${status}`), path });
    assert.equal(response?.status, status);
    assert(error && 'message' in error && !('request_id' in error) && error.message, JSON.stringify(error));
  }
}

await customers();
const key = await keys();
await pages();
await tenants(key);
await archives(key);
await gateway();
console.log('the client of hey-api works');
