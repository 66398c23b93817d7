// A class for each slug of the API's registry of problems.
import { ApiError, retryAfter } from './errors.js';
import type { Fault, ProblemSlug } from './generated/types.js';

/** A conflict with another resource. */
abstract class Conflict extends ApiError {
  /** The id of the resource that is in the way. */
  get conflictingResourceId(): string | undefined {
    return this.problem.conflictingResourceId;
  }
}

/** A refusal that ends after some time. */
abstract class Temporary extends ApiError {
  /** After how many seconds to try again, as the service says. */
  get retryAfter(): number | undefined {
    return retryAfter(this.headers);
  }
}

/** 422: members, parameters or headers break rules; `errors` has all of them. */
export class ValidationError extends ApiError {
  /** Each place that breaks a rule; its `pointer` has the names of the wire: `/display_name`, `/query/limit`. */
  get errors(): readonly Fault[] {
    return this.problem.errors ?? [];
  }
}
/** 422: the user has several roles, and the request names none. */
export class RoleRequired extends ApiError {}
/** 400: the request cannot be read, or its parameters exclude each other. */
export class MalformedRequest extends ApiError {}
/** 401: no valid credential. 403: one of the wrong kind, without the scope, or of a suspended user. */
export class InsufficientScope extends ApiError {}
/** 403: the tenant is suspended. */
export class TenantSuspended extends ApiError {}
/** 404: there is nothing here for this credential. */
export class NotFound extends ApiError {}
/** 405: the path has no such method. */
export class MethodNotAllowed extends ApiError {}
/** 409: the external id belongs to another resource. */
export class ExternalIdConflict extends Conflict {}
/** 409: the name is taken. */
export class NameConflict extends Conflict {}
/** 409: another resource depends on this one. */
export class ResourceInUse extends Conflict {}
/** 409: the Idempotency-Key was used for another payload. */
export class IdempotencyKeyConflict extends ApiError {}
/** 409: the role belongs to another tenant than the user. */
export class CrossTenant extends ApiError {}
/** 409: the conversation is archived. */
export class ConversationArchived extends ApiError {}
/** 412: the resource is at another version than `ifMatch` or `ifNoneMatch` says. */
export class PreconditionFailed extends ApiError {}
/** 413: the body is over 256 KiB. */
export class PayloadTooLarge extends ApiError {}
/** 415: the body is not JSON. */
export class UnsupportedMediaType extends ApiError {}
/** 429: the tenant has as many sticky leases as its settings allow. */
export class CapacityExhausted extends Temporary {}
/** 429: more requests than the limits of the customer allow. A throttle answers as a gateway. */
export class RateLimited extends Temporary {}
/** 500: a bug of the service. */
export class InternalError extends ApiError {}
/** 503: the service cannot answer now, or does not know whether a write was applied. */
export class Unavailable extends Temporary {}

type ClassName<Slug extends string> = Slug extends `${infer Head}-${infer Tail}` ? `${Capitalize<Head>}${ClassName<Tail>}` : Capitalize<Slug>;
type Class = new (...of: ConstructorParameters<typeof ApiError>) => ApiError;

// The type of the keys has a class for each slug of the OpenAPI document.
const classes: Readonly<Record<ClassName<ProblemSlug>, Class>> = {
  ...{ ValidationError, RoleRequired, MalformedRequest, InsufficientScope, TenantSuspended, NotFound, MethodNotAllowed },
  ...{ ExternalIdConflict, NameConflict, ResourceInUse, IdempotencyKeyConflict, CrossTenant, ConversationArchived, PreconditionFailed },
  ...{ PayloadTooLarge, UnsupportedMediaType, CapacityExhausted, RateLimited, InternalError, Unavailable },
};

/** The class for a slug: `NotFound` for `not-found`. */
export const classOf = (slug: string): Class =>
  new Map<string, Class>(Object.entries(classes)).get(slug.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase())) ?? ApiError;
