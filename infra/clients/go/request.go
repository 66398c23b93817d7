package agentrouter

// How a request is made from an operation and its values.

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

// request is an operation with its values. The generated methods make it.
type request struct {
	method, path string
	values       []value
	query        any // Parameters by their JSON names.
	body         any
	removes      bool // The resource is 404 afterwards.
}

// value is a value in the path, and the grammar that the API's document has for it.
type value struct{ name, text, pattern string }

var patterns sync.Map

// check refuses what the grammar forbids before it is sent: an empty value, a dot segment or a slash would lead to another resource.
func (v value) check() error {
	pattern, known := patterns.Load(v.pattern)
	if !known {
		grammar := cmp.Or(v.pattern, "^[^/]+$")
		pattern, _ = patterns.LoadOrStore(v.pattern, regexp.MustCompile(grammar))
	}
	switch {
	case v.text == "":
		return &InvalidArgumentError{Parameter: v.name, Reason: "is empty"}
	case v.text == "." || v.text == ".." || !utf8.ValidString(v.text) || !pattern.(*regexp.Regexp).MatchString(v.text):
		return &InvalidArgumentError{Parameter: v.name, Reason: "is not of the form that the API takes"}
	}
	return nil
}

// http makes the request of a call. Its body can be sent again.
func (r *request) http(c *Client, header http.Header) (*http.Request, error) {
	target := c.base + r.path
	for _, value := range r.values {
		if err := value.check(); err != nil {
			return nil, err
		}
		target = strings.Replace(target, "{"+value.name+"}", url.PathEscape(value.text), 1)
	}
	query, err := parameters(r.query)
	if err != nil {
		return nil, err
	}
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	var body io.Reader
	if r.body != nil {
		text, err := json.Marshal(r.body)
		if err != nil {
			return nil, fmt.Errorf("agentrouter: the body cannot be written: %w", err)
		}
		body = bytes.NewReader(text)
		header.Set("Content-Type", "application/json")
	}
	made, err := http.NewRequest(r.method, target, body)
	if err != nil {
		return nil, fmt.Errorf("agentrouter: %w", err)
	}
	if r.method == http.MethodPost && header.Get("Idempotency-Key") == "" {
		header.Set("Idempotency-Key", rand.Text())
	}
	header.Set("Accept", "application/json")
	header.Set("User-Agent", "agentrouter-go/"+Version)
	c.authorize(header)
	made.Header = header
	return made, nil
}

// parameters are the members of a struct of parameters that are set.
func parameters(query any) (url.Values, error) {
	if values, ready := query.(url.Values); ready {
		return values, nil
	}
	values, members := url.Values{}, map[string]any{}
	text, err := json.Marshal(query)
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err = cmp.Or(err, decoder.Decode(&members)); err != nil {
		return nil, fmt.Errorf("agentrouter: the parameters cannot be written: %w", err)
	}
	for name, member := range members {
		values.Set(name, fmt.Sprint(member))
	}
	return values, nil
}
