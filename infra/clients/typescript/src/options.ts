// What callers may set, for a client and for a single call. A call's `undefined` is the same as absent.

/** How a {@link Client} reaches the API. */
export interface ClientOptions {
  /** The address of the API, with its base path if it has one. If absent, the environment's `AGENTROUTER_BASE_URL`. */
  baseUrl?: string | undefined;
  /** An operator's or integration's key, or a user's token. If absent, the environment's `AGENTROUTER_API_KEY`. Public operations need none. */
  apiKey?: string | undefined;
  /** How often a call is sent again at most, 3 if absent; 0 for never. */
  retries?: number | undefined;
  /** For how many milliseconds a request may take, 30,000 if absent. Each try has this time. */
  timeout?: number | undefined;
  /** Instead of the global `fetch`, for instance one that uses a proxy. */
  fetch?: typeof fetch | undefined;
}

/** What every call takes. */
export interface CallOptions {
  /** Cancels the call, also while it waits for its next try. The call is rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Instead of the client's {@link ClientOptions.retries}. */
  retries?: number | undefined;
  /** Instead of the client's {@link ClientOptions.timeout}. */
  timeout?: number | undefined;
}

/** What a call that creates takes. */
export interface CreateOptions extends CallOptions {
  /** Makes the call safe to repeat for 24 hours. If absent, the client makes one for the tries of this call. */
  idempotencyKey?: string | undefined;
}

/** What a call that reads one resource takes. */
export interface ReadOptions extends CallOptions {
  /** An ETag; where it still holds, the answer is `undefined` in place of the resource. */
  ifNoneMatch?: string | undefined;
}

/** What a call that changes one resource takes. */
export interface WriteOptions extends CallOptions {
  /** The ETag that the resource must have, from {@link etagOf}; else the call is refused with {@link PreconditionFailed}. */
  ifMatch?: string | undefined;
}

/** What an upsert takes. */
export interface UpsertOptions extends WriteOptions {
  /** `*` only creates: where there is a resource already, the call is refused with {@link PreconditionFailed}. */
  ifNoneMatch?: '*' | undefined;
}

/** What some call or other takes. */
export interface AnyOptions extends CreateOptions, ReadOptions, WriteOptions {}

/** What a read answers: also `undefined`, if its options may have `ifNoneMatch`. */
export type Read<T, Options extends ReadOptions> = 'ifNoneMatch' extends keyof Options ? T | undefined : T;
