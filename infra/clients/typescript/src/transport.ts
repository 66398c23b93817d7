// Sends a call: its request, the wait for its answer, and further tries of what is safe to send again.
//
// Invariant: a call is sent again only if that cannot have another effect than sending it once. This holds for every operation of the API: a POST that
// creates has an Idempotency-Key, which its tries share; token exchange stores nothing; PUT, PATCH and DELETE set absolute values.
import { ArgumentError, type CallDetails, type CallError, ConnectionError, GatewayError, TimeoutError, retryAfter } from './errors.js';
import { operations } from './generated/operations.js';
import type { operations as Schema } from './generated/schema.js';
import type { Problem } from './generated/types.js';
import { type Answered, type Given, camelName, renamed, snakeName } from './names.js';
import type { AnyOptions, ClientOptions } from './options.js';
import { base, expand, query } from './paths.js';
import { classOf } from './problems.js';

/** The id of an operation of the OpenAPI document. */
export type OperationId = keyof typeof operations & keyof Schema;

type Json<Response> = Response extends { content: infer Content } ? Content[keyof Content & `application/${string}`] : never;

/** The answer of an operation. */
export type Answer<Id extends OperationId> = Answered<
  Schema[Id]['responses'] extends { 200: infer Ok } ? Json<Ok> : Schema[Id]['responses'] extends { 201: infer Created } ? Json<Created> : undefined
>;

/** The body of an operation. */
export type Body<Id extends OperationId> = Schema[Id] extends { requestBody?: { content: { 'application/json': infer Json } } } ? Given<Json> : never;

/** The values of an operation's path, body and query. */
export type Values<Id extends OperationId> = {
  body?: Body<Id> | undefined;
  query?: object | undefined;
  prefix?: string;
} & (Schema[Id]['parameters']['path'] extends infer Path extends object ? { path: { [Key in keyof Given<Path>]: string } } : { path?: never });

/** How the service answered a call. */
export interface ResponseInfo {
  /** The HTTP status: 201 where an upsert created, 200 where it did not. */
  readonly status: number;
  /** The headers of the answer. */
  readonly headers: Headers;
  /** The id of the request in the logs of the service. */
  readonly requestId: string | undefined;
}

const responses = new WeakMap<object, ResponseInfo>();

/** How the service answered a call, by what the call resolved to. */
export function responseOf(answer: object): ResponseInfo {
  const info = responses.get(answer);
  if (!info) throw new ArgumentError('answer', 'is not what a call of this client resolved to');
  return info;
}

/** The ETag of a resource that a call resolved to, for {@link WriteOptions.ifMatch} and {@link ReadOptions.ifNoneMatch}. */
export function etagOf(resource: object): string {
  const etag = responseOf(resource).headers.get('etag');
  if (etag === null) throw new ArgumentError('resource', 'has no ETag');
  return etag;
}

/** The connection to one API with one credential. */
export class Transport {
  readonly #base: string;
  readonly #key: string | undefined;
  readonly #retries: number;
  readonly #timeout: number;
  readonly #fetch: typeof fetch;

  constructor(options: ClientOptions) {
    // Browsers have no environment.
    const environment = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env;
    this.#base = base(options.baseUrl ?? environment?.['AGENTROUTER_BASE_URL'] ?? '');
    this.#key = options.apiKey ?? environment?.['AGENTROUTER_API_KEY'];
    // fetch refuses such a header with a message that repeats it.
    if (this.#key !== undefined && !/^[\x21-\x7e]+$/.test(this.#key)) throw new ArgumentError('apiKey', 'is empty or has other characters than a key has');
    this.#retries = count('retries', options.retries ?? 3);
    this.#timeout = count('timeout', options.timeout ?? 30_000);
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
  }

  /** Sends a call until it is answered for good. */
  async call<Id extends OperationId>(id: Id, { path, query: parameters, prefix, body }: Values<Id>, options: AnyOptions): Promise<Answer<Id>> {
    const operation = operations[id];
    const url = this.#base + expand(operation.path, (path ?? {}) as Record<string, string>) + query(parameters ?? {}, prefix);
    const retries = count('retries', options.retries ?? this.#retries);
    const timeout = count('timeout', options.timeout ?? this.#timeout);
    const idempotencyKey = operation.idempotent ? (options.idempotencyKey ?? newKey()) : undefined;
    const headers = this.#headers(operation.open, { ...options, idempotencyKey });
    const init: RequestInit = { method: operation.method, headers, redirect: 'manual', cache: 'no-store', credentials: 'omit' };
    if (body !== undefined) {
      headers.set('content-type', 'application/json');
      init.body = JSON.stringify(renamed(body, snakeName));
    }
    for (let attempts = 1, uncertain = false; ; attempts += 1) {
      const outcome = await this.#attempt(url, init, timeout, options.signal);
      if (outcome.good) return resultOf(id, outcome) as Answer<Id>;
      // An earlier try may have removed it. Gone is what was asked for.
      if (uncertain && operation.method === 'DELETE' && outcome.body?.['slug'] === 'not-found') return undefined as Answer<Id>;
      uncertain ||= operation.method !== 'GET' && (outcome.response ? outcome.response.status >= 500 : !isUnsent(outcome.cause));
      const pause = attempts > retries ? undefined : pauseAfter(outcome, attempts);
      if (pause === undefined) throw errorOf(outcome, { attempts, uncertain, idempotencyKey }, timeout);
      await sleep(pause, options.signal);
    }
  }

  #headers(open: boolean, options: AnyOptions): Headers {
    if (!open && this.#key === undefined) throw new ArgumentError('apiKey', 'is not set, and neither is AGENTROUTER_API_KEY');
    const headers = new Headers({ accept: 'application/json' });
    if (!open) headers.set('authorization', `Bearer ${this.#key}`);
    const { idempotencyKey, ifMatch, ifNoneMatch } = options;
    for (const [name, value] of Object.entries({ 'idempotency-key': idempotencyKey, 'if-match': ifMatch, 'if-none-match': ifNoneMatch })) {
      if (value !== undefined) headers.set(name, value);
    }
    return headers;
  }

  /** One request and its whole answer, if there is one. */
  async #attempt(url: string, init: RequestInit, timeout: number, signal: AbortSignal | undefined): Promise<Outcome> {
    signal?.throwIfAborted();
    const controller = new AbortController();
    const cancel = () => controller.abort();
    const timer = setTimeout(cancel, timeout);
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      const response = await this.#fetch(url, { ...init, signal: controller.signal });
      const body = parsed(await response.text());
      return { good: response.status === 204 || response.status === 304 || (response.ok && body !== undefined), response, body };
    } catch (cause) {
      signal?.throwIfAborted();
      return { good: false, response: undefined, body: undefined, late: controller.signal.aborted, cause };
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
    }
  }
}

/** What came of a request: no response is no answer. */
type Outcome = { good: boolean; response: Response | undefined; body: Record<string, unknown> | undefined; late?: boolean; cause?: unknown };

/** The object that a text is. */
function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** What a call resolves to. */
function resultOf(id: OperationId, { response, body }: Outcome): unknown {
  if (body === undefined || response === undefined) return undefined;
  // The OpenAPI document is no resource: its names are data.
  const result = (id === 'getOpenapi' ? body : renamed(body, camelName)) as object;
  responses.set(result, { status: response.status, headers: response.headers, requestId: response.headers.get('x-request-id') ?? undefined });
  return result;
}

/** What a call is rejected with. */
function errorOf({ response, body, late, cause }: Outcome, call: CallDetails, timeout: number): CallError {
  if (!response) return late ? new TimeoutError(`no answer within ${timeout} ms`, call, cause) : new ConnectionError('no answer: no connection, or it was lost', call, cause);
  const slug = body?.['slug'];
  if (typeof slug === 'string') return new (classOf(slug))(renamed(body, camelName) as Problem, response.headers, call);
  return new GatewayError(response, response.ok ? 'the answer is not JSON' : String(body?.['message'] ?? 'the answer is no problem of the API'), call);
}

/** For how many milliseconds to wait before the next try; `undefined` if there is none. */
function pauseAfter({ response, body }: Outcome, attempts: number): number | undefined {
  // What passes. A 500 of a gateway is a function that crashed, one of the service is a bug.
  const passing = body?.['slug'] === undefined ? [429, 500, 502, 503, 504] : [429, 503];
  if (response && !passing.includes(response.status)) return undefined;
  const asked = response && retryAfter(response.headers);
  if (asked === undefined) return jitter(attempts);
  // Half a minute is the longest that is waited for.
  return asked > 30 ? undefined : asked * 1000 + jitter(1);
}

/** Whether there was no connection, which Node.js says and browsers do not. */
function isUnsent(cause: unknown): boolean {
  const code = String((cause as { cause?: { code?: unknown } }).cause?.code);
  return ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'].includes(code);
}

/** A random pause: at most 100 ms, then 200 ms and so on, up to 5 s. */
function jitter(attempts: number): number {
  return Math.random() * Math.min(5000, 50 * 2 ** attempts);
}

/** 128 random bits. `crypto.randomUUID` is missing in browsers where a page came without TLS. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function count(parameter: string, value: number): number {
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 31) return value;
  throw new ArgumentError(parameter, 'is no integer from 0 to 2,147,483,647');
}

/** Waits, but no longer than until the signal aborts. */
function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener('abort', done, { once: true });
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
  });
}
