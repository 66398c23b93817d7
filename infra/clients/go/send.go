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
	"slices"
	"strconv"
	"time"

	"github.com/tetrateio/agentrouter-go/tenancyv1"
)

const (
	firstPause, longestPause = 100 * time.Millisecond, 5 * time.Second
	longestRetryAfter        = 30 * time.Second // If an answer asks for more, it is returned.
)

// send makes a call whose answer is a T.
func send[T any](ctx context.Context, c *Client, options []CallOption, r *request) (*T, error) {
	response, body, err := c.send(ctx, options, r)
	if err != nil {
		return nil, err
	}
	answer := new(T)
	if json.Unmarshal(body, answer) != nil {
		unreadable := notOurs(response.Status, response.Header, nil)
		unreadable.MaybeApplied = r.method != http.MethodGet
		return nil, unreadable
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
	inDoubt := false // Whether an earlier attempt may have had its effect.
	for attempt := 1; ; attempt++ {
		*settings.response = Response{Header: http.Header{}, Attempts: attempt}
		body, err := c.attempt(ctx, made, settings.response)
		if err == nil || r.removes && inDoubt && settings.response.Status == http.StatusNotFound {
			return settings.response, body, nil
		}
		again := judge(err, r.method != http.MethodGet, &inDoubt)
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
		if where := (*url.Error)(nil); errors.As(err, &where) {
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

// judge says whether to send a request again after an error, and marks the error of a write that may have had its effect, now or before. Every
// request may be sent again: a POST has its Idempotency-Key, and the others set what they say.
func judge(err error, write bool, inDoubt *bool) (again bool) {
	doubt := func(doubt bool) bool {
		*inDoubt = *inDoubt || write && doubt
		return *inDoubt
	}
	if lost := (*ConnectionError)(nil); errors.As(err, &lost) {
		connecting := (*net.OpError)(nil)
		lost.MaybeApplied = doubt(!errors.As(err, &connecting) || connecting.Op != "dial")
		return true
	}
	if problem := (*APIError)(nil); errors.As(err, &problem) {
		problem.MaybeApplied = doubt(problem.Status >= 500)
		return problem.Status == http.StatusServiceUnavailable || problem.Status == http.StatusTooManyRequests
	}
	if answer := (*GatewayError)(nil); errors.As(err, &answer) {
		answer.MaybeApplied = doubt(answer.Status >= 500)
		return slices.Contains([]int{429, 500, 502, 503, 504}, answer.Status)
	}
	return false
}

// pauseAfter is the pause before the next attempt: what Retry-After says, else a random one below a bound that doubles.
func pauseAfter(attempt int, header http.Header) time.Duration {
	if seconds, err := strconv.Atoi(header.Get("Retry-After")); err == nil && seconds >= 0 {
		return time.Duration(seconds) * time.Second
	}
	return rand.N(min(firstPause<<min(attempt-1, 16), longestPause))
}
