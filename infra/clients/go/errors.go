package agentrouter

// What a call fails with. Every error of this package is one of these types, or wraps one.

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/tetrateio/agentrouter-go/tenancyv1"
)

// ErrNotModified is returned if the resource still has the ETag that IfNoneMatch named.
var ErrNotModified = errors.New("agentrouter: not modified")

// APIError is a problem that the API answered (RFC 9457). errors.As finds it in the error of every slug, such as NotFoundError, and it is
// returned as it is for a slug that this version does not know.
type APIError struct {
	// Slug is the kind of problem; Type is the address of its description.
	Slug tenancyv1.ProblemSlug `json:"slug"`
	Type string                `json:"type"`
	// Status is the HTTP status.
	Status int `json:"status"`
	// Title and Detail are for people.
	Title  string `json:"title"`
	Detail string `json:"detail"`
	// Instance is the path of the request.
	Instance string `json:"instance"`
	// RequestID is what the operator of the service finds the request by.
	RequestID string `json:"request_id"`
	// ConflictingResourceID is the holder of a taken name or external id, or one dependent.
	ConflictingResourceID string `json:"conflicting_resource_id"`
	// Errors are the faults of a ValidationError, each with a pointer into the request.
	Errors []tenancyv1.Fault `json:"errors"`
	// Header has the headers of the answer.
	Header http.Header `json:"-"`
	// MaybeApplied says that a write may have had its effect, because an attempt was not answered or failed: read the resource to see.
	MaybeApplied bool `json:"-"`
}

// Error is the problem in one line.
func (e *APIError) Error() string {
	text := fmt.Sprintf("agentrouter: %s (%d %s): %s", e.Title, e.Status, e.Slug, e.Detail)
	for _, fault := range e.Errors {
		text += fmt.Sprintf(" %q %s;", fault.Pointer, fault.Message)
	}
	return strings.TrimSuffix(text, ";") + " [" + e.RequestID + "]"
}

// As lets errors.As find the APIError in the error of its slug.
func (e *APIError) As(target any) bool {
	general, is := target.(**APIError)
	if is {
		*general = e
	}
	return is
}

// GatewayError is an answer that is no problem of this API: of the gateway in front of it, or of something else at the address.
type GatewayError struct {
	// Status is the HTTP status.
	Status int
	// Message is what it says, for people.
	Message string
	// RequestID is the request's id at the service, or at the gateway, if the answer has one.
	RequestID string
	// Header has the headers of the answer.
	Header http.Header
	// MaybeApplied is that of APIError.
	MaybeApplied bool
}

// Error is the answer in one line.
func (e *GatewayError) Error() string {
	return fmt.Sprintf("agentrouter: the gateway answered %d: %s [%s]", e.Status, e.Message, e.RequestID)
}

// ConnectionError is a request without an answer.
type ConnectionError struct {
	// Err is what happened; context.DeadlineExceeded where the time-out of the attempt or the context's deadline is over.
	Err error
	// MaybeApplied is that of APIError.
	MaybeApplied bool
}

// Error is what happened, in one line.
func (e *ConnectionError) Error() string { return "agentrouter: no answer: " + e.Err.Error() }

// Unwrap returns what happened.
func (e *ConnectionError) Unwrap() error { return e.Err }

// InvalidArgumentError is a value of a path that was refused before anything was sent.
type InvalidArgumentError struct{ Parameter, Reason string }

// Error names the parameter, and not the value.
func (e *InvalidArgumentError) Error() string { return "agentrouter: " + e.Parameter + " " + e.Reason }

// SecretLostError says that a key was created, but that the answer with its secret was lost: revoke the key and create another.
type SecretLostError struct{ Key *tenancyv1.IssuedKey }

// Error names the key by its id.
func (e *SecretLostError) Error() string {
	return "agentrouter: the answer with the secret was lost: revoke the key " + e.Key.KeyId + " and create another"
}

// failure is the error of an answer; nil for a success.
func failure(answer *http.Response, body []byte) error {
	switch {
	case answer.StatusCode == http.StatusNotModified:
		return ErrNotModified
	case answer.StatusCode >= 200 && answer.StatusCode < 300:
		return nil
	}
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	problem := &APIError{Header: answer.Header}
	if kind == "application/problem+json" && json.Unmarshal(body, problem) == nil && problem.Slug != "" {
		if typed, known := problems[problem.Slug]; known {
			return typed(problem)
		}
		return problem
	}
	return notOurs(answer.StatusCode, answer.Header, body)
}

// notOurs is the error of an answer that is no problem.
func notOurs(status int, header http.Header, body []byte) *GatewayError {
	var gateway struct{ Message string }
	if json.Unmarshal(body, &gateway) != nil || gateway.Message == "" {
		gateway.Message = http.StatusText(status)
	}
	id := cmp.Or(header.Get("X-Request-Id"), header.Get("Apigw-Requestid"), header.Get("X-Amzn-Requestid"))
	return &GatewayError{Status: status, Message: gateway.Message, RequestID: id, Header: header}
}
