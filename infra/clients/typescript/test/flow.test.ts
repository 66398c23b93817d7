// The provisioning flow of an operator and an integration, and every other operation: at the end, each operation of infra/openapi.yaml was called.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { Client, InsufficientScope, NameConflict, NotFound, PreconditionFailed, ResourceInUse, TenantSuspended, ValidationError, etagOf, responseOf } from '@tetrate/agentrouter-sdk';
import { parse } from 'yaml';
import { collected, environment, operator as newOperator, rejected, unique } from './support.js';

const called: [method: string, path: string][] = [];

/** The real fetch; it notes what was called. */
const noting: typeof fetch = (input, init) => {
  called.push([init?.method ?? 'GET', String(input).slice(environment('BASE_URL').length).replace(/\?.*/, '')]);
  return fetch(input, init);
};

const operator = newOperator({ fetch: noting });

/** A customer of its own for this file, so that lists show nothing else. */
const customerId = unique('flow');
await operator.customers.create(customerId);
const issued = await operator.keys.create(customerId, { name: 'flow' });
assert(issued.apiKeyOnce);
const caller = new Client({ baseUrl: environment('BASE_URL'), apiKey: issued.apiKeyOnce, fetch: noting });

test('an operator manages customers and keys', async () => {
  const id = unique('by-typescript');
  const idempotencyKey = unique('key');
  const create = () => operator.customers.create(id, undefined, 'for a moment', { labels: { tier_name: 'gold' }, idempotencyKey });
  const made = await create();
  assert.deepEqual([made.customerId, made.displayName, made.description, made.labels], [id, null, 'for a moment', { tier_name: 'gold' }]);
  assert.equal(responseOf(made).status, 201);
  const replay = await create();
  assert.deepEqual(replay, made);
  assert.equal(responseOf(replay).headers.get('idempotency-replayed'), 'true');
  assert.equal((await rejected(NameConflict, operator.customers.create(id))).conflictingResourceId, made.id);

  const changed = await operator.customers.update(id, 'By TypeScript', null);
  assert.deepEqual([changed.displayName, changed.description, changed.labels], ['By TypeScript', null, { tier_name: 'gold' }]);
  const read = await operator.customers.get(made.id);
  assert.deepEqual(read, changed);
  assert.equal(await operator.customers.get(id, { ifNoneMatch: etagOf(read) }), undefined);
  await rejected(PreconditionFailed, operator.customers.update(id, 'late', undefined, { ifMatch: etagOf(made) }));
  await operator.customers.update(id, undefined, undefined, { labels: { stage: 'b' }, ifMatch: etagOf(changed) });

  const page = await operator.customers.list({ pageSize: 1, orderBy: 'created_at desc' });
  assert.equal(page.customers.length, 1);
  assert.notEqual(page.page.nextPageToken, '');
  const found = await collected(operator.customers.listAll({ pageSize: 1, filter: `customer_id = "${id}" OR customer_id = "${customerId}"` }));
  assert.deepEqual(found.map((row) => row.customerId).sort(), [id, customerId].sort());

  const ends = Math.floor(Date.now() / 1000) * 1000 + 86_400_000;
  const expiresAt = new Date(ends + 7_200_000).toISOString().replace('.000Z', '+02:00');
  const key = await operator.keys.create(id, { name: 'ends', scopes: [], expiresAt });
  assert.deepEqual([key.expiresAt, key.scopes], [new Date(ends).toISOString(), []]);
  const next = await operator.keys.rotate(id, key.keyId, { overlapSeconds: 60 });
  await operator.keys.revoke(id, next.keyId);
  const { keys } = await operator.keys.list(id);
  assert.deepEqual(keys.map((row) => row.keyId), [next.keyId, key.keyId]);
  assert.deepEqual(await collected(operator.keys.listAll(id)), keys);

  assert.equal(await operator.customers.archive(id), undefined);
  await rejected(NotFound, operator.customers.get(id));
  const archived = await collected(operator.customers.listAll({ showArchived: true, filter: 'state = archived' }));
  assert(archived.some((row) => row.customerId === id && row.archivedAt !== null));
  assert.equal((await operator.customers.restore(id)).archivedAt, null);
});

test('an integration provisions tenants and repositories', async () => {
  const self = await caller.integration.self();
  assert.deepEqual([self.customerId, self.object], [customerId, 'integration_principal']);

  const odd = 'a/b c#e%2Fé\\..';
  const made = await caller.tenants.upsert('acme:tenant:1', { name: 'Warehouse North', metadata: { crm_id: '88121' } });
  assert.equal(responseOf(made).status, 201);
  const again = await caller.tenants.upsert('acme:tenant:1', { name: 'Warehouse North', metadata: { crm_id: '88121' } });
  assert.deepEqual(again, made);
  assert.equal(responseOf(again).status, 200);
  const other = await caller.tenants.upsert(odd);
  for (const [tenant, externalId] of [[made, 'acme:tenant:1'], [other, odd]] as const) {
    assert.equal(tenant.externalId, externalId);
    assert.deepEqual(await caller.tenants.getByExternalId(externalId), tenant);
  }
  assert.deepEqual([made.name, made.metadata, made.settings.maxStickyTtlSeconds], ['Warehouse North', { crm_id: '88121' }, 3600]);
  await rejected(PreconditionFailed, caller.tenants.upsert(odd, {}, { ifNoneMatch: '*' }));

  const repository = await caller.repositories.register({ name: 'playbooks', repoUrl: 'https://github.com/acme/playbooks.git', provider: 'github' });
  assert.deepEqual([repository.branch, repository.credentialId, repository.sync.lastSyncedAt], ['main', null, null]);
  assert.deepEqual(await caller.repositories.get(repository.id), repository);
  assert.equal((await caller.repositories.update(repository.id, { branch: 'next' }, { ifMatch: etagOf(repository) })).branch, 'next');
  assert.deepEqual((await collected(caller.repositories.listAll({ name: 'playbooks', pageSize: 1 }))).map((row) => row.id), [repository.id]);

  const attachment = await caller.attachments.attach(made.id, repository.id, { isDefault: true });
  assert.deepEqual([attachment.isDefault, attachment.repository.id, responseOf(attachment).status], [true, repository.id, 201]);
  const changed = await caller.attachments.attach(made.id, repository.id, { branchOverride: 'stable' });
  assert.deepEqual([changed.isDefault, changed.branchOverride, responseOf(changed).status], [true, 'stable', 200]);
  assert.deepEqual((await collected(caller.attachments.listAll(made.id, { pageSize: 1 }))).map((row) => row.repositoryId), [repository.id]);

  // undefined is absent, null clears.
  const cleared = await caller.tenants.update(made.id, { name: null, metadata: undefined });
  assert.deepEqual([cleared.name, cleared.metadata, cleared.defaultRepositoryId], [null, { crm_id: '88121' }, repository.id]);
  const suspended = await caller.tenants.suspend(made.id, { ifMatch: etagOf(cleared) });
  assert.deepEqual([suspended.status, suspended.name, suspended.defaultRepositoryId], ['suspended', null, repository.id]);
  assert.equal((await caller.tenants.upsert('acme:tenant:1')).status, 'suspended');
  await rejected(PreconditionFailed, caller.tenants.update(made.id, { name: 'late' }, { ifMatch: '"0"' }));
  assert.equal((await caller.tenants.activate(made.id)).status, 'active');

  const third = await caller.tenants.create({ externalId: 'third' });
  const expected = [made.id, other.id, third.id].sort().reverse();
  assert.deepEqual((await collected(caller.tenants.listAll({ pageSize: 1 }))).map((row) => row.id), expected);
  const page = await caller.tenants.list({ limit: 2 });
  assert.deepEqual([page.data.length, page.hasMore, page.nextCursor], [2, true, expected[1]]);
  const before = await caller.tenants.list({ endingBefore: expected[2] });
  assert.deepEqual(before.data.map((row) => row.id), expected.slice(0, 2));
  // Leaving the loop ends the reading.
  const calls = called.length;
  for await (const row of caller.tenants.listAll({ pageSize: 1 })) if (row.id === expected[0]) break;
  assert.equal(called.length, calls + 1);

  await rejected(NotFound, caller.tenants.get('tnt_01m6k708ka2r00k6agv0vfcxec'));
  const invalid = await rejected(ValidationError, caller.repositories.register({ name: '', repoUrl: 'ftp://example.com/x' }));
  assert.deepEqual(invalid.errors.map((entry) => entry.pointer).sort(), ['/name', '/repo_url']);
  assert.equal((await rejected(InsufficientScope, operator.tenants.list())).status, 403);

  assert.equal((await rejected(ResourceInUse, caller.attachments.detach(made.id, repository.id))).conflictingResourceId, made.id);
  await rejected(ResourceInUse, caller.repositories.delete(repository.id));
  assert.equal((await caller.tenants.update(made.id, { defaultRepositoryId: null })).defaultRepositoryId, null);
  await caller.attachments.detach(made.id, repository.id);
  await caller.repositories.delete(repository.id);
  await caller.tenants.delete(other.id);
  assert.deepEqual(await caller.tenants.get(third.id), third);
  await caller.tenants.deprovision('acme:tenant:1');
  await rejected(NotFound, caller.tenants.deprovision('acme:tenant:1'));
});

test('users with roles have conversations', async () => {
  const tenant = await caller.tenants.upsert('enforced', { settings: { maxConcurrentSticky: 1, maxStickyTtlSeconds: 60 } });
  const role = await caller.roles.create(tenant.id, { name: 'Dispatcher' });
  assert.deepEqual(await caller.roles.get(role.id), role);
  assert.equal((await caller.roles.update(role.id, { description: 'Plans shifts' })).description, 'Plans shifts');
  assert.deepEqual((await collected(caller.roles.listAll(tenant.id, { name: 'Dispatcher' }))).map((row) => row.id), [role.id]);
  const user = await caller.users.upsert(tenant.id, 'user/7', { email: 'ada@acme.example', displayName: 'Ada' });
  assert.deepEqual(await caller.users.getByExternalId(tenant.id, 'user/7'), user);
  await caller.users.assignRole(user.id, role.id);
  assert.deepEqual((await caller.users.get(user.id)).roleIds, [role.id]);
  assert.equal((await rejected(ResourceInUse, caller.roles.delete(role.id))).conflictingResourceId, user.id);
  assert.deepEqual((await collected(caller.users.listAll({ tenantId: tenant.id, email: 'ada@acme.example', pageSize: 1 }))).map((row) => row.id), [user.id]);

  const { token } = await caller.tokens.exchange({ tenantExternalId: 'enforced', userExternalId: 'user/7' });
  const end = new Client({ baseUrl: environment('BASE_URL'), apiKey: token, fetch: noting });
  const conversation = await end.conversations.create();
  assert.deepEqual([conversation.userId, conversation.context.roleId, conversation.runtime.mode], [user.id, role.id, 'pooled']);
  const sent = [];
  for (const content of ['Who works on Thursday?', 'And on Friday?', 'Thanks']) sent.push((await end.messages.create(conversation.id, { content })).id);
  assert.deepEqual((await collected(end.messages.listAll(conversation.id, { pageSize: 2 }))).map((row) => row.id), sent);
  assert.deepEqual((await collected(end.messages.listAll(conversation.id, { pageSize: 2, order: 'desc' }))).map((row) => row.id), sent.reverse());
  const read = await end.conversations.get(conversation.id);
  assert.equal(read.messageCount, 3);
  assert.equal((await caller.conversations.update(read.id, { title: 'Shifts' }, { ifMatch: etagOf(read) })).title, 'Shifts');
  await caller.conversations.archive(conversation.id);
  // The order of the list comes from an index that may lag.
  const listed = await collected(caller.conversations.listAll({ userId: user.id, pageSize: 1 }));
  assert(listed.every((row) => row.id === conversation.id));

  await caller.tenants.suspend(tenant.id);
  await rejected(TenantSuspended, caller.tokens.exchange({ tenantExternalId: 'enforced', userExternalId: 'user/7' }));
  await caller.users.unassignRole(user.id, role.id);
  await caller.roles.delete(role.id);
  assert.equal((await caller.users.update(user.id, { displayName: null })).displayName, null);
  await caller.users.deactivate(user.id);
  await caller.tenants.deleteByExternalId('enforced');
});

test('the public operations need no key', async () => {
  const anyone = new Client({ baseUrl: environment('BASE_URL'), fetch: noting });
  assert.equal((await anyone.service.health()).status, 'ok');
  assert((await anyone.service.jwks()).keys.length >= 1);
  const description = await anyone.service.openapi();
  assert('/v1/customers/{customer_id}' in description.paths);
  assert.equal((await anyone.service.getProblem('name-conflict')).statuses[0]?.status, 409);
  assert.equal((await anyone.service.listProblems()).object, 'list');
  await assert.rejects(anyone.customers.list(), /apiKey is not set/);
});

test('every operation of the OpenAPI document was called', async () => {
  const api = parse(await readFile(environment('OPENAPI'), 'utf8')) as { paths: Record<string, Record<string, { operationId: string }>> };
  const missing = Object.entries(api.paths).flatMap(([path, item]) => {
    const pattern = new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/\{[a-z_]+\}/g, '[^/]+')}$`);
    const operations = Object.entries(item).filter(([method]) => ['get', 'post', 'put', 'patch', 'delete'].includes(method));
    return operations
      .filter(([method]) => !called.some(([verb, address]) => verb === method.toUpperCase() && pattern.test(address)))
      .map(([, operation]) => operation.operationId);
  });
  assert.deepEqual(missing, []);
});
