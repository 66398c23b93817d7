// What the client does when connections break, answers are late, or the gateway or the store refuses. The relay of `serve` makes the faults.
package agentrouter_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tetrateio/agentrouter-go"
	"github.com/tetrateio/agentrouter-go/tenancyv1"
)

// patience is a time-out that the relay's delays of 1.5 seconds exceed, and that nothing else should.
func patience(action string) agentrouter.Option {
	if strings.HasPrefix(action, "delay") {
		return agentrouter.WithTimeout(1300 * time.Millisecond)
	}
	return agentrouter.WithTimeout(time.Minute)
}

// Each fault happens to the first request only: the second has the answer, and a write has had its effect once.
func TestARequestIsRepeated(t *testing.T) {
	for _, action := range []string{"drop_before", "drop_after", "delay", "delay_after", "429", "503", "gateway_503", "gateway_500"} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			direct, ctx := operator(t).Customers(), t.Context()
			through := func() (faulty, *agentrouter.Client) {
				address := fault(t, action, 1)
				return address, client(t, string(address), "OPERATOR_KEY", patience(action))
			}
			id := name(t)

			address, faulty := through()
			var response agentrouter.Response
			made := must(faulty.Customers().Create(ctx, tenancyv1.CustomerCreation{CustomerId: id}, agentrouter.Capture(&response)))(t)
			same(t, []any{address.requests(t), response.Attempts, response.Status}, []any{2, 2, 201})
			same(t, made, must(direct.Get(ctx, id))(t))

			address, faulty = through()
			same(t, must(faulty.Tenancy().Get(ctx, id))(t), made)
			same(t, address.requests(t), 2)

			address, faulty = through()
			changed := must(faulty.Tenancy().Update(ctx, id, "Named", ""))(t)
			same(t, []any{address.requests(t), *changed.DisplayName}, []any{2, "Named"})

			address, faulty = through()
			ok(t, faulty.Tenancy().Archive(ctx, id))
			same(t, address.requests(t), 2)
			_, err := direct.Get(ctx, id)
			fails[*agentrouter.NotFoundError](t, err)
		})
	}
}

// Without retries the fault is seen.
func TestRetriesAreAnOption(t *testing.T) {
	for action, check := range map[string]func(*testing.T, error){
		"drop_before": lost,
		"drop_after":  lost,
		"delay":       late,
		"delay_after": late,
		"429":         refused(429),
		"503": func(t *testing.T, err error) {
			same(t, fails[*agentrouter.UnavailableError](t, err).Header.Get("Retry-After"), "1")
		},
		"gateway_503": refused(503),
		"gateway_500": refused(500),
	} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			address := fault(t, action, 1)
			faulty := client(t, string(address), "OPERATOR_KEY", patience(action), agentrouter.WithRetries(0))
			_, err := faulty.Tenancy().Create(t.Context(), name(t), "", "")
			check(t, err)
			same(t, address.requests(t), 1)
		})
	}
}

func lost(t *testing.T, err error) {
	t.Helper()
	same(t, fails[*agentrouter.ConnectionError](t, err).MaybeApplied, true)
	same(t, errors.Is(err, context.DeadlineExceeded), false)
}

func late(t *testing.T, err error) {
	t.Helper()
	fails[*agentrouter.ConnectionError](t, err)
	same(t, errors.Is(err, context.DeadlineExceeded), true)
}

func refused(status int) func(*testing.T, error) {
	return func(t *testing.T, err error) {
		t.Helper()
		answer := fails[*agentrouter.GatewayError](t, err)
		same(t, []any{answer.Status, answer.Message != ""}, []any{status, true})
	}
}

// Four requests at most, then the last error.
func TestRetriesAreBounded(t *testing.T) {
	for action, check := range map[string]func(*testing.T, error){"drop_before": lost, "429": refused(429), "gateway_500": refused(500)} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			address := fault(t, action, 10)
			_, err := client(t, string(address), "OPERATOR_KEY").Tenancy().Create(t.Context(), name(t), "", "")
			check(t, err)
			same(t, address.requests(t), 4)
		})
	}
}

// The store's 503 says for how long to wait.
func TestRetryAfterIsObeyed(t *testing.T) {
	address, began := fault(t, "503", 1), time.Now()
	must(client(t, string(address), "OPERATOR_KEY").Tenancy().List(t.Context()))(t)
	if took := time.Since(began); took < time.Second {
		t.Fatalf("repeated after %s", took)
	}
}

// soon is a context that always ends in half a second, however slow this machine is.
type soon struct{ context.Context }

func (soon) Deadline() (time.Time, bool) { return time.Now().Add(500 * time.Millisecond), true }

// A pause that does not end before the context is not begun.
func TestTheContextLimitsACall(t *testing.T) {
	address := fault(t, "503", 1)
	_, err := client(t, string(address), "OPERATOR_KEY").Tenancy().List(soon{t.Context()})
	fails[*agentrouter.UnavailableError](t, err)
	same(t, address.requests(t), 1)

	ended, end := context.WithCancel(t.Context())
	end()
	_, err = operator(t).Tenancy().List(ended)
	fails[*agentrouter.ConnectionError](t, err)
	same(t, errors.Is(err, context.Canceled), true)
}

// The real throttle of the gateway: one request a second.
func TestTheThrottleIsWaitedFor(t *testing.T) {
	patient := client(t, environment(t, "BASE_URL_THROTTLED"), "OPERATOR_KEY", agentrouter.WithRetries(20))
	for range 3 {
		must(patient.Tenancy().List(t.Context()))(t)
	}
}

// A conflict with the client's own lost write is marked.
func TestAVersionAfterALostAnswer(t *testing.T) {
	direct, ctx, id := operator(t), t.Context(), name(t)
	must(direct.Tenancy().Create(ctx, id, "", ""))(t)
	var version agentrouter.Response
	must(direct.Customers().Get(ctx, id, agentrouter.Capture(&version)))(t)
	for _, each := range []struct {
		action       string
		maybeApplied bool
	}{{"drop_after", true}, {"429", false}} {
		patch := tenancyv1.CustomerPatch{DisplayName: agentrouter.Value("x")}
		_, err := client(t, string(fault(t, each.action, 1)), "OPERATOR_KEY").Customers().Update(ctx, id, patch, agentrouter.IfMatch(version.ETag()))
		same(t, fails[*agentrouter.PreconditionFailedError](t, err).MaybeApplied, each.maybeApplied)
	}
}

// So is an archived conversation, when the lost write may have archived it.
func TestAnArchivingAfterALostAnswer(t *testing.T) {
	direct, ctx := integration(t), t.Context()
	tenant := must(direct.Tenants().Upsert(ctx, name(t), tenancyv1.TenantUpsert{}))(t)
	user := must(direct.Users().Upsert(ctx, tenant.Id, "a", tenancyv1.UserUpsert{}))(t)
	talk := must(direct.Conversations().Create(ctx, tenancyv1.ConversationCreation{UserId: &user.Id}))(t)
	archive := tenancyv1.ConversationPatch{Status: agentrouter.Ptr(tenancyv1.ConversationStatusArchived)}
	_, err := client(t, string(fault(t, "drop_after", 1)), "INTEGRATION_KEY").Conversations().Update(ctx, talk.Id, archive)
	same(t, fails[*agentrouter.ConversationArchivedError](t, err).MaybeApplied, true)
	_, err = client(t, string(fault(t, "429", 1)), "INTEGRATION_KEY").Conversations().Update(ctx, talk.Id, archive)
	same(t, fails[*agentrouter.ConversationArchivedError](t, err).MaybeApplied, false)
}

// A 404 is the success of a removal only if an earlier request of the call may have had its effect.
func TestADeletionAfterALostAnswer(t *testing.T) {
	ctx, absent := t.Context(), name(t)
	through := func(action string) *agentrouter.Client { return client(t, string(fault(t, action, 1)), "OPERATOR_KEY") }
	fails[*agentrouter.NotFoundError](t, through("429").Tenancy().Archive(ctx, absent))
	ok(t, through("drop_after").Tenancy().Archive(ctx, absent))
	// A key that was revoked is still there.
	fails[*agentrouter.NotFoundError](t, through("drop_after").Keys().Revoke(ctx, "demo", "key_01m6drp0tch4qx4fr84g98pbsk"))
}

// The replay of a lost answer has no secret: the caller learns which key to revoke.
func TestASecretIsLost(t *testing.T) {
	ctx, id := t.Context(), name(t)
	must(operator(t).Tenancy().Create(ctx, id, "", ""))(t)
	keys := client(t, string(fault(t, "drop_after", 1)), "OPERATOR_KEY").Keys()
	_, err := keys.Create(ctx, id, tenancyv1.KeyCreation{Name: "x"})
	secret := fails[*agentrouter.SecretLostError](t, err)
	contains(t, err.Error(), secret.Key.KeyId)
	ok(t, keys.Revoke(ctx, id, secret.Key.KeyId))
}

// An iterator goes on after a fault on a page.
func TestPagesSurviveFaults(t *testing.T) {
	for _, action := range []string{"drop_after", "503"} {
		t.Run(action, func(t *testing.T) {
			direct, ctx := integration(t), t.Context()
			tenant := must(direct.Tenants().Upsert(ctx, name(t), tenancyv1.TenantUpsert{}))(t)
			for each := range 3 {
				must(direct.Roles().Create(ctx, tenant.Id, tenancyv1.RoleCreation{Name: fmt.Sprint(each)}))(t)
			}
			faulty, count := client(t, string(fault(t, action, 1)), "INTEGRATION_KEY"), 0
			for _, err := range faulty.Roles().All(ctx, tenant.Id, &tenancyv1.ListRolesParams{Limit: agentrouter.Ptr(1)}) {
				ok(t, err)
				count++
			}
			same(t, count, 3)
		})
	}
}

// Nothing listens there.
func TestNoConnection(t *testing.T) {
	began := time.Now()
	err := client(t, "http://127.0.0.1:1", "OPERATOR_KEY", agentrouter.WithRetries(1)).Tenancy().Archive(t.Context(), "demo")
	same(t, fails[*agentrouter.ConnectionError](t, err).MaybeApplied, false)
	contains(t, err.Error(), "refused")
	same(t, time.Since(began) < 5*time.Second, true)
}
