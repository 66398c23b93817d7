// The flows of an operator, an integration and an end user.
package agentrouter_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/tetrateio/agentrouter-go"
	"github.com/tetrateio/agentrouter-go/tenancyv1"
)

func TestARequestOverTheLimitsIsSentAgain(t *testing.T) {
	operators, ctx, id := operator(t), t.Context(), name(t)
	limits := agentrouter.Value(tenancyv1.RequestLimitsInput{RequestsPerSecond: 1})
	made := must(operators.Customers().Create(ctx, tenancyv1.CustomerCreation{CustomerId: id, Limits: limits}))(t)
	same(t, *made.Limits, tenancyv1.RequestLimits{RequestsPerSecond: 1, Burst: 1})
	t.Setenv("LIMITED_KEY", *must(operators.Keys().Create(ctx, id, tenancyv1.KeyCreation{Name: "limited"}))(t).ApiKeyOnce)
	for range 2 {
		must(client(t, environment(t, "BASE_URL"), "LIMITED_KEY").Tenants().List(ctx, nil))(t)
	}
	var refused error
	once := client(t, environment(t, "BASE_URL"), "LIMITED_KEY", agentrouter.WithRetries(0))
	for sent := 0; sent < 100 && refused == nil; sent++ {
		_, refused = once.Tenants().List(ctx, nil)
	}
	header := fails[*agentrouter.RateLimitedError](t, refused).Header
	same(t, []string{header.Get("Retry-After"), header.Get("RateLimit-Remaining")}, []string{"1", "0"})
	without := tenancyv1.CustomerPatch{Limits: agentrouter.Null[tenancyv1.RequestLimitsInput]()}
	same(t, must(operators.Customers().Update(ctx, id, without))(t).Limits, (*tenancyv1.RequestLimits)(nil))
}

func TestOperatorsManageCustomersAndKeys(t *testing.T) {
	client, ctx, id := operator(t), t.Context(), name(t)
	customers := client.Customers()
	body := tenancyv1.CustomerCreation{CustomerId: id, Description: agentrouter.Value("for a moment"), Labels: &tenancyv1.Labels{"tier": "gold"}}
	made := must(customers.Create(ctx, body, agentrouter.IdempotencyKey(id)))(t)
	var response agentrouter.Response
	same(t, must(customers.Create(ctx, body, agentrouter.IdempotencyKey(id), agentrouter.Capture(&response)))(t), made)
	same(t, []any{response.Status, response.Replayed(), response.Attempts}, []any{201, true, 1})
	_, err := customers.Create(ctx, body)
	taken := fails[*agentrouter.NameConflictError](t, err)
	same(t, []any{taken.ConflictingResourceID, taken.Status, len(taken.RequestID)}, []any{made.Id, 409, 30})

	changed := must(customers.Update(ctx, id, tenancyv1.CustomerPatch{Description: agentrouter.Null[string]()}))(t)
	same(t, []any{changed.Description, changed.DisplayName, changed.Labels["tier"]}, []any{(*string)(nil), (*string)(nil), "gold"})
	same(t, must(customers.Get(ctx, made.Id, agentrouter.Capture(&response)))(t), changed)
	_, err = customers.Get(ctx, id, agentrouter.IfNoneMatch(response.ETag()))
	same(t, errors.Is(err, agentrouter.ErrNotModified), true)
	_, err = customers.Update(ctx, id, tenancyv1.CustomerPatch{DisplayName: agentrouter.Value("x")}, agentrouter.IfMatch(`"0"`))
	fails[*agentrouter.PreconditionFailedError](t, err)
	named := tenancyv1.CustomerPatch{DisplayName: agentrouter.Value("Named"), Labels: &tenancyv1.Labels{}}
	changed = must(customers.Update(ctx, id, named, agentrouter.IfMatch(response.ETag())))(t)
	same(t, []any{*changed.DisplayName, len(changed.Labels)}, []any{"Named", 0})

	ends := time.Now().Add(24 * time.Hour).Truncate(time.Millisecond).In(time.FixedZone("", 2*60*60))
	creation := tenancyv1.KeyCreation{Name: "ends", Scopes: &[]tenancyv1.IntegrationScope{}, ExpiresAt: agentrouter.Value(ends)}
	key := must(client.Keys().Create(ctx, id, creation))(t)
	same(t, []any{key.ExpiresAt.Equal(ends), len(key.Scopes)}, []any{true, 0})
	rotated := must(client.Keys().Rotate(ctx, id, key.KeyId, tenancyv1.KeyRotation{OverlapSeconds: agentrouter.Ptr(60)}))(t)
	ok(t, client.Keys().Revoke(ctx, id, key.KeyId))
	same(t, must(client.Keys().List(ctx, id))(t).Keys[0].KeyId, rotated.KeyId)

	var found []string
	params := &tenancyv1.ListCustomersParams{PageSize: agentrouter.Ptr(1), Filter: agentrouter.Ptr(`customer_id = "go-*"`), OrderBy: agentrouter.Ptr("created_at desc")}
	for customer, err := range customers.All(ctx, params) {
		ok(t, err)
		found = append(found, customer.CustomerId)
	}
	same(t, slices.Contains(found, id), true)
	page := must(customers.List(ctx, params))(t)
	same(t, []any{len(page.Customers), page.Page.NextPageToken != "" || len(found) == 1}, []any{1, true})

	ok(t, customers.Archive(ctx, id))
	_, err = customers.Get(ctx, id)
	fails[*agentrouter.NotFoundError](t, err)
	same(t, must(customers.Restore(ctx, id))(t).ArchivedAt, (*time.Time)(nil))
}

// The signatures of AgentRouter's own client.
func TestTenancy(t *testing.T) {
	tenancy, ctx, id := operator(t).Tenancy(), t.Context(), name(t)
	made := must(tenancy.Create(ctx, id, "Acme", ""))(t)
	same(t, []any{*made.DisplayName, made.Description}, []any{"Acme", (*string)(nil)})
	same(t, must(tenancy.Get(ctx, id))(t), made)
	changed := must(tenancy.Update(ctx, id, "", "a robot"))(t)
	same(t, []any{changed.DisplayName, *changed.Description}, []any{(*string)(nil), "a robot"})
	list := must(tenancy.List(ctx))(t)
	same(t, slices.ContainsFunc(list.Customers, func(c tenancyv1.Customer) bool { return c.CustomerId == id }), true)
	same(t, list.Page.NextPageToken, "")
	ok(t, tenancy.Archive(ctx, id))
	fails[*agentrouter.NotFoundError](t, tenancy.Archive(ctx, id))
}

func TestIntegrationsProvisionTenants(t *testing.T) {
	client, ctx := integration(t), t.Context()
	tenants, attachments := client.Tenants(), client.Attachments()
	self := must(client.Integration().Self(ctx))(t)
	same(t, []any{self.CustomerId, slices.Contains(self.Scopes, tenancyv1.IntegrationScopeTenantsWrite)}, []any{"demo", true})

	externalID := name(t) + ":tenant"
	body := tenancyv1.TenantUpsert{Name: agentrouter.Value("Warehouse North"), Metadata: &tenancyv1.Metadata{"crm_id": "88121"}}
	var response agentrouter.Response
	made := must(tenants.Upsert(ctx, externalID, body, agentrouter.IfNoneMatch("*"), agentrouter.Capture(&response)))(t)
	same(t, []any{response.Status, *made.ExternalId, *made.Name, made.Metadata["crm_id"], made.Settings.MaxStickyTtlSeconds}, []any{201, externalID, "Warehouse North", "88121", 3600})
	same(t, must(tenants.Upsert(ctx, externalID, body, agentrouter.Capture(&response)))(t), made)
	same(t, response.Status, 200)
	_, err := tenants.Create(ctx, tenancyv1.TenantCreation{ExternalId: agentrouter.Value(externalID)})
	same(t, fails[*agentrouter.ExternalIDConflictError](t, err).ConflictingResourceID, made.Id)

	registration := tenancyv1.RepositoryRegistration{Name: externalID, RepoUrl: "https://github.com/acme/playbooks.git", Provider: agentrouter.Ptr(tenancyv1.RepositoryProviderGithub)}
	repository := must(client.Repositories().Register(ctx, registration))(t)
	same(t, []any{repository.Branch, repository.CredentialId, repository.Sync.LastSyncedAt}, []any{"main", (*string)(nil), (*time.Time)(nil)})
	branch := must(client.Repositories().Update(ctx, repository.Id, tenancyv1.RepositoryPatch{Branch: agentrouter.Ptr("stable")}))(t)
	same(t, must(client.Repositories().Get(ctx, repository.Id))(t), branch)
	attachment := must(attachments.Attach(ctx, made.Id, repository.Id, tenancyv1.AttachmentOptions{IsDefault: agentrouter.Ptr(true)}))(t)
	same(t, []any{attachment.IsDefault, attachment.BranchOverride}, []any{true, (*string)(nil)})
	for attachment, err := range attachments.All(ctx, made.Id, nil) {
		ok(t, err)
		same(t, attachment.RepositoryId, repository.Id)
	}
	named := &tenancyv1.ListRepositoriesParams{Name: &externalID}
	same(t, must(client.Repositories().List(ctx, named))(t).Data[0].Id, repository.Id)

	// A null clears one member, and one member changes nothing else; an upsert does not reactivate.
	cleared := must(tenants.Update(ctx, made.Id, tenancyv1.TenantPatch{Name: agentrouter.Null[string]()}))(t)
	same(t, []any{cleared.Name, cleared.Metadata["crm_id"], *cleared.DefaultRepositoryId}, []any{(*string)(nil), "88121", repository.Id})
	same(t, must(tenants.Suspend(ctx, made.Id))(t).Status, tenancyv1.TenantStatusSuspended)
	same(t, must(tenants.Upsert(ctx, externalID, tenancyv1.TenantUpsert{}))(t).Status, tenancyv1.TenantStatusSuspended)
	same(t, must(tenants.Activate(ctx, made.Id))(t).Status, tenancyv1.TenantStatusActive)

	// A resource that is in use cannot be deleted.
	used := fails[*agentrouter.ResourceInUseError](t, attachments.Detach(ctx, made.Id, repository.Id))
	same(t, used.ConflictingResourceID, made.Id)
	fails[*agentrouter.ResourceInUseError](t, client.Repositories().Delete(ctx, repository.Id))
	must(tenants.Update(ctx, made.Id, tenancyv1.TenantPatch{DefaultRepositoryId: agentrouter.Null[string]()}))(t)
	ok(t, attachments.Detach(ctx, made.Id, repository.Id))
	ok(t, client.Repositories().Delete(ctx, repository.Id))
	ok(t, tenants.Delete(ctx, made.Id))
	must(tenants.Upsert(ctx, externalID, tenancyv1.TenantUpsert{}))(t)
	ok(t, tenants.Deprovision(ctx, externalID))
	fails[*agentrouter.NotFoundError](t, tenants.DeleteByExternalID(ctx, externalID))
}

func TestUsersHaveConversations(t *testing.T) {
	client, ctx, id := integration(t), t.Context(), name(t)
	tenant := must(client.Tenants().Upsert(ctx, id, tenancyv1.TenantUpsert{}))(t)
	var roles []string
	for _, each := range []string{"first", "second"} {
		role := must(client.Roles().Create(ctx, tenant.Id, tenancyv1.RoleCreation{Name: each}))(t)
		roles = append(roles, role.Id)
	}
	described := must(client.Roles().Update(ctx, roles[0], tenancyv1.RolePatch{Description: agentrouter.Value("x")}))(t)
	same(t, must(client.Roles().Get(ctx, roles[0]))(t), described)
	user := must(client.Users().Upsert(ctx, tenant.Id, "a/b c", tenancyv1.UserUpsert{RoleIds: &roles, Email: agentrouter.Value("a@example.com")}))(t)
	same(t, must(client.Users().GetByExternalID(ctx, tenant.Id, "a/b c"))(t), user)
	for found, err := range client.Users().All(ctx, &tenancyv1.ListUsersParams{TenantId: &tenant.Id}) {
		ok(t, err)
		same(t, found, user)
	}
	_, err := client.Conversations().Create(ctx, tenancyv1.ConversationCreation{UserId: &user.Id})
	fails[*agentrouter.RoleRequiredError](t, err)
	ok(t, client.Users().UnassignRole(ctx, user.Id, roles[1]))
	ok(t, client.Users().AssignRole(ctx, user.Id, roles[1]))
	ok(t, client.Users().UnassignRole(ctx, user.Id, roles[1]))
	ok(t, client.Roles().Delete(ctx, roles[1]))

	token := must(client.Tokens().Exchange(ctx, tenancyv1.TokenExchange{TenantExternalId: id, UserExternalId: "a/b c"}))(t)
	options := []agentrouter.Option{agentrouter.WithBaseURL(environment(t, "BASE_URL")), agentrouter.WithAPIKey(token.Token)}
	person := must(agentrouter.New(ctx, options...))(t)
	sticky := &tenancyv1.RuntimeCreation{Mode: agentrouter.Ptr(tenancyv1.RuntimeModeSticky)}
	talk := must(person.Conversations().Create(ctx, tenancyv1.ConversationCreation{Title: agentrouter.Value("Shifts"), Runtime: sticky}))(t)
	same(t, []any{*talk.Context.RoleId, *talk.Runtime.StickyTtlSeconds}, []any{roles[0], 3600})
	for _, content := range []string{"one", "two", "three"} {
		must(person.Messages().Create(ctx, talk.Id, tenancyv1.MessageCreation{Content: content}))(t)
	}
	var contents []string
	params := &tenancyv1.ListMessagesParams{Limit: agentrouter.Ptr(1), Order: agentrouter.Ptr(tenancyv1.SortOrderDesc)}
	for message, err := range person.Messages().All(ctx, talk.Id, params) {
		ok(t, err)
		contents = append(contents, message.Content)
	}
	same(t, contents, []string{"three", "two", "one"})
	same(t, must(client.Messages().List(ctx, talk.Id, nil))(t).Data[0].Content, "one")
	same(t, must(client.Conversations().List(ctx, &tenancyv1.ListConversationsParams{UserId: &user.Id}))(t).Data[0].MessageCount, 3)
	_, err = person.Tenants().Get(ctx, tenant.Id)
	same(t, fails[*agentrouter.InsufficientScopeError](t, err).Status, 403)

	must(client.Tenants().Suspend(ctx, tenant.Id))(t)
	_, err = person.Messages().Create(ctx, talk.Id, tenancyv1.MessageCreation{Content: "late"})
	fails[*agentrouter.TenantSuspendedError](t, err)
	must(client.Tenants().Activate(ctx, tenant.Id))(t)
	renamed := must(client.Conversations().Update(ctx, talk.Id, tenancyv1.ConversationPatch{Title: agentrouter.Null[string]()}))(t)
	same(t, []any{renamed.Title, must(client.Conversations().Get(ctx, talk.Id))(t).Id}, []any{(*string)(nil), talk.Id})
	ok(t, client.Conversations().Archive(ctx, talk.Id))
	_, err = person.Messages().Create(ctx, talk.Id, tenancyv1.MessageCreation{Content: "late"})
	fails[*agentrouter.ConversationArchivedError](t, err)
	for found, err := range client.Conversations().All(ctx, &tenancyv1.ListConversationsParams{TenantId: &tenant.Id}) {
		ok(t, err)
		same(t, found.Status, tenancyv1.ConversationStatusArchived)
	}
	ok(t, client.Users().Deactivate(ctx, user.Id))
	same(t, must(client.Users().Get(ctx, user.Id))(t).Status, tenancyv1.UserStatusSuspended)
	active := tenancyv1.UserPatch{Status: agentrouter.Ptr(tenancyv1.UserStatusActive), Email: agentrouter.Null[string]()}
	same(t, must(client.Users().Update(ctx, user.Id, active))(t).Email, (*string)(nil))
	ok(t, client.Tenants().Deprovision(ctx, id))
	_, err = person.Conversations().Get(ctx, talk.Id)
	same(t, fails[*agentrouter.InsufficientScopeError](t, err).Status, 401)
}

// Lists of the cursor style, in both directions, and a loop that ends early.
func TestPages(t *testing.T) {
	client, ctx, prefix := integration(t), t.Context(), name(t)
	tenant := must(client.Tenants().Upsert(ctx, prefix, tenancyv1.TenantUpsert{}))(t)
	var roles []string
	for _, each := range []string{"a", "b", "c"} {
		roles = append(roles, must(client.Roles().Create(ctx, tenant.Id, tenancyv1.RoleCreation{Name: each}))(t).Id)
	}
	slices.Reverse(roles) // Newest first.
	list := func(params tenancyv1.ListRolesParams) (found []string) {
		for role, err := range client.Roles().All(ctx, tenant.Id, &params) {
			ok(t, err)
			found = append(found, role.Id)
		}
		return found
	}
	one := agentrouter.Ptr(1)
	same(t, list(tenancyv1.ListRolesParams{Limit: one}), roles)
	same(t, list(tenancyv1.ListRolesParams{}), roles)
	same(t, list(tenancyv1.ListRolesParams{Limit: one, StartingAfter: &roles[0]}), roles[1:])
	same(t, list(tenancyv1.ListRolesParams{Limit: one, EndingBefore: &roles[2]}), []string{roles[1], roles[0]})
	var response agentrouter.Response
	for role, err := range client.Roles().All(ctx, tenant.Id, nil, agentrouter.Capture(&response)) {
		ok(t, err)
		same(t, role.Id, roles[0])
		break
	}
	same(t, response.Status, 200)
	for role, err := range client.Roles().All(ctx, tenant.Id, &tenancyv1.ListRolesParams{Limit: agentrouter.Ptr(0)}) {
		same(t, role, (*tenancyv1.Role)(nil))
		same(t, fails[*agentrouter.ValidationError](t, err).Errors[0].Pointer, "/query/limit")
	}
	count := 0
	for _, err := range client.Tenants().All(ctx, &tenancyv1.ListTenantsParams{Limit: one, StartingAfter: &tenant.Id}) {
		ok(t, err)
		if count++; count == 2 {
			break
		}
	}
	for repository, err := range client.Repositories().All(ctx, &tenancyv1.ListRepositoriesParams{Name: &prefix}) {
		t.Fatal(repository, err)
	}
}

func TestEveryoneReadsTheService(t *testing.T) {
	service, ctx := operator(t).Service(), t.Context()
	same(t, must(service.Health(ctx))(t).Status, "ok")
	document := *must(service.OpenAPI(ctx))(t)
	contains(t, document["openapi"].(string), "3.1.")
	must(service.JWKS(ctx))(t)
	same(t, must(service.Problem(ctx, "name-conflict"))(t).Statuses[0].Status, 409)
}
