// The provisioning flow with the client that oapi-codegen generates from infra/openapi.yaml.
// Run by `cargo xtask test clients`, which sets the addresses and keys: BASE_URL, OPERATOR_KEY, INTEGRATION_KEY, and BASE_URL_429 and so
// on, where the gateway itself answers every request. The same steps as flow.py and flow.ts.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/oapi-codegen/nullable"

	"tenancy.example/client/api"
)

var (
	ctx      = context.Background()
	caller   = client("INTEGRATION_KEY", "BASE_URL")
	operator = client("OPERATOR_KEY", "BASE_URL")
)

func client(key, baseURL string) *api.ClientWithResponses {
	authorize := func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+os.Getenv(key))
		return nil
	}
	return must(api.NewClientWithResponses(os.Getenv(baseURL), api.WithRequestEditorFn(authorize)))
}

// answer is what every generated response is.
type answer interface {
	StatusCode() int
	GetBody() []byte
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// ok is a call that must be answered with this status.
func ok[T answer](status int) func(T, error) T {
	return func(response T, err error) T {
		if must(response, err).StatusCode() != status {
			panic(fmt.Sprintf("%T: %d %s", response, response.StatusCode(), response.GetBody()))
		}
		return response
	}
}

// problem checks a problem that was read from an answer.
func problem(found *api.Problem, status int, slug string) *api.Problem {
	if found == nil || found.Status != status || !strings.HasSuffix(found.Type, "/problems/"+slug) {
		panic(fmt.Sprintf("not the problem %s: %+v", slug, found))
	}
	return found
}

func same(actual, expected any) {
	if !reflect.DeepEqual(actual, expected) {
		panic(fmt.Sprintf("%#v is not %#v", actual, expected))
	}
}

func null[T any]() nullable.Nullable[T]        { return nullable.NewNullNullable[T]() }
func some[T any](value T) nullable.Nullable[T] { return nullable.NewNullableWithValue(value) }
func pointer[T any](value T) *T                { return &value }

func upsert(status int, externalID string, body api.TenantUpsert) *api.Tenant {
	response := ok[*api.UpsertTenantByExternalIdResponse](status)(
		caller.UpsertTenantByExternalIdWithResponse(ctx, externalID, nil, body))
	if status == http.StatusCreated {
		return response.JSON201
	}
	return response.JSON200
}

func update(tenant string, body api.TenantPatch) *api.Tenant {
	return ok[*api.UpdateTenantResponse](200)(caller.UpdateTenantWithResponse(ctx, tenant, nil, body)).JSON200
}

// Two tenants with odd external ids.
func upserts() (*api.Tenant, *api.Tenant) {
	body := api.TenantUpsert{Name: some("Warehouse North"), Metadata: &api.Metadata{"crm_id": "88121"}}
	made := upsert(201, "acme:tenant:1", body)
	same(upsert(200, "acme:tenant:1", body), made)
	other := upsert(201, "a/b c#e%2Fé", api.TenantUpsert{})
	for externalID, tenant := range map[string]*api.Tenant{"acme:tenant:1": made, "a/b c#e%2Fé": other} {
		same(tenant.ExternalId, some(externalID))
		read := ok[*api.GetTenantByExternalIdResponse](200)(caller.GetTenantByExternalIdWithResponse(ctx, externalID, nil))
		same(read.JSON200, tenant)
	}
	same([]any{made.Name, made.Metadata["crm_id"], made.Settings.MaxStickyTtlSeconds}, []any{some("Warehouse North"), "88121", 3600})
	return made, other
}

// A repository that is the tenant's default.
func attaches(tenant string) string {
	body := api.RepositoryRegistration{Name: "playbooks", RepoUrl: "https://github.com/acme/playbooks.git", Provider: pointer(api.Github)}
	repository := ok[*api.RegisterRepositoryResponse](201)(caller.RegisterRepositoryWithResponse(ctx, nil, body)).JSON201
	same([]any{repository.Branch, repository.CredentialId, repository.Sync.LastSyncedAt.IsNull()}, []any{"main", null[string](), true})
	attach := func(status int, options api.AttachmentOptions) *api.AttachTenantRepositoryResponse {
		return ok[*api.AttachTenantRepositoryResponse](status)(caller.AttachTenantRepositoryWithResponse(ctx, tenant, repository.Id, options))
	}
	attachment := attach(201, api.AttachmentOptions{IsDefault: pointer(true)}).JSON201
	same([]any{attachment.IsDefault, attachment.Repository.Id}, []any{true, repository.Id})
	again := attach(200, api.AttachmentOptions{BranchOverride: some("stable")}).JSON200
	same([]any{again.IsDefault, again.BranchOverride}, []any{true, some("stable")})
	list := ok[*api.ListTenantRepositoriesResponse](200)(caller.ListTenantRepositoriesWithResponse(ctx, tenant, nil)).JSON200
	same([]any{len(list.Data), list.Data[0].RepositoryId}, []any{1, repository.Id})
	return repository.Id
}

// A null clears one member, and one member changes nothing else; an upsert does not reactivate.
func updates(tenant, repository string) {
	cleared := update(tenant, api.TenantPatch{Name: null[string]()})
	same([]any{cleared.Name, cleared.Metadata["crm_id"], cleared.DefaultRepositoryId}, []any{null[string](), "88121", some(repository)})
	suspended := update(tenant, api.TenantPatch{Status: pointer(api.TenantStatusSuspended)})
	same([]any{suspended.Status, suspended.Name, suspended.DefaultRepositoryId}, []any{api.TenantStatusSuspended, null[string](), some(repository)})
	same(upsert(200, "acme:tenant:1", api.TenantUpsert{}).Status, api.TenantStatusSuspended)
	stale := api.UpdateTenantParams{IfMatch: pointer(`"0"`)}
	late := ok[*api.UpdateTenantResponse](412)(caller.UpdateTenantWithResponse(ctx, tenant, &stale, api.TenantPatch{Name: some("late")}))
	problem(late.ApplicationproblemJSON412, 412, "precondition-failed")
}

// Pages of one, newest first, by cursors.
func lists(tenants ...string) {
	var found []string
	list := func(params api.ListTenantsParams) *api.TenantPage {
		return ok[*api.ListTenantsResponse](200)(caller.ListTenantsWithResponse(ctx, &params)).JSON200
	}
	page := list(api.ListTenantsParams{Limit: pointer(1)})
	for found = append(found, page.Data[0].Id); page.HasMore; found = append(found, page.Data[0].Id) {
		page = list(api.ListTenantsParams{Limit: pointer(1), StartingAfter: pointer(page.NextCursor.MustGet())})
	}
	slices.Sort(tenants)
	slices.Reverse(tenants)
	same(found, tenants)
	same(page.NextCursor, null[api.TenantId]())
	before := list(api.ListTenantsParams{EndingBefore: &tenants[1]})
	same([]any{len(before.Data), before.Data[0].Id}, []any{1, tenants[0]})
}

// A 404, a 422 and a 403, as types.
func problems() {
	absent := ok[*api.GetTenantResponse](404)(caller.GetTenantWithResponse(ctx, "tnt_01m6k708ka2r00k6agv0vfcxec", nil))
	problem(absent.ApplicationproblemJSON404, 404, "not-found")
	body := api.RepositoryRegistration{Name: "", RepoUrl: "ftp://example.com/x"}
	wrong := ok[*api.RegisterRepositoryResponse](422)(caller.RegisterRepositoryWithResponse(ctx, nil, body))
	var pointers []string
	for _, fault := range *problem(wrong.ApplicationproblemJSON422, 422, "validation-error").Errors {
		pointers = append(pointers, fault.Pointer)
	}
	slices.Sort(pointers)
	same(pointers, []string{"/name", "/repo_url"})
	foreign := ok[*api.ListTenantsResponse](403)(operator.ListTenantsWithResponse(ctx, nil))
	problem(foreign.ApplicationproblemJSON403, 403, "insufficient-scope")
}

// A resource that is in use cannot be deleted.
func removes(tenant, other, repository string) {
	detach := func(status int) *api.DetachTenantRepositoryResponse {
		return ok[*api.DetachTenantRepositoryResponse](status)(caller.DetachTenantRepositoryWithResponse(ctx, tenant, repository))
	}
	forget := func(status int) *api.DeleteRepositoryResponse {
		return ok[*api.DeleteRepositoryResponse](status)(caller.DeleteRepositoryWithResponse(ctx, repository, nil))
	}
	deprovision := func(status int) *api.DeleteTenantByExternalIdResponse {
		return ok[*api.DeleteTenantByExternalIdResponse](status)(caller.DeleteTenantByExternalIdWithResponse(ctx, "acme:tenant:1", nil))
	}
	used := problem(detach(409).ApplicationproblemJSON409, 409, "resource-in-use")
	same(used.ConflictingResourceId, &tenant)
	problem(forget(409).ApplicationproblemJSON409, 409, "resource-in-use")
	same(update(tenant, api.TenantPatch{DefaultRepositoryId: null[string]()}).DefaultRepositoryId, null[string]())
	detach(204)
	forget(204)
	ok[*api.DeleteTenantResponse](204)(caller.DeleteTenantWithResponse(ctx, other, nil))
	deprovision(204)
	problem(deprovision(404).ApplicationproblemJSON404, 404, "not-found")
}

// The operations of an operator.
func customers() {
	body := api.CustomerCreation{CustomerId: "by-go", Description: some("for a moment"), Labels: &api.Labels{"tier": "gold"}}
	create := func(status int, params *api.CreateCustomerParams) *api.CreateCustomerResponse {
		return ok[*api.CreateCustomerResponse](status)(operator.CreateCustomerWithResponse(ctx, params, body))
	}
	once := &api.CreateCustomerParams{IdempotencyKey: pointer("go-1")}
	made := create(201, once).JSON201
	same(create(201, once).JSON201, made)
	taken := problem(create(409, nil).ApplicationproblemJSON409, 409, "name-conflict")
	same(taken.ConflictingResourceId, &made.Id)
	patch := api.CustomerPatch{Description: null[string]()}
	changed := ok[*api.UpdateCustomerResponse](200)(operator.UpdateCustomerWithResponse(ctx, made.CustomerId, nil, patch)).JSON200
	same([]any{changed.Description, changed.Labels["tier"]}, []any{null[string](), "gold"})
	read := ok[*api.GetCustomerResponse](200)(operator.GetCustomerWithResponse(ctx, made.Id, nil))
	same(read.JSON200, changed)
	known := &api.GetCustomerParams{IfNoneMatch: pointer(read.HTTPResponse.Header.Get("ETag"))}
	ok[*api.GetCustomerResponse](304)(operator.GetCustomerWithResponse(ctx, made.Id, known))
	ends := time.Now().Add(24 * time.Hour).Truncate(time.Millisecond).In(time.FixedZone("", 2*60*60))
	creation := api.KeyCreation{Name: "ends", Scopes: &[]api.IntegrationScope{}, ExpiresAt: some(ends)}
	key := ok[*api.CreateKeyResponse](201)(operator.CreateKeyWithResponse(ctx, made.CustomerId, nil, creation)).JSON201
	same([]any{key.ExpiresAt.MustGet().Equal(ends), len(key.Scopes)}, []any{true, 0})
	var found []string
	for token, more := "", true; more; more = token != "" {
		params := &api.ListCustomersParams{PagePageSize: pointer(1), PagePageToken: &token}
		page := ok[*api.ListCustomersResponse](200)(operator.ListCustomersWithResponse(ctx, params)).JSON200
		for _, row := range page.Customers {
			found = append(found, row.CustomerId)
		}
		token = page.Page.NextPageToken
	}
	if !slices.Contains(found, "by-go") {
		panic(fmt.Sprintf("by-go is not among %q", found))
	}
	ok[*api.ArchiveCustomerResponse](204)(operator.ArchiveCustomerWithResponse(ctx, made.CustomerId, nil))
	gone := ok[*api.GetCustomerResponse](404)(operator.GetCustomerWithResponse(ctx, made.CustomerId, nil))
	problem(gone.ApplicationproblemJSON404, 404, "not-found")
	restored := ok[*api.RestoreCustomerResponse](200)(operator.RestoreCustomerWithResponse(ctx, made.CustomerId, nil))
	same(restored.JSON200.ArchivedAt.IsNull(), true)
}

// An answer of the gateway is in JSON429 and so on; a problem would be in ApplicationproblemJSON429.
func gateway() {
	get := func(status int) *api.GetCustomerResponse {
		refusing := client("OPERATOR_KEY", fmt.Sprintf("BASE_URL_%d", status))
		return ok[*api.GetCustomerResponse](status)(refusing.GetCustomerWithResponse(ctx, "demo", nil))
	}
	for _, failure := range []*api.Failure{get(413).JSONDefault, get(429).JSON429, get(500).JSON500, get(503).JSON503} {
		same(must(failure.AsGatewayMessage()).Message != "", true)
	}
}

func main() {
	tenant, other := upserts()
	repository := attaches(tenant.Id)
	updates(tenant.Id, repository)
	lists(tenant.Id, other.Id)
	problems()
	removes(tenant.Id, other.Id, repository)
	customers()
	gateway()
	fmt.Println("the client of oapi-codegen works")
}
