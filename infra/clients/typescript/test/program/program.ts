// A program written for AgentRouter's own client: only its signatures, its two environment variables and its names. It is compiled and run where
// this package is installed in place of the original.
import { Client, type Customer, type ListCustomersResponse } from '@tetrate/agentrouter-sdk';

async function main(): Promise<void> {
  const client = new Client({
    baseUrl: process.env.AGENTROUTER_BASE_URL ?? '',
    apiKey: process.env.AGENTROUTER_API_KEY ?? '',
  });
  const customerId = `original-${Date.now()}`;
  const displayName = 'Acme';
  const description = 'Written for the original';

  const created: Customer = await client.customers.create(customerId, displayName, description);
  console.log('created', created.customerId === customerId, created.displayName, created.description, created.state);

  const got: Customer = await client.customers.get(customerId);
  console.log('got', got.id === created.id);

  const listed: ListCustomersResponse = await client.customers.list();
  console.log('listed', listed.customers.length > 0, typeof listed.page?.nextPageToken);

  const updated: Customer = await client.customers.update(customerId, 'Acme Corporation', description);
  console.log('updated', updated.displayName, updated.description);

  await client.customers.archive(customerId);
  const left = await client.customers.get(customerId).then(() => 'there', () => 'archived');
  console.log(left);

  const short = await client.customers.create(`${customerId}-short`);
  console.log('short', short.displayName, short.description);
}

await main();
