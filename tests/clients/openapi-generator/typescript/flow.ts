// The flow of an operator and an integration with the client that openapi-generator (typescript-fetch) generates from infra/openapi.yaml.
// Run by `cargo xtask test clients`, which sets the addresses and keys: BASE_URL, OPERATOR_KEY, and BASE_URL_429 and so on, where
// the gateway itself answers every request. The same steps as the other flows in this folder.
import assert from 'node:assert/strict';
import { Configuration, CustomersApi, IntegrationScope, KeysApi, ProblemFromJSON, ResponseError, TenantsApi, instanceOfGatewayMessage, instanceOfProblem } from './api/index.js';
import type { CustomerPatch, Problem } from './api/index.js';

const configuration = (key: string, baseUrl: string) =>
  new Configuration({ basePath: process.env[baseUrl]!, accessToken: key });
const operator = configuration(process.env['OPERATOR_KEY']!, 'BASE_URL');
const customersApi = new CustomersApi(operator);
const tenantsApi = (key: string) => new TenantsApi(configuration(key, 'BASE_URL'));
const customerId = 'by-generated-typescript';

/** Checks that a call is answered with this status; the exception has the unread response. */
async function refused(status: number, call: Promise<unknown>): Promise<Response> {
  const error = await call.then((answer) => assert.fail(`not refused: ${JSON.stringify(answer)}`), (error: unknown) => error);
  assert(error instanceof ResponseError, String(error));
  assert.equal(error.response.status, status);
  return error.response;
}

async function problem(status: number, slug: string, call: Promise<unknown>): Promise<Problem> {
  const body: unknown = await (await refused(status, call)).json();
  assert(instanceOfProblem(ProblemFromJSON(body)), JSON.stringify(body));
  const found = ProblemFromJSON(body);
  assert(found.status === status && found.type.endsWith(`/problems/${slug}`), JSON.stringify(body));
  return found;
}

async function customers(): Promise<void> {
  const customerCreation = { customerId, description: 'for a moment', labels: { tier: 'gold' } };
  const made = await customersApi.createCustomer({ customerCreation });
  const taken = await problem(409, 'name-conflict', customersApi.createCustomer({ customerCreation }));
  assert.equal(taken.conflictingResourceId, made.id);
  const update = (customerPatch: CustomerPatch) => customersApi.updateCustomer({ customerId, customerPatch });
  const named = await update({ displayName: 'Named' });
  assert.deepEqual([named.displayName, named.description, named.labels], ['Named', 'for a moment', { tier: 'gold' }]);
  const cleared = await update({ description: null });
  assert.deepEqual([cleared.displayName, cleared.description, cleared.labels], ['Named', null, { tier: 'gold' }]);
  const read = await customersApi.getCustomerRaw({ customerId });
  assert.deepEqual(await read.value(), cleared);
  await refused(304, customersApi.getCustomer({ customerId, ifNoneMatch: read.raw.headers.get('etag')! }));
}

/** A time is a Date, which this client sends in UTC; a set is a Set. */
async function keys(): Promise<string> {
  const expiresAt = new Date(Date.now() + 86_400_000);
  const keyCreation = { name: 'ends', scopes: new Set([IntegrationScope.TenantsWrite]), expiresAt };
  const made = await new KeysApi(operator).createKey({ customerId, keyCreation });
  assert.deepEqual([made.expiresAt, made.scopes], [expiresAt, keyCreation.scopes]);
  return made.apiKeyOnce!;
}

async function pages(): Promise<void> {
  const found: string[] = [];
  let pagePageToken: string | undefined;
  do {
    const page = await customersApi.listCustomers({ pagePageSize: 1, ...(pagePageToken && { pagePageToken }) });
    found.push(...page.customers.map((row) => row.customerId));
    pagePageToken = page.page.nextPageToken;
  } while (pagePageToken !== '');
  assert(found.includes(customerId) && new Set(found).size === found.length, found.join());
}

async function tenants(key: string): Promise<void> {
  const [api, externalId] = [tenantsApi(key), 'a/b c#e%2Fé'];
  const made = await api.upsertTenantByExternalIdRaw({ externalId, tenantUpsert: { name: 'Warehouse' } });
  const tenant = await made.value();
  assert.deepEqual([made.raw.status, tenant.externalId, tenant.name], [201, externalId, 'Warehouse']);
  assert.deepEqual(await api.upsertTenantByExternalId({ externalId }), tenant);
  assert.deepEqual(await api.getTenantByExternalId({ externalId }), tenant);
  await problem(404, 'not-found', api.getTenant({ tenantId: 'tnt_01m6k708ka2r00k6agv0vfcxec' }));
}

async function archives(key: string): Promise<void> {
  await customersApi.archiveCustomer({ customerId });
  await problem(401, 'insufficient-scope', tenantsApi(key).listTenants());
  await problem(404, 'not-found', customersApi.getCustomer({ customerId }));
  assert.equal((await customersApi.restoreCustomer({ customerId })).archivedAt, null);
}

async function gateway(): Promise<void> {
  for (const status of [413, 429, 500, 503]) {
    const api = new CustomersApi(configuration('any', `BASE_URL_${status}`));
    const body = (await (await refused(status, api.getCustomer({ customerId }))).json()) as object;
    assert(instanceOfGatewayMessage(body) && !instanceOfProblem(body) && body.message.length > 0, JSON.stringify(body));
  }
}

await customers();
const key = await keys();
await pages();
await tenants(key);
await archives(key);
await gateway();
console.log('the client of openapi-generator for TypeScript works');
