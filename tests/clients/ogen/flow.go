// The flow of an operator and an integration with the client that ogen generates from infra/openapi.yaml.
// Run by `cargo xtask test clients`, which sets the addresses and keys: BASE_URL, OPERATOR_KEY, and BASE_URL_429 and so on, where
// the gateway itself answers every request. The same steps as the flows in openapi-generator/.
package main

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/ogen-go/ogen/ogenerrors"

	"tenancy.example/client/api"
)

const name = "by-ogen"

var (
	ctx    = context.Background()
	client = invoker("BASE_URL", "")
)

// keys are the credentials; the client asks for the one that an operation needs.
type keys struct{ integration string }

func (keys) OperatorKey(context.Context, api.OperationName) (api.OperatorKey, error) {
	return api.OperatorKey{Token: os.Getenv("OPERATOR_KEY")}, nil
}

func (keys keys) IntegrationKey(context.Context, api.OperationName) (api.IntegrationKey, error) {
	return api.IntegrationKey{Token: keys.integration}, nil
}

// The flow has no user's token: operations that take either credential get the key.
func (keys) UserToken(context.Context, api.OperationName) (api.UserToken, error) {
	return api.UserToken{}, ogenerrors.ErrSkipClientSecurity
}

func invoker(baseURL, integrationKey string) *api.Client {
	return must(api.NewClient(os.Getenv(baseURL), keys{integrationKey}))
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func same(actual, expected any) {
	if !reflect.DeepEqual(actual, expected) {
		panic(fmt.Sprintf("%#v is not %#v", actual, expected))
	}
}

// as is a call that must be answered with this one of the operation's types.
func as[T any](answer any, err error) T {
	found, ok := must(answer, err).(T)
	if !ok {
		panic(fmt.Sprintf("answered with %T: %+v", answer, answer))
	}
	return found
}

func problem(found api.Problem, status int, slug string) api.Problem {
	if found.Status != status || !strings.HasSuffix(fmt.Sprint(found.Type), "/problems/"+slug) {
		panic(fmt.Sprintf("not the problem %s: %+v", slug, found))
	}
	return found
}

func customers() {
	creation := api.CustomerCreation{CustomerID: name, Description: api.NewOptNilString("for a moment"), Labels: api.NewOptLabels(api.Labels{"tier": "gold"})}
	create := func() (any, error) { return client.CreateCustomer(ctx, &creation, api.CreateCustomerParams{}) }
	made := as[*api.CustomerHeaders](create()).Response
	taken := problem(as[*api.NameConflictHeaders](create()).Response, 409, "name-conflict")
	same(fmt.Sprint(taken.ConflictingResourceID.Value), string(made.ID))

	update := func(patch api.UpdateCustomerApplicationMergePatchJSON) api.Customer {
		answer, err := client.UpdateCustomer(ctx, &patch, api.UpdateCustomerParams{CustomerID: name})
		return as[*api.GetCustomerOKHeaders](answer, err).Response
	}
	named := update(api.UpdateCustomerApplicationMergePatchJSON{DisplayName: api.NewOptNilString("Named")})
	same([]any{named.DisplayName.Value, named.Description.Value, named.Labels["tier"]}, []any{"Named", "for a moment", "gold"})
	null := api.OptNilString{}
	null.SetToNull()
	cleared := update(api.UpdateCustomerApplicationMergePatchJSON{Description: null})
	same([]any{cleared.DisplayName.Value, cleared.Description.Null, cleared.Labels["tier"]}, []any{"Named", true, "gold"})

	get := func(params api.GetCustomerParams) (any, error) { return client.GetCustomer(ctx, params) }
	read := as[*api.GetCustomerOKHeaders](get(api.GetCustomerParams{CustomerID: name}))
	same(read.Response, cleared)
	as[*api.GetCustomerNotModified](get(api.GetCustomerParams{CustomerID: name, IfNoneMatch: api.NewOptString(read.ETag)}))
}

func expiry() string {
	ends := time.Now().Add(24 * time.Hour).Truncate(time.Second).In(time.FixedZone("", 2*60*60))
	creation := api.KeyCreation{Name: "ends", Scopes: []api.IntegrationScope{api.IntegrationScopeTenantsWrite}, ExpiresAt: api.NewOptNilDateTime(ends)}
	answer, err := client.CreateKey(ctx, &creation, api.CreateKeyParams{CustomerID: name})
	made := as[*api.IssuedKeyHeaders](answer, err).Response
	same([]any{made.ExpiresAt.Value.Equal(ends), made.Scopes}, []any{true, creation.Scopes})
	return made.APIKeyOnce.Value
}

func pages() {
	var found []string
	for token, more := "", true; more; more = token != "" {
		params := api.ListCustomersParams{PagePageSize: api.NewOptInt(1), PagePageToken: api.NewOptString(token)}
		answer, err := client.ListCustomers(ctx, params)
		page := as[*api.CustomerPageHeaders](answer, err).Response
		for _, row := range page.Customers {
			found = append(found, string(row.CustomerID))
		}
		token = page.Page.NextPageToken
	}
	same(slices.Contains(found, name), true)
}

func tenants(key string) {
	client, externalID := invoker("BASE_URL", key), "a/b c#e%2Fé"
	upsert := func(body api.OptTenantUpsert) (any, error) {
		return client.UpsertTenantByExternalId(ctx, body, api.UpsertTenantByExternalIdParams{ExternalID: externalID})
	}
	body := api.TenantUpsert{Name: api.NewOptNilString("Warehouse")}
	made := as[*api.UpsertTenantByExternalIdCreatedHeaders](upsert(api.NewOptTenantUpsert(body))).Response
	same([]any{made.ExternalID.Value, made.Name.Value}, []any{externalID, "Warehouse"})
	same(as[*api.GetTenantByExternalIdOKHeaders](upsert(api.OptTenantUpsert{})).Response, made)
	read, err := client.GetTenantByExternalId(ctx, api.GetTenantByExternalIdParams{ExternalID: externalID})
	same(as[*api.GetTenantByExternalIdOKHeaders](read, err).Response, made)
	absent, err := client.GetTenant(ctx, api.GetTenantParams{TenantID: "tnt_01m6k708ka2r00k6agv0vfcxec"})
	problem(as[*api.NotFoundHeaders](absent, err).Response, 404, "not-found")
}

func archives(key string) {
	archived, err := client.ArchiveCustomer(ctx, api.ArchiveCustomerParams{CustomerID: name})
	as[*api.ArchiveCustomerNoContent](archived, err)
	list, err := invoker("BASE_URL", key).ListTenants(ctx, api.ListTenantsParams{})
	problem(as[*api.UnauthorizedHeaders](list, err).Response, 401, "insufficient-scope")
	gone, err := client.GetCustomer(ctx, api.GetCustomerParams{CustomerID: name})
	problem(as[*api.NotFoundHeaders](gone, err).Response, 404, "not-found")
	restored, err := client.RestoreCustomer(ctx, api.RestoreCustomerParams{CustomerID: name})
	same(as[*api.RestoreCustomerOKHeaders](restored, err).Response.ArchivedAt.Null, true)
}

// An answer of the gateway is returned as a type of its own, not as an error.
func gateway() {
	for _, status := range []int{413, 429, 500, 503} {
		answer, err := invoker(fmt.Sprintf("BASE_URL_%d", status), "").GetCustomer(ctx, api.GetCustomerParams{CustomerID: name})
		var failure api.Failure
		switch answer := must(answer, err).(type) {
		case *api.FailureStatusCodeWithHeaders:
			same([]int{status, answer.StatusCode}, []int{413, 413})
			failure = answer.Response
		case *api.FailureHeaders:
			same(status, 429)
			failure = answer.Response
		case *api.InternalErrorApplicationJSONHeaders:
			same(status, 500)
			failure = answer.Response
		case *api.UnavailableApplicationJSONHeaders:
			same(status, 503)
			failure = answer.Response
		default:
			panic(fmt.Sprintf("answered %d with %T: %+v", status, answer, answer))
		}
		message, ok := failure.GetGatewayMessage()
		same([]bool{ok, message.Message != ""}, []bool{true, true})
	}
}

func main() {
	customers()
	key := expiry()
	pages()
	tenants(key)
	archives(key)
	gateway()
	fmt.Println("the client of ogen works")
}
