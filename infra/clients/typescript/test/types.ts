// What the types refuse: this file is compiled with the tests, and never runs.
import type { Client, Tenant } from '@tetrate/agentrouter-sdk';

export async function refused(client: Client, id: string): Promise<void> {
  // @ts-expect-error: no such member
  await client.tenants.update(id, { nam: 'x' });
  // @ts-expect-error: the names of the wire
  await client.repositories.register({ name: 'x', repo_url: 'https://example.com/x' });
  // @ts-expect-error: a required member
  await client.roles.create(id, {});
  // @ts-expect-error: not nullable
  await client.tenants.update(id, { status: null });
  // @ts-expect-error: a revocation takes no If-Match
  await client.keys.revoke('acme', id, { ifMatch: '"1"' });
  // @ts-expect-error: an upsert is conditional on * only
  await client.tenants.upsert(id, {}, { ifNoneMatch: '"1"' });
  // @ts-expect-error: undefined where nothing has changed
  const read: Tenant = await client.tenants.get(id, { ifNoneMatch: '"1"' });
  // @ts-expect-error: rows have these names
  for await (const row of client.tenants.listAll({ pageSize: 1 })) void row.external_id;
  // @ts-expect-error: all pages have no position
  client.tenants.listAll({ startingAfter: read.id });
}
