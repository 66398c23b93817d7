// Package agentrouter is the client of the tenancy service: customers and their keys for operators; tenants, repositories, users, roles and
// conversations for integrations; conversations for end users. README.md has a tour.
package agentrouter

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// Version is the version of this package.
const Version = "0.1.1"

// A Client calls the API with one credential. It can be used by several goroutines at once.
type Client struct {
	base      string
	authorize func(http.Header) // A closure, so that no formatting verb shows the key.
	http      *http.Client
	timeout   time.Duration
	retries   int
}

// An Option is a setting of a client.
type Option func(*settings)

type settings struct {
	Client
	baseURL, apiKey string
}

// WithBaseURL sets the address of the API. Without it, AGENTROUTER_BASE_URL of the environment is used.
func WithBaseURL(baseURL string) Option { return func(s *settings) { s.baseURL = baseURL } }

// WithAPIKey sets the credential: an operator's key, an integration's key or an end user's token. Without it, AGENTROUTER_API_KEY of the
// environment is used.
func WithAPIKey(apiKey string) Option { return func(s *settings) { s.apiKey = apiKey } }

// WithTimeout limits each attempt of a call, which otherwise ends after 30 seconds. The context limits a call with all its retries.
func WithTimeout(timeout time.Duration) Option {
	return func(s *settings) { s.timeout = timeout }
}

// WithRetries sets how often a call is repeated at most: 3 times if this option is not given, never if it is 0.
func WithRetries(retries int) Option { return func(s *settings) { s.retries = retries } }

// WithTransport sets what sends the requests, for instance an http.Transport with a proxy or with certificates.
func WithTransport(transport http.RoundTripper) Option {
	return func(s *settings) { s.http.Transport = transport }
}

// New makes a client. It sends nothing, and fails if the address or the credential is missing or malformed.
func New(ctx context.Context, options ...Option) (*Client, error) {
	s := settings{Client: Client{
		timeout: 30 * time.Second,
		retries: 3,
		// The API redirects nowhere. Without following redirects, the key reaches no other place.
		http: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}}
	for _, option := range options {
		option(&s)
	}
	s.baseURL = cmp.Or(s.baseURL, os.Getenv("AGENTROUTER_BASE_URL"))
	s.apiKey = cmp.Or(s.apiKey, os.Getenv("AGENTROUTER_API_KEY"))
	base, err := url.Parse(s.baseURL)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, errors.New("agentrouter: WithBaseURL or AGENTROUTER_BASE_URL must be an http or https address without user, query and fragment")
	}
	notVisible := func(r rune) bool { return r <= ' ' || r > '~' }
	if s.apiKey == "" || strings.ContainsFunc(s.apiKey, notVisible) {
		return nil, errors.New("agentrouter: WithAPIKey or AGENTROUTER_API_KEY must be a key or token, without white space")
	}
	authorization := "Bearer " + s.apiKey
	s.base = strings.TrimRight(s.baseURL, "/")
	s.authorize = func(header http.Header) { header.Set("Authorization", authorization) }
	client := s.Client
	return &client, ctx.Err()
}

// String shows the address of the API, and never the key.
func (c *Client) String() string { return "agentrouter.Client(" + c.base + ")" }
