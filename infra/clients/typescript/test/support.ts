// What the tests share: clients of the API that `cargo xtask test clients` serves, and the relay that injects faults.
import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { Client, type ClientOptions } from '@tetrate/agentrouter-sdk';

/** A variable that the stage sets. */
export function environment(name: string): string {
  const value = process.env[name];
  assert(value, `${name} is not set: run these tests with \`cargo xtask test clients\``);
  return value;
}

export const operator = (options: ClientOptions = {}) => new Client({ baseUrl: environment('BASE_URL'), apiKey: environment('OPERATOR_KEY'), ...options });
export const integration = (options: ClientOptions = {}) => new Client({ baseUrl: environment('BASE_URL'), apiKey: environment('INTEGRATION_KEY'), ...options });

let last = 0;

/** A name that no test used before. */
export const unique = (word: string) => `ts-${word}-${process.pid}-${Date.now().toString(36)}-${(last += 1)}`;

/** A prefix of the relay: the first `times` requests below its address meet the fault. */
export function fault(action: string, times: number): { url: string; requests(): Promise<number> } {
  const url = `${environment('BASE_URL_FAULTS')}/${action}/${times}/${unique('fault')}`;
  return {
    url,
    async requests() {
      const answer = await fetch(url);
      assert.equal(answer.status, 200);
      return ((await answer.json()) as { requests: number }).requests;
    },
  };
}

/** What a promise is rejected with, which must be of this class. */
export async function rejected<T extends Error>(type: abstract new (...of: never[]) => T, promise: Promise<unknown>): Promise<T> {
  const outcome = await promise.then((value) => assert.fail(`resolved to ${JSON.stringify(value)}`), (error: unknown) => error);
  assert(outcome instanceof type, `not a ${type.name}: ${String(outcome)}`);
  return outcome;
}

export async function collected<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const row of rows) found.push(row);
  return found;
}

/** An address at which nothing listens. */
export async function nowhere(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}
