package agentrouter

// How a request is sent, repeated and answered, and how pages are read.

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/tetrateio/agentrouter-go/tenancyv1"
)

const (
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
	// A server that asks for a longer pause than this gets no further request: its answer is returned.
	longestRetryAfter = 30 * time.Second
)

// send makes a call whose answer is a T.
func send[T any](ctx context.Context, c *Client, options []CallOption, r *request) (*T, error) {
	response, body, err := c.send(ctx, options, r)
	if err != nil {
		return nil, err
	}
	answer := new(T)
	if json.Unmarshal(body, answer) != nil {
		return nil, notOurs(response.Status, response.Header, nil)
	}
	if key, issued := any(answer).(*tenancyv1.IssuedKey); issued && key.ApiKeyOnce == nil && response.Attempts > 1 {
		return nil, &SecretLostError{Key: key}
	}
	return answer, nil
}

// sendOnly makes a call whose answer has no body.
func sendOnly(ctx context.Context, c *Client, options []CallOption, r *request) error {
	_, _, err := c.send(ctx, options, r)
	return err
}

// page is a page of either kind of list.
type page[T any] struct {
	Data       []T                `json:"data"`
	NextCursor *string            `json:"next_cursor"`
	Customers  []T                `json:"customers"`
	Page       tenancyv1.PageInfo `json:"page"`
}

// pages iterates over the rows of all pages, in the direction of the first.
func pages[T any](ctx context.Context, c *Client, options []CallOption, r *request) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		query, err := parameters(r.query)
		next := *r
		next.query = query
		for err == nil {
			var read *page[T]
			if read, err = send[page[T]](ctx, c, options, &next); err != nil {
				break
			}
			for _, rows := range [][]T{read.Customers, read.Data} {
				for i := range rows {
					if !yield(&rows[i], nil) {
						return
					}
				}
			}
			switch {
			case read.Page.NextPageToken != "":
				query.Set("page.page_token", read.Page.NextPageToken)
			case read.NextCursor == nil:
				return
			case query.Get("ending_before") != "":
				query.Set("ending_before", *read.NextCursor)
			default:
				query.Set("starting_after", *read.NextCursor)
			}
		}
		yield(nil, err)
	}
}

// send sends a request until it is answered, at most as often as the client's settings say. Each request has the same Idempotency-Key.
func (c *Client) send(ctx context.Context, options []CallOption, r *request) (*Response, []byte, error) {
	settings := call{header: http.Header{}, response: &Response{}}
	for _, option := range options {
		option(&settings)
	}
	made, err := r.http(c, settings.header)
	if err != nil {
		return nil, nil, err
	}
	var lost error // Of the last attempt that may have had its effect, although its answer says no success.
	for attempt := 1; ; attempt++ {
		*settings.response = Response{Header: http.Header{}, Attempts: attempt}
		body, err := c.attempt(ctx, made, settings.response)
		status := settings.response.Status
		switch {
		case err == nil:
			return settings.response, body, nil
		case lost != nil && status == http.StatusNotFound && r.method == http.MethodDelete:
			return settings.response, nil, nil // An earlier attempt deleted it, or someone else: it is gone.
		case lost != nil && r.method != http.MethodGet && (status == http.StatusPreconditionFailed || errors.As(err, new(*ConversationArchivedError))):
			return nil, nil, lost // The version may be that of an earlier attempt, and so may the archiving.
		}
		again, effect := repeatable(err)
		if effect {
			lost = err
		}
		pause := pauseAfter(attempt, settings.response.Header)
		deadline, limited := ctx.Deadline()
		if !again || attempt > c.retries || pause > longestRetryAfter || limited && time.Until(deadline) < pause {
			return nil, nil, err
		}
		select {
		case <-ctx.Done():
			return nil, nil, err
		case <-time.After(pause):
		}
	}
}

// attempt sends a request once.
func (c *Client) attempt(ctx context.Context, made *http.Request, response *Response) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	request := made.Clone(ctx)
	if made.GetBody != nil {
		request.Body, _ = made.GetBody() // It is in memory.
	}
	answer, err := c.http.Do(request)
	if err != nil {
		var where *url.Error
		if errors.As(err, &where) {
			err = where.Err
		}
		return nil, &ConnectionError{Err: err}
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, &ConnectionError{Err: err}
	}
	response.Status, response.Header = answer.StatusCode, answer.Header
	return body, failure(answer, body)
}

// repeatable says whether to send a request again after an error, and whether the attempt may have had its effect. Every request may be sent
// again: a POST has its Idempotency-Key, and the others set what they say.
func repeatable(err error) (again, effect bool) {
	if lost := (*ConnectionError)(nil); errors.As(err, &lost) {
		dial := (*net.OpError)(nil)
		return true, !errors.As(err, &dial) || dial.Op != "dial"
	}
	if problem := (*APIError)(nil); errors.As(err, &problem) {
		unavailable := problem.Status == http.StatusServiceUnavailable
		return unavailable || problem.Status == http.StatusTooManyRequests, unavailable
	}
	if answer := (*GatewayError)(nil); errors.As(err, &answer) {
		effect = answer.Status >= http.StatusInternalServerError && answer.Status != http.StatusNotImplemented
		return effect || answer.Status == http.StatusTooManyRequests, effect
	}
	return false, false
}

// pauseAfter is the pause before the next attempt: what Retry-After says, else a random one below a bound that doubles.
func pauseAfter(attempt int, header http.Header) time.Duration {
	if seconds, err := strconv.Atoi(header.Get("Retry-After")); err == nil && seconds >= 0 {
		return time.Duration(seconds) * time.Second
	}
	return rand.N(min(firstPause<<min(attempt-1, 16), longestPause))
}
