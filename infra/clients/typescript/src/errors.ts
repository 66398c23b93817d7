// What calls are rejected with. Programs branch on the class, which is one per slug of the API's registry of problems.
//
// Invariant: no error holds the API key or a header of the request.
import type { Problem } from './generated/types.js';

/** How a call went, apart from its answer. */
export interface CallDetails {
  /** How many requests the call sent. */
  readonly attempts: number;
  /** Whether this call, a write, may have been applied: one of its requests was sent and not answered, or with a status of 500 or more. */
  readonly uncertain: boolean;
  /** The Idempotency-Key of the call, if its operation takes one. Give it again to go on with the same call. */
  readonly idempotencyKey: string | undefined;
}

/** An argument that cannot be right; nothing was sent. */
export class ArgumentError extends TypeError {
  /** @internal */
  constructor(
    /** The name of the argument. */
    readonly parameter: string,
    fault: string,
  ) {
    super(`${parameter} ${fault}`);
    this.name = 'ArgumentError';
  }
}

/** What all errors of calls have in common. */
export abstract class CallError extends Error {
  /** The id of the last request in the logs of the service or of its gateway; `undefined` if there was no answer that names one. */
  abstract readonly requestId: string | undefined;
  /** @internal */
  constructor(message: string, call: CallDetails, cause?: unknown) {
    super(call.uncertain ? `${message} (it may have been applied)` : message, cause === undefined ? {} : { cause });
    Object.assign(this, call);
    this.name = new.target.name;
  }
}
export interface CallError extends CallDetails {}

/** No answer came: there was no connection, or it was lost. */
export class ConnectionError extends CallError {
  override readonly requestId = undefined;
}

/** No answer came in time. */
export class TimeoutError extends ConnectionError {}

/** An answer that is none of the service: of a gateway or proxy on the way, by itself. */
export class GatewayError extends CallError {
  /** The HTTP status. */
  readonly status: number;
  /** The headers of the answer. */
  readonly headers: Headers;
  override readonly requestId: string | undefined;

  /** @internal */
  constructor({ status, headers }: Response, message: string, call: CallDetails) {
    super(`${status} by the gateway${message && `: ${message}`}`, call);
    this.status = status;
    this.headers = headers;
    this.requestId = headers.get('x-request-id') ?? headers.get('apigw-requestid') ?? undefined;
  }
}

/** The API refused the call with a problem. A slug that this version does not know comes as this class itself. */
export class ApiError extends CallError {
  /** The HTTP status. */
  readonly status: number;
  /** What programs branch on, for instance `not-found`. */
  readonly slug: string;
  /** The name of the kind of problem. */
  readonly title: string;
  /** What is wrong here, for people. */
  readonly detail: string;
  /** The whole problem. */
  readonly problem: Problem;
  /** The headers of the answer. */
  readonly headers: Headers;
  override readonly requestId: string;

  /** @internal */
  constructor(problem: Problem, headers: Headers, call: CallDetails) {
    const faults = (problem.errors ?? []).map(({ pointer, message }) => `\n  ${pointer || 'the request'}: ${message}`);
    super(`${problem.status} ${problem.slug}: ${problem.detail}${faults.join('')} [${problem.requestId}]`, call);
    ({ status: this.status, slug: this.slug, title: this.title, detail: this.detail, requestId: this.requestId } = problem);
    this.problem = problem;
    this.headers = headers;
  }
}

/** How many seconds `Retry-After` asks to wait. */
export function retryAfter(headers: Headers): number | undefined {
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  const wait = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}
