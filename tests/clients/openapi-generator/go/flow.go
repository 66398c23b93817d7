// The flow of an operator and an integration with the client that openapi-generator (go) generates from infra/openapi.yaml.
// Run by `cargo xtask test clients`, which sets the addresses and keys: BASE_URL, OPERATOR_KEY, and BASE_URL_429 and so on, where
// the gateway itself answers every request. The same steps as the other flows in this folder.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"tenancy.example/client/api"
)

const name = "by-generated-go"

var (
	ctx      = context.Background()
	operator = client(os.Getenv("OPERATOR_KEY"), "BASE_URL")
)

func client(key, baseURL string) *api.APIClient {
	configuration := api.NewConfiguration()
	configuration.Servers = api.ServerConfigurations{{URL: os.Getenv(baseURL)}}
	configuration.AddDefaultHeader("Authorization", "Bearer "+key)
	return api.NewAPIClient(configuration)
}

func same(actual, expected any) {
	if !reflect.DeepEqual(actual, expected) {
		panic(fmt.Sprintf("%#v is not %#v", actual, expected))
	}
}

// ok is a call that must be answered with this status.
func ok[T any](status int) func(T, *http.Response, error) (T, *http.Response) {
	return func(value T, response *http.Response, err error) (T, *http.Response) {
		if err != nil {
			panic(fmt.Sprintf("not answered with %d: %v", status, err))
		}
		same(response.StatusCode, status)
		return value, response
	}
}

func value[T any](value T, _ *http.Response) T { return value }

// refused is the model that the client makes of a call which must be answered with this status.
func refused(status int, response *http.Response, err error) any {
	var refusal *api.GenericOpenAPIError
	if !errors.As(err, &refusal) {
		panic(fmt.Sprintf("not refused with %d: %v", status, err))
	}
	same(response.StatusCode, status)
	return refusal.Model()
}

func problem(model any, status int, slug string) *api.Problem {
	found, ok := model.(api.Problem)
	if !ok || int(found.Status) != status || !strings.HasSuffix(found.Type, "/problems/"+slug) {
		panic(fmt.Sprintf("not the problem %s: %#v", slug, model))
	}
	return &found
}

func customers() {
	creation := api.NewCustomerCreation(name)
	creation.SetDescription("for a moment")
	creation.SetLabels(map[string]string{"tier": "gold"})
	made := value(ok[*api.Customer](201)(operator.CustomersAPI.CreateCustomer(ctx).CustomerCreation(*creation).Execute()))
	_, response, err := operator.CustomersAPI.CreateCustomer(ctx).CustomerCreation(*creation).Execute()
	same(*problem(refused(409, response, err), 409, "name-conflict").ConflictingResourceId, made.Id)

	update := func(patch *api.CustomerPatch) *api.Customer {
		return value(ok[*api.Customer](200)(operator.CustomersAPI.UpdateCustomer(ctx, name).CustomerPatch(*patch).Execute()))
	}
	named, cleared := api.NewCustomerPatch(), api.NewCustomerPatch()
	named.SetDisplayName("Named")
	changed := update(named)
	same([]any{*changed.DisplayName.Get(), *changed.Description.Get(), changed.Labels["tier"]}, []any{"Named", "for a moment", "gold"})
	cleared.SetDescriptionNil()
	changed = update(cleared)
	same([]any{*changed.DisplayName.Get(), changed.Description.Get(), changed.Labels["tier"]}, []any{"Named", (*string)(nil), "gold"})

	read, response := ok[*api.Customer](200)(operator.CustomersAPI.GetCustomer(ctx, name).Execute())
	same(read, changed)
	_, response, err = operator.CustomersAPI.GetCustomer(ctx, name).IfNoneMatch(response.Header.Get("ETag")).Execute()
	refused(304, response, err)
}

func keys() string {
	ends := time.Now().Add(24 * time.Hour).Truncate(time.Millisecond).In(time.FixedZone("", 2*60*60))
	creation := api.NewKeyCreation("ends")
	creation.SetExpiresAt(ends)
	creation.SetScopes([]api.IntegrationScope{api.INTEGRATIONSCOPE_TENANTS_WRITE})
	made := value(ok[*api.IssuedKey](201)(operator.KeysAPI.CreateKey(ctx, name).KeyCreation(*creation).Execute()))
	same([]any{made.ExpiresAt.Get().Equal(ends), made.Scopes}, []any{true, creation.Scopes})
	return *made.ApiKeyOnce.Get()
}

func pages() {
	var found []string
	for token, more := "", true; more; more = token != "" {
		page := value(ok[*api.CustomerPage](200)(operator.CustomersAPI.ListCustomers(ctx).PagePageSize(1).PagePageToken(token).Execute()))
		for _, row := range page.Customers {
			found = append(found, row.CustomerId)
		}
		token = page.Page.NextPageToken
	}
	same(slices.Contains(found, name), true)
}

func tenants(key string) {
	caller, externalID := client(key, "BASE_URL"), "a/b c#e%2Fé"
	upsert := api.NewTenantUpsert()
	upsert.SetName("Warehouse")
	made := value(ok[*api.Tenant](201)(caller.TenantsAPI.UpsertTenantByExternalId(ctx, externalID).TenantUpsert(*upsert).Execute()))
	same([]any{*made.ExternalId.Get(), *made.Name.Get()}, []any{externalID, "Warehouse"})
	// Without a body this client sends `null`.
	same(value(ok[*api.Tenant](200)(caller.TenantsAPI.UpsertTenantByExternalId(ctx, externalID).Execute())), made)
	same(value(ok[*api.Tenant](200)(caller.TenantsAPI.GetTenantByExternalId(ctx, externalID).Execute())), made)
	_, response, err := caller.TenantsAPI.GetTenant(ctx, "tnt_01m6k708ka2r00k6agv0vfcxec").Execute()
	problem(refused(404, response, err), 404, "not-found")
	// A 403 may be the gateway's, too, so its problem is one of two variants.
	_, response, err = caller.CustomersAPI.ListCustomers(ctx).Execute()
	problem(*refused(403, response, err).(api.Failure).Problem, 403, "insufficient-scope")
}

func archives(key string) {
	response, err := operator.CustomersAPI.ArchiveCustomer(ctx, name).Execute()
	ok[any](204)(nil, response, err)
	_, response, err = client(key, "BASE_URL").TenantsAPI.ListTenants(ctx).Execute()
	problem(refused(401, response, err), 401, "insufficient-scope")
	_, response, err = operator.CustomersAPI.GetCustomer(ctx, name).Execute()
	problem(refused(404, response, err), 404, "not-found")
	restored := value(ok[*api.Customer](200)(operator.CustomersAPI.RestoreCustomer(ctx, name).Execute()))
	same(restored.ArchivedAt.Get(), (*time.Time)(nil))
}

func gateway() {
	for _, status := range []int{413, 429, 500, 503} {
		api := client("any", fmt.Sprintf("BASE_URL_%d", status)).CustomersAPI
		_, response, err := api.GetCustomer(ctx, name).Execute()
		message(refused(status, response, err))
	}
}

func message(model any) {
	found, ok := model.(api.Failure)
	if !ok || found.GatewayMessage == nil || found.GatewayMessage.Message == "" {
		panic(fmt.Sprintf("not a gateway's message: %#v", model))
	}
}

func main() {
	customers()
	key := keys()
	pages()
	tenants(key)
	archives(key)
	gateway()
	fmt.Println("the client of openapi-generator for Go works")
}
