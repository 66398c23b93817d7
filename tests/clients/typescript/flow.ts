// The provisioning flow with the client that openapi-typescript and openapi-fetch generate from infra/openapi.yaml.
// Run by `cargo xtask test clients`, which sets the addresses and keys: BASE_URL, OPERATOR_KEY, INTEGRATION_KEY, and BASE_URL_429 and so
// on, where the gateway itself answers every request. The same steps as flow.py and flow.go.
import assert from 'node:assert/strict';
import createClient from 'openapi-fetch';
import type { components, paths } from './api.js';

type Problem = components['schemas']['Problem'];
type Failure = components['schemas']['Failure'];
type Tenant = components['schemas']['Tenant'];
type Answer<T> = { data?: T; error?: Failure | undefined; response: Response };

const client = (key: string, baseUrl = 'BASE_URL') =>
  createClient<paths>({ baseUrl: process.env[baseUrl]!, headers: { authorization: `Bearer ${process.env[key]}` } });
const caller = client('INTEGRATION_KEY');
const operator = client('OPERATOR_KEY');

/** Checks that a call is answered with this status; returns the decoded body. */
async function ok<T>(status: number, call: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await call;
  assert.equal(response.status, status, JSON.stringify(error));
  return data as T;
}

/** Whether the error is from the service and not from the gateway. */
const isProblem = (failure: Failure | undefined): failure is Problem => failure !== undefined && 'request_id' in failure;

/** Checks that a call is answered with this problem, decoded to its type. */
async function refused(status: number, slug: string, call: Promise<Answer<unknown>>): Promise<Problem> {
  const { error, response } = await call;
  assert.equal(response.status, status);
  assert(isProblem(error) && error.status === status && error.type.endsWith(`/problems/${slug}`), JSON.stringify(error));
  return error;
}

const byExternalId = (external_id: string) => ({ params: { path: { external_id } } });
const tenantPath = (tenant_id: string) => ({ params: { path: { tenant_id } } });

/** Two tenants with odd external ids; the second is created without a body. */
async function upserts(): Promise<[Tenant, Tenant]> {
  const upsert = (external_id: string, body?: components['schemas']['TenantUpsert']) =>
    caller.PUT('/tenants/by-external-id/{external_id}', { ...byExternalId(external_id), ...(body && { body }) });
  const body = { name: 'Warehouse North', metadata: { crm_id: '88121' } };
  const made = await ok(201, upsert('acme:tenant:1', body));
  assert.deepEqual(await ok(200, upsert('acme:tenant:1', body)), made);
  const other = await ok(201, upsert('a/b c#e%2Fé'));
  for (const [tenant, externalId] of [[made, 'acme:tenant:1'], [other, 'a/b c#e%2Fé']] as const) {
    assert.equal(tenant.external_id, externalId);
    assert.deepEqual(await ok(200, caller.GET('/tenants/by-external-id/{external_id}', byExternalId(externalId))), tenant);
  }
  assert.deepEqual([made.name, made.metadata['crm_id'], made.settings.max_sticky_ttl_seconds], ['Warehouse North', '88121', 3600]);
  return [made, other];
}

/** A repository that is the tenant's default. */
async function attaches(tenant_id: string): Promise<string> {
  const body = { name: 'playbooks', repo_url: 'https://github.com/acme/playbooks.git', provider: 'github' } as const;
  const repository = await ok(201, caller.POST('/repositories', { body }));
  assert.deepEqual([repository.branch, repository.credential_id, repository.sync.last_synced_at], ['main', null, null]);
  const params = { path: { tenant_id, repository_id: repository.id } };
  const attach = (body: components['schemas']['AttachmentOptions']) =>
    caller.PUT('/tenants/{tenant_id}/repositories/{repository_id}', { params, body });
  const attachment = await ok(201, attach({ is_default: true }));
  assert.deepEqual([attachment.is_default, attachment.repository.id], [true, repository.id]);
  const again = await ok(200, attach({ branch_override: 'stable' }));
  assert.deepEqual([again.is_default, again.branch_override], [true, 'stable']);
  const list = await ok(200, caller.GET('/tenants/{tenant_id}/repositories', tenantPath(tenant_id)));
  assert.deepEqual(list.data.map((row) => row.repository_id), [repository.id]);
  return repository.id;
}

const patch = (tenant_id: string, body: components['schemas']['TenantPatch'], ifMatch?: string) =>
  caller.PATCH('/tenants/{tenant_id}', { params: { path: { tenant_id }, ...(ifMatch && { header: { 'If-Match': ifMatch } }) }, body });

/** A null clears one member, and one member changes nothing else; an upsert does not reactivate. */
async function updates(tenant: string, repository: string): Promise<void> {
  const cleared = await ok(200, patch(tenant, { name: null }));
  assert.deepEqual([cleared.name, cleared.metadata['crm_id'], cleared.default_repository_id], [null, '88121', repository]);
  const suspended = await ok(200, patch(tenant, { status: 'suspended' }));
  assert.deepEqual([suspended.status, suspended.name, suspended.default_repository_id], ['suspended', null, repository]);
  const again = await ok(200, caller.PUT('/tenants/by-external-id/{external_id}', byExternalId('acme:tenant:1')));
  assert.equal(again.status, 'suspended');
  await refused(412, 'precondition-failed', patch(tenant, { name: 'late' }, '"0"'));
}

/** Pages of one, newest first, by cursors. */
async function lists(...tenants: string[]): Promise<void> {
  const list = (query: NonNullable<paths['/tenants']['get']['parameters']['query']>) => ok(200, caller.GET('/tenants', { params: { query } }));
  let page = await list({ limit: 1 });
  const found = page.data.map((row) => row.id);
  while (page.next_cursor !== null) {
    page = await list({ limit: 1, starting_after: page.next_cursor });
    found.push(...page.data.map((row) => row.id));
  }
  const expected = tenants.sort().reverse();
  assert.deepEqual([found, page.has_more], [expected, false]);
  const before = await list({ ending_before: expected.at(-1)! });
  assert.deepEqual(before.data.map((row) => row.id), expected.slice(0, -1));
}

/** A 404, a 422 and a 403, as types. */
async function problems(): Promise<void> {
  await refused(404, 'not-found', caller.GET('/tenants/{tenant_id}', tenantPath('tnt_01m6k708ka2r00k6agv0vfcxec')));
  const body = { name: '', repo_url: 'ftp://example.com/x' };
  const problem = await refused(422, 'validation-error', caller.POST('/repositories', { body }));
  assert.deepEqual(problem.errors?.map((fault) => fault.pointer).sort(), ['/name', '/repo_url']);
  await refused(403, 'insufficient-scope', operator.GET('/tenants'));
}

/** A resource that is in use cannot be deleted. */
async function removes(tenant_id: string, other: string, repository_id: string): Promise<void> {
  const detach = () => caller.DELETE('/tenants/{tenant_id}/repositories/{repository_id}', { params: { path: { tenant_id, repository_id } } });
  const forget = () => caller.DELETE('/repositories/{repository_id}', { params: { path: { repository_id } } });
  const deprovision = () => caller.DELETE('/tenants/by-external-id/{external_id}', byExternalId('acme:tenant:1'));
  assert.equal((await refused(409, 'resource-in-use', detach())).conflicting_resource_id, tenant_id);
  await refused(409, 'resource-in-use', forget());
  assert.equal((await ok(200, patch(tenant_id, { default_repository_id: null }))).default_repository_id, null);
  await ok(204, detach());
  await ok(204, forget());
  await ok(204, caller.DELETE('/tenants/{tenant_id}', tenantPath(other)));
  await ok(204, deprovision());
  await refused(404, 'not-found', deprovision());
}

/** The operations of an operator. */
async function customers(): Promise<void> {
  const params = { path: { customer_id: 'by-typescript' } };
  const body = { customer_id: 'by-typescript', description: 'for a moment', labels: { tier: 'gold' } };
  const create = (key?: string) => operator.POST('/v1/customers', { body, ...(key && { params: { header: { 'Idempotency-Key': key } } }) });
  const made = await ok(201, create('typescript-1'));
  assert.deepEqual(await ok(201, create('typescript-1')), made);
  assert.equal((await refused(409, 'name-conflict', create())).conflicting_resource_id, made.id);
  const changed = await ok(200, operator.PATCH('/v1/customers/{customer_id}', { params, body: { description: null } }));
  assert.deepEqual([changed.description, changed.labels['tier']], [null, 'gold']);
  const read = () => operator.GET('/v1/customers/{customer_id}', { params });
  const { data, response } = await read();
  assert.deepEqual(data, changed);
  const header = { 'If-None-Match': response.headers.get('etag')! };
  await ok(304, operator.GET('/v1/customers/{customer_id}', { params: { ...params, header } }));
  const ends = Math.floor(Date.now() / 1000) * 1000 + 86_400_000;
  const expires_at = new Date(ends + 7_200_000).toISOString().replace('.000Z', '+02:00');
  const key = await ok(201, operator.POST('/v1/customers/{customer_id}/keys', { params, body: { name: 'ends', scopes: [], expires_at } }));
  assert.deepEqual([key.expires_at, key.scopes], [new Date(ends).toISOString(), []]);
  const found: string[] = [];
  let token = '';
  do {
    const query = { 'page.page_size': 1, 'page.page_token': token };
    const page = await ok(200, operator.GET('/v1/customers', { params: { query } }));
    found.push(...page.customers.map((row) => row.customer_id));
    token = page.page.next_page_token;
  } while (token !== '');
  assert(found.includes('by-typescript') && new Set(found).size === found.length, found.join());
  await ok(204, operator.DELETE('/v1/customers/{customer_id}', { params }));
  await refused(404, 'not-found', read());
  assert.equal((await ok(200, operator.POST('/v1/customers/{customer_id}/restore', { params }))).archived_at, null);
}

/** An answer of the gateway is in `error`, too. */
async function gateway(): Promise<void> {
  for (const status of [413, 429, 500, 503]) {
    const params = { path: { customer_id: 'demo' } };
    const { error, response } = await client('OPERATOR_KEY', `BASE_URL_${status}`).GET('/v1/customers/{customer_id}', { params });
    assert.equal(response.status, status);
    assert(error && 'message' in error && !('request_id' in error) && error.message, JSON.stringify(error));
  }
}

const [tenant, other] = await upserts();
const repository = await attaches(tenant.id);
await updates(tenant.id, repository);
await lists(tenant.id, other.id);
await problems();
await removes(tenant.id, other.id, repository);
await customers();
await gateway();
console.log('the client of openapi-typescript works');
