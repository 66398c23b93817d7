// The tests run against the real functions behind the local gateway: `cargo xtask test clients` starts them and sets the addresses and keys.
package agentrouter_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tetrateio/agentrouter-go"
)

var names atomic.Int64

// name is a customer id, a part of an external id or of a fault's address that no other test has.
func name(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("go-%d-%d", os.Getpid(), names.Add(1))
}

func environment(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Fatalf("%s is missing: run the tests by `cargo xtask test clients`", name)
	}
	return value
}

// client is a client of the API at this address, with the key in this variable, and connections of its own.
func client(t *testing.T, baseURL, key string, options ...agentrouter.Option) *agentrouter.Client {
	t.Helper()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	own := []agentrouter.Option{agentrouter.WithBaseURL(baseURL), agentrouter.WithAPIKey(environment(t, key)), agentrouter.WithTransport(transport)}
	return must(agentrouter.New(t.Context(), append(own, options...)...))(t)
}

func operator(t *testing.T, options ...agentrouter.Option) *agentrouter.Client {
	t.Helper()
	return client(t, environment(t, "BASE_URL"), "OPERATOR_KEY", options...)
}

func integration(t *testing.T, options ...agentrouter.Option) *agentrouter.Client {
	t.Helper()
	return client(t, environment(t, "BASE_URL"), "INTEGRATION_KEY", options...)
}

// faulty is the address of the relay, where the first requests meet a fault.
type faulty string

func fault(t *testing.T, action string, times int) faulty {
	t.Helper()
	return faulty(fmt.Sprintf("%s/%s/%d/%s", environment(t, "BASE_URL_FAULTS"), action, times, name(t)))
}

// requests is how many requests this address has had.
func (f faulty) requests(t *testing.T) int {
	t.Helper()
	answer := must(http.Get(string(f)))(t)
	defer answer.Body.Close()
	var count struct{ Requests int }
	ok(t, json.NewDecoder(answer.Body).Decode(&count))
	return count.Requests
}

// must is the value of a call that must not fail.
func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		ok(t, err)
		return value
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fails is the error of a call that must fail with this type.
func fails[E error](t *testing.T, err error) E {
	t.Helper()
	var found E
	if !errors.As(err, &found) {
		t.Fatalf("%T instead of %T: %v", err, found, err)
	}
	return found
}

func same(t *testing.T, actual, expected any) {
	t.Helper()
	if !reflect.DeepEqual(actual, expected) {
		t.Fatalf("%#v is not %#v", actual, expected)
	}
}

func contains(t *testing.T, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Fatalf("%q is not in %q", part, text)
	}
}
