// What the client does when requests or answers are lost, late or refused: real faults by the relay and the gateways of the stage.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ApiError, ConnectionError, GatewayError, NotFound, PreconditionFailed, RateLimited, TimeoutError, Unavailable, etagOf, responseOf } from '@tetrate/agentrouter-sdk';
import { environment, fault, integration, nowhere, operator, rejected, unique } from './support.js';

const parallel = { concurrency: true };

describe('what is sent again', parallel, () => {
  for (const action of ['drop_before', 'drop_after', '429', '503', 'gateway_503', 'gateway_500']) {
    it(`${action}: a POST is sent again with its key, and creates once`, async () => {
      const relay = fault(action, 1);
      const made = await integration({ baseUrl: relay.url }).tenants.create({ externalId: unique('once') });
      assert.equal(responseOf(made).status, 201);
      assert.equal(await relay.requests(), 2);
      // Where the first one was applied, the answer is its replay.
      const replayed = action === 'drop_after';
      assert.equal(responseOf(made).headers.get('idempotency-replayed'), replayed ? 'true' : null);
    });
  }

  it('drop_after: a GET, a PATCH and an upsert are sent again', async () => {
    const relay = fault('drop_after', 1);
    const tenant = await integration({ baseUrl: relay.url }).tenants.upsert(unique('upsert'));
    assert.equal(responseOf(tenant).status, 200, 'the lost request made it');
    assert.deepEqual(await integration({ baseUrl: fault('drop_after', 1).url }).tenants.get(tenant.id), tenant);
    const changed = await integration({ baseUrl: fault('drop_after', 1).url }).tenants.update(tenant.id, { name: 'again' });
    assert.equal(changed.name, 'again');
  });

  it('drop_after: a DELETE that finds nothing the second time has done what was asked', async () => {
    const tenant = await integration().tenants.create();
    const relay = fault('drop_after', 1);
    assert.equal(await integration({ baseUrl: relay.url }).tenants.delete(tenant.id), undefined);
    assert.equal(await relay.requests(), 2);
    await rejected(NotFound, integration().tenants.get(tenant.id));
    await rejected(NotFound, integration().tenants.delete(tenant.id));
    // A throttle lets nothing through, so this 404 is the first answer.
    await rejected(NotFound, integration({ baseUrl: fault('429', 1).url }).tenants.delete(tenant.id));
  });

  it('drop_after: a conditional PATCH that was applied is a 412, and the error says that it may have been', async () => {
    const tenant = await integration().tenants.create();
    const client = integration({ baseUrl: fault('drop_after', 1).url });
    const error = await rejected(PreconditionFailed, client.tenants.update(tenant.id, { name: 'mine' }, { ifMatch: etagOf(tenant) }));
    assert.deepEqual([error.uncertain, error.attempts], [true, 2]);
    assert.match(error.message, /may have been applied/);
    const plain = await rejected(PreconditionFailed, integration().tenants.update(tenant.id, { name: 'late' }, { ifMatch: etagOf(tenant) }));
    assert.deepEqual([plain.uncertain, plain.attempts], [false, 1]);
  });

  it('drop_after: the secret of a key is not shown a second time', async () => {
    const customer = await operator().customers.create(unique('lost'));
    const key = await operator({ baseUrl: fault('drop_after', 1).url }).keys.create(customer.customerId, { name: 'lost' });
    assert.equal(key.apiKeyOnce, null);
    await operator().keys.revoke(customer.customerId, key.keyId);
  });

  it('drop_before: a token exchange is sent again', async () => {
    const externalId = unique('token');
    const tenant = await integration().tenants.upsert(externalId);
    await integration().users.upsert(tenant.id, 'user');
    const client = integration({ baseUrl: fault('drop_before', 1).url });
    assert.equal((await client.tokens.exchange({ tenantExternalId: externalId, userExternalId: 'user' })).tokenType, 'Bearer');
  });

  for (const action of ['delay', 'delay_after']) {
    it(`${action}: a late answer is not waited for`, async () => {
      const relay = fault(action, 1);
      const client = integration({ baseUrl: relay.url, timeout: 1_000, retries: 9 });
      const externalId = unique('late');
      const made = await client.tenants.create({ externalId });
      assert.equal((await integration().tenants.getByExternalId(externalId)).id, made.id);
      // On a busy machine a try without a fault may be late, too.
      assert((await relay.requests()) >= 2);
    });
  }

  it('429 of a throttle of one request a second', async () => {
    const client = integration({ baseUrl: environment('BASE_URL_THROTTLED'), retries: 10 });
    const answers = await Promise.all([1, 2, 3].map(() => client.integration.self()));
    assert.equal(answers.length, 3);
  });
});

describe('what is given up', parallel, () => {
  it('after three more tries', async () => {
    const relay = fault('drop_before', 9);
    const error = await rejected(ConnectionError, integration({ baseUrl: relay.url }).tenants.create());
    assert.equal(await relay.requests(), 4);
    assert.deepEqual([error.attempts, error.uncertain, error.requestId], [4, true, undefined]);
    // Its key goes on with the same call.
    assert.match(error.idempotencyKey ?? '', /^[0-9a-f]{32}$/);
  });

  it('after none, where retries are off for the client or the call', async () => {
    for (const action of ['drop_before', '429', '503', 'gateway_503', 'gateway_500']) {
      const relay = fault(action, 9);
      await assert.rejects(integration({ baseUrl: relay.url, retries: 0 }).tenants.create());
      await assert.rejects(integration({ baseUrl: relay.url }).tenants.list({}, { retries: 0 }));
      assert.equal(await relay.requests(), 2, action);
    }
  });

  it('503 with Retry-After: it is waited for', async () => {
    const relay = fault('503', 9);
    const start = performance.now();
    const error = await rejected(Unavailable, integration({ baseUrl: relay.url, retries: 1 }).tenants.create());
    assert(performance.now() - start >= 1_000, 'the answer asks for a second');
    assert.deepEqual([error.status, error.retryAfter, error.attempts, error.uncertain], [503, 1, 2, true]);
    assert.match(error.requestId, /^req_/);
  });

  it('at once: a refusal', async () => {
    const counting = fault('drop_before', 0);
    await rejected(NotFound, integration({ baseUrl: counting.url }).tenants.get('tnt_01m6k708ka2r00k6agv0vfcxec'));
    assert.equal(await counting.requests(), 1);
  });

  it('a late answer, as a time-out', async () => {
    const relay = fault('delay', 9);
    const error = await rejected(TimeoutError, integration({ baseUrl: relay.url }).tenants.list({}, { timeout: 200, retries: 1 }));
    assert(error instanceof ConnectionError);
    assert.deepEqual([error.attempts, error.uncertain], [2, false], 'a read is never uncertain');
    assert.equal(await relay.requests(), 2);
  });

  it('without a connection, where nothing can have been applied', async () => {
    const error = await rejected(ConnectionError, integration({ baseUrl: await nowhere(), retries: 0 }).tenants.create());
    assert.deepEqual([error.attempts, error.uncertain], [1, false]);
  });

  it('an answer of the gateway has its status', async () => {
    for (const status of [413, 429, 500, 503]) {
      const error = await rejected(GatewayError, operator({ baseUrl: environment(`BASE_URL_${status}`), retries: 0 }).customers.get('demo'));
      assert(!(error instanceof ApiError));
      assert.equal(error.status, status);
      assert.match(error.message, new RegExp(`^${status} by the gateway: .`));
    }
  });

  it('by the caller, while it waits for an answer and between two tries', async () => {
    const reason = new Error('enough');
    const waiting = fault('delay', 9);
    const controller = new AbortController();
    const call = integration({ baseUrl: waiting.url }).tenants.list({}, { signal: controller.signal });
    while ((await waiting.requests()) === 0);
    controller.abort(reason);
    await assert.rejects(call, reason);

    const throttled = fault('503', 9);
    const pausing = new AbortController();
    let aborted = 0;
    const next = integration({ baseUrl: throttled.url, fetch: async (...of) => {
      const answer = await fetch(...of);
      setTimeout(() => {
        aborted = performance.now();
        pausing.abort(reason);
      }, 50);
      return answer;
    } }).tenants.list({}, { signal: pausing.signal });
    await assert.rejects(next, reason);
    assert(performance.now() - aborted < 900, 'the pause would be a second');
    assert.equal(await throttled.requests(), 1);

    const unsent = fault('drop_before', 9);
    await assert.rejects(integration({ baseUrl: unsent.url }).tenants.list({}, { signal: AbortSignal.abort(reason) }), reason);
    assert.equal(await unsent.requests(), 0);
  });
});

describe('limits of requests', parallel, () => {
  it('a request over them is sent again after its Retry-After', async () => {
    const customer = await operator().customers.create(unique('limited'), undefined, undefined, { limits: { requestsPerSecond: 1 } });
    assert.deepEqual(customer.limits, { requestsPerSecond: 1, burst: 1 });
    const { apiKeyOnce } = await operator().keys.create(customer.customerId, { name: 'limited' });
    assert(apiKeyOnce);
    for (const _ of [1, 2]) await integration({ apiKey: apiKeyOnce }).tenants.list();
    const once = integration({ apiKey: apiKeyOnce, retries: 0 });
    const flood = async () => {
      for (let sent = 0; sent < 100; sent += 1) await once.tenants.list();
    };
    const refused = await rejected(RateLimited, flood());
    assert.deepEqual([refused.retryAfter, refused.headers.get('ratelimit-remaining')], [1, '0']);
    assert.equal((await operator().customers.update(customer.customerId, undefined, undefined, { limits: null })).limits, null);
  });
});
