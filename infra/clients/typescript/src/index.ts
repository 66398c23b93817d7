// The public names of the package.
export { Client } from './client.js';
export { CapacityExhausted, ConversationArchived, CrossTenant, ExternalIdConflict, IdempotencyKeyConflict, InsufficientScope } from './problems.js';
export { InternalError, MalformedRequest, MethodNotAllowed, NameConflict, NotFound, PayloadTooLarge, PreconditionFailed } from './problems.js';
export { RateLimited, ResourceInUse, RoleRequired, TenantSuspended, Unavailable, UnsupportedMediaType, ValidationError } from './problems.js';
export { ApiError, ArgumentError, CallError, ConnectionError, GatewayError, TimeoutError } from './errors.js';
export type { CallDetails } from './errors.js';
export type * from './generated/groups.js';
export type * from './generated/types.js';
export type * from './groups.js';
export type * from './options.js';
export type { All, Rows } from './pages.js';
export { type ResponseInfo, etagOf, responseOf } from './transport.js';
