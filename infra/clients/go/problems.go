package agentrouter

// The error types of the problems, one a slug. Each has the members of APIError.

import "github.com/tetrateio/agentrouter-go/tenancyv1"

type (
	// ValidationError says which parts of the request break a rule: Errors names each.
	ValidationError struct{ *APIError }
	// RoleRequiredError says that the user has several roles and the request names none.
	RoleRequiredError struct{ *APIError }
	// MalformedRequestError says that the request cannot be read, or that its parameters exclude each other.
	MalformedRequestError struct{ *APIError }
	// InsufficientScopeError says that the credential is not valid (Status 401), or may not do this (403).
	InsufficientScopeError struct{ *APIError }
	// TenantSuspendedError says that the tenant is suspended.
	TenantSuspendedError struct{ *APIError }
	// NotFoundError says that the credential has nothing like this.
	NotFoundError struct{ *APIError }
	// MethodNotAllowedError says that the path does not take the method.
	MethodNotAllowedError struct{ *APIError }
	// ExternalIDConflictError says that ConflictingResourceID has the external id.
	ExternalIDConflictError struct{ *APIError }
	// NameConflictError says that ConflictingResourceID has the name.
	NameConflictError struct{ *APIError }
	// ResourceInUseError says that ConflictingResourceID depends on the resource.
	ResourceInUseError struct{ *APIError }
	// IdempotencyKeyConflictError says that the Idempotency-Key was used for another request.
	IdempotencyKeyConflictError struct{ *APIError }
	// CrossTenantError says that the role is of another tenant than the user.
	CrossTenantError struct{ *APIError }
	// ConversationArchivedError says that the conversation is archived.
	ConversationArchivedError struct{ *APIError }
	// PreconditionFailedError says that the resource is not at the version that IfMatch or IfNoneMatch names.
	PreconditionFailedError struct{ *APIError }
	// PayloadTooLargeError says that the body is over 256 KiB.
	PayloadTooLargeError struct{ *APIError }
	// UnsupportedMediaTypeError says that the body is not JSON.
	UnsupportedMediaTypeError struct{ *APIError }
	// CapacityExhaustedError says that all sticky leases of the tenant are taken.
	CapacityExhaustedError struct{ *APIError }
	// RateLimitedError says that more requests were sent than the limits of the customer allow.
	RateLimitedError struct{ *APIError }
	// InternalError says that the service has a bug. Report RequestID.
	InternalError struct{ *APIError }
	// UnavailableError says that the service cannot answer now. A write may have had its effect.
	UnavailableError struct{ *APIError }
)

var problems = map[tenancyv1.ProblemSlug]func(*APIError) error{
	tenancyv1.ProblemSlugValidationError:        func(e *APIError) error { return &ValidationError{e} },
	tenancyv1.ProblemSlugRoleRequired:           func(e *APIError) error { return &RoleRequiredError{e} },
	tenancyv1.ProblemSlugMalformedRequest:       func(e *APIError) error { return &MalformedRequestError{e} },
	tenancyv1.ProblemSlugInsufficientScope:      func(e *APIError) error { return &InsufficientScopeError{e} },
	tenancyv1.ProblemSlugTenantSuspended:        func(e *APIError) error { return &TenantSuspendedError{e} },
	tenancyv1.ProblemSlugNotFound:               func(e *APIError) error { return &NotFoundError{e} },
	tenancyv1.ProblemSlugMethodNotAllowed:       func(e *APIError) error { return &MethodNotAllowedError{e} },
	tenancyv1.ProblemSlugExternalIdConflict:     func(e *APIError) error { return &ExternalIDConflictError{e} },
	tenancyv1.ProblemSlugNameConflict:           func(e *APIError) error { return &NameConflictError{e} },
	tenancyv1.ProblemSlugResourceInUse:          func(e *APIError) error { return &ResourceInUseError{e} },
	tenancyv1.ProblemSlugIdempotencyKeyConflict: func(e *APIError) error { return &IdempotencyKeyConflictError{e} },
	tenancyv1.ProblemSlugCrossTenant:            func(e *APIError) error { return &CrossTenantError{e} },
	tenancyv1.ProblemSlugConversationArchived:   func(e *APIError) error { return &ConversationArchivedError{e} },
	tenancyv1.ProblemSlugPreconditionFailed:     func(e *APIError) error { return &PreconditionFailedError{e} },
	tenancyv1.ProblemSlugPayloadTooLarge:        func(e *APIError) error { return &PayloadTooLargeError{e} },
	tenancyv1.ProblemSlugUnsupportedMediaType:   func(e *APIError) error { return &UnsupportedMediaTypeError{e} },
	tenancyv1.ProblemSlugCapacityExhausted:      func(e *APIError) error { return &CapacityExhaustedError{e} },
	tenancyv1.ProblemSlugRateLimited:            func(e *APIError) error { return &RateLimitedError{e} },
	tenancyv1.ProblemSlugInternalError:          func(e *APIError) error { return &InternalError{e} },
	tenancyv1.ProblemSlugUnavailable:            func(e *APIError) error { return &UnavailableError{e} },
}
