package agentrouter

// Options of single calls, what an answer says beside its body, and how members of requests are written.

import (
	"net/http"

	"github.com/oapi-codegen/nullable"
)

// A CallOption is a setting of one call.
type CallOption func(*call)

type call struct {
	header   http.Header
	response *Response
}

// IfMatch makes a write fail with a PreconditionFailedError unless the resource has this ETag (Response.ETag), or exists where it is "*".
func IfMatch(etag string) CallOption { return func(c *call) { c.header.Set("If-Match", etag) } }

// IfNoneMatch makes a read return ErrNotModified if the resource still has this ETag. With "*", an upsert only creates.
func IfNoneMatch(etag string) CallOption {
	return func(c *call) { c.header.Set("If-None-Match", etag) }
}

// IdempotencyKey replaces the key that the client makes for a POST. The same key with the same payload has one effect within 24 hours, also
// from another process.
func IdempotencyKey(key string) CallOption {
	return func(c *call) { c.header.Set("Idempotency-Key", key) }
}

// Capture stores what the last answer of the call says beside its body.
func Capture(response *Response) CallOption { return func(c *call) { c.response = response } }

// Response is what an answer says beside its body.
type Response struct {
	// Status is the HTTP status; 201 of an upsert says that it created.
	Status int
	// Header has the headers of the answer.
	Header http.Header
	// Attempts is how many requests were sent.
	Attempts int
}

// ETag is the version of the resource, for IfMatch and IfNoneMatch.
func (r *Response) ETag() string { return r.Header.Get("ETag") }

// RequestID is the id that the service gave the request.
func (r *Response) RequestID() string { return r.Header.Get("X-Request-Id") }

// Replayed says that the call repeated an earlier one with the same Idempotency-Key, and had no effect of its own.
func (r *Response) Replayed() bool { return r.Header.Get("Idempotency-Replayed") == "true" }

// Value is a member that is sent with this value. The zero value of a Nullable is a member that is not sent.
func Value[T any](value T) nullable.Nullable[T] { return nullable.NewNullableWithValue(value) }

// Null is a member that is sent as null, which clears it.
func Null[T any]() nullable.Nullable[T] { return nullable.NewNullNullable[T]() }

// Ptr is a pointer to a value, for members and parameters that may be absent but not null.
func Ptr[T any](value T) *T { return &value }
