// What is refused before anything is sent, what arrives as it is, and where the API key never is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { ArgumentError, CallError, Client, ConnectionError, etagOf, responseOf } from '@tetrate/agentrouter-sdk';
import * as sdk from '@tetrate/agentrouter-sdk';
import { environment, fault, integration, nowhere, operator, rejected, unique } from './support.js';

test('ids that would reach another resource are refused, and nothing is sent', async () => {
  const relay = fault('drop_before', 0);
  const client = integration({ baseUrl: relay.url });
  const tenant = 'tnt_01m6k708ka2r00k6agv0vfcxec';
  for (const id of ['', '.', '..', 'a/b', '../tenants', 'tnt_', `${tenant}\n`, `${tenant}/repositories`, '%2e%2e', tenant.toUpperCase()]) {
    const calls = [
      ['customerId', client.customers.archive(id)],
      ['keyId', client.keys.revoke('demo', id)],
      ['tenantId', client.tenants.get(id)],
      ['tenantId', client.attachments.list(id)],
      ['repositoryId', client.attachments.detach(tenant, id)],
      ['userId', client.users.deactivate(id)],
      ['roleId', client.roles.delete(id)],
      ['conversationId', client.messages.list(id)],
    ] as const;
    for (const [parameter, call] of calls) assert.equal((await rejected(ArgumentError, call)).parameter, parameter, id);
  }
  for (const id of ['', ' \t', '.', '..', ' .. ', 'a?b', 'a\u0000b', '\ud800', 'x'.repeat(256)]) {
    assert.equal((await rejected(ArgumentError, client.tenants.deprovision(id))).parameter, 'externalId', id);
    assert.equal((await rejected(ArgumentError, client.users.upsert(tenant, id))).parameter, 'externalId', id);
  }
  for (const slug of ['', '.', '..', 'a/b']) await rejected(ArgumentError, client.service.getProblem(slug));
  await rejected(ArgumentError, client.tenants.get(undefined as unknown as string));
  assert.equal(await relay.requests(), 0);
});

test('external ids arrive as they are', async () => {
  const tail = unique('odd');
  const ids = ['a/../b', '%2e%2e', '%2F', '...', './x', '/', '//', 'a\\b', 'é', 'e\u0301', '😀', '\u2027', '\ufeffx', 'a+b', 'a b', ';x=1', '&=', '#', "'\"<>", '😀'.repeat(200)];
  for (const id of ids.map((id) => (id === '😀'.repeat(200) ? id : `${id}${tail}`))) {
    const made = await integration().tenants.upsert(id);
    assert.equal(made.externalId, id);
    assert.equal((await integration().tenants.getByExternalId(id)).id, made.id);
    await integration().tenants.delete(made.id);
  }
  // The service removes white space around an id, so the client counts without it.
  const long = 'x'.repeat(255 - tail.length) + tail;
  assert.equal((await integration().tenants.upsert(` ${long}\u0085`)).externalId, long);
});

test('names of members change between programs and the wire, keys of maps do not', async () => {
  const metadata = { snake_key: 'a', camelKey: 'b', ['__proto__']: 'c' };
  const made = await integration().tenants.create({ metadata, settings: { maxStickyTtlSeconds: 61 } });
  assert.deepEqual(Object.entries(made.metadata).sort(), Object.entries(metadata).sort());
  assert.equal(made.settings.maxStickyTtlSeconds, 61);
  assert(!Object.keys(made).some((name) => name.includes('_')));
});

test('what a call resolved to knows its answer', async () => {
  const tenant = await integration().tenants.create();
  assert.match(responseOf(tenant).requestId ?? '', /^req_/);
  assert.match(etagOf(tenant), /^"\d+"$/);
  assert.throws(() => etagOf({ ...tenant }), ArgumentError);
  const page = await integration().tenants.list({ limit: 1 });
  assert.throws(() => etagOf(page), ArgumentError);
});

test('there is an error class for each kind of problem of the service', async () => {
  const { data } = await operator().service.listProblems();
  for (const { slug } of data) {
    const name = slug.split('-').map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
    const type = (sdk as Record<string, unknown>)[name];
    assert(typeof type === 'function' && type.prototype instanceof sdk.ApiError, slug);
  }
  const classes = Object.values(sdk).filter((value) => typeof value === 'function' && value.prototype instanceof sdk.ApiError);
  assert.equal(classes.length, data.length);
});

test('the key is in no text', async () => {
  const key = environment('INTEGRATION_KEY');
  const hidden = (value: unknown) => {
    const texts = [inspect(value, { depth: Infinity, showHidden: true, getters: true }), String(value), JSON.stringify(value) ?? ''];
    if (value instanceof Error) texts.push(value.stack ?? '', inspect(value.cause, { depth: Infinity, showHidden: true }));
    for (const text of texts) assert(!text.includes(key) && !text.includes(key.slice(-20)), 'the key shows');
  };
  const clients = [integration(), integration({ baseUrl: await nowhere() }), integration({ baseUrl: fault('drop_before', 9).url }), integration({ baseUrl: fault('503', 9).url }), integration({ baseUrl: environment('BASE_URL_500') })];
  for (const client of clients) {
    hidden(client);
    hidden(client.tenants);
    const outcome = await client.customers.list({}, { retries: 0 }).catch((error: unknown) => error);
    assert(outcome instanceof CallError);
    hidden(outcome);
  }
  // fetch itself would repeat these in its messages.
  for (const options of [{ apiKey: `${key}\n` }, { apiKey: `${key} ` }, { apiKey: `${key}é` }, { baseUrl: `http://user:${key}@localhost` }, { baseUrl: `ftp://${key}` }]) {
    assert.throws(() => integration(options), (error) => (hidden(error), error instanceof ArgumentError));
  }
});

test('the environment is read where an option is absent', async () => {
  const saved = { ...process.env };
  try {
    delete process.env['AGENTROUTER_BASE_URL'];
    delete process.env['AGENTROUTER_API_KEY'];
    assert.throws(() => new Client(), (error) => error instanceof ArgumentError && error.parameter === 'baseUrl');
    process.env['AGENTROUTER_BASE_URL'] = `${environment('BASE_URL')}/`;
    assert.equal((await rejected(ArgumentError, new Client().tenants.list())).parameter, 'apiKey');
    process.env['AGENTROUTER_API_KEY'] = environment('INTEGRATION_KEY');
    assert.equal((await new Client().integration.self()).customerId, 'demo');
    assert.equal((await new Client({ baseUrl: undefined, apiKey: environment('OPERATOR_KEY') }).customers.get('demo')).state, 'active');
  } finally {
    for (const name of ['AGENTROUTER_BASE_URL', 'AGENTROUTER_API_KEY']) delete process.env[name];
    Object.assign(process.env, saved);
  }
});

test('an answer that is not of the API is an error of a gateway', async () => {
  // The relay's own 404, which has no slug.
  const error = await rejected(sdk.GatewayError, integration({ baseUrl: environment('BASE_URL_FAULTS') }).tenants.list());
  assert.equal(error.status, 404);
  await rejected(ConnectionError, integration({ baseUrl: await nowhere(), retries: 0 }).tenants.list());
});

test('counts are checked', () => {
  for (const retries of [-1, 1.5, NaN, Infinity]) assert.throws(() => integration({ retries }), ArgumentError);
});
