// The client has every operation of the API's document, and sends values of paths as they are.
package agentrouter_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tetrateio/agentrouter-go"
	"github.com/tetrateio/agentrouter-go/tenancyv1"
)

// Each method names its operation in its comment, and has its method and path.
func TestEveryOperationIsAMethod(t *testing.T) {
	document := string(must(os.ReadFile("../../openapi.yaml"))(t))
	var documented, methods []string
	path, method := "", ""
	for line := range strings.Lines(document) {
		if found := regexp.MustCompile(`^  (/[^:]*):$`).FindStringSubmatch(strings.TrimSuffix(line, "\n")); found != nil {
			path = found[1]
		} else if found := regexp.MustCompile(`^    (get|put|post|patch|delete):$`).FindStringSubmatch(strings.TrimSuffix(line, "\n")); found != nil {
			method = strings.ToUpper(found[1])
		} else if found := regexp.MustCompile(`^      operationId: (\w+)$`).FindStringSubmatch(strings.TrimSuffix(line, "\n")); found != nil {
			documented = append(documented, found[1]+" "+method+" "+path)
		}
	}
	file := must(parser.ParseFile(token.NewFileSet(), "methods.gen.go", nil, parser.ParseComments))(t)
	for _, declaration := range file.Decls {
		function, is := declaration.(*ast.FuncDecl)
		if !is {
			continue
		}
		named := regexp.MustCompile(`is the operation (\w+):`).FindStringSubmatch(function.Doc.Text())
		if named == nil {
			continue
		}
		sent := map[string]string{}
		ast.Inspect(function, func(node ast.Node) bool {
			entry, is := node.(*ast.KeyValueExpr)
			if !is {
				return true
			}
			switch value := entry.Value.(type) {
			case *ast.SelectorExpr:
				sent[entry.Key.(*ast.Ident).Name] = strings.ToUpper(strings.TrimPrefix(value.Sel.Name, "Method"))
			case *ast.BasicLit:
				sent[entry.Key.(*ast.Ident).Name] = must(strconv.Unquote(value.Value))(t)
			}
			return true
		})
		methods = append(methods, named[1]+" "+sent["method"]+" "+sent["path"])
	}
	slices.Sort(documented)
	slices.Sort(methods)
	same(t, len(documented) > 50, true)
	same(t, methods, documented)
}

// Ids that would lead to another resource are refused, and nothing is sent.
func TestIdsAreCheckedBeforeAnythingIsSent(t *testing.T) {
	address, ctx := fault(t, "drop_before", 0), t.Context()
	operator, integration := client(t, string(address), "OPERATOR_KEY"), client(t, string(address), "INTEGRATION_KEY")
	tenant := "tnt_01m6k708ka2r00k6agv0vfcxec"
	calls := map[string]func(string) error{
		"customer_id":     func(id string) error { return operator.Tenancy().Archive(ctx, id) },
		"key_id":          func(id string) error { return operator.Keys().Revoke(ctx, "demo", id) },
		"tenant_id":       func(id string) error { return integration.Tenants().Delete(ctx, id) },
		"repository_id":   func(id string) error { return integration.Attachments().Detach(ctx, tenant, id) },
		"user_id":         func(id string) error { return integration.Users().Deactivate(ctx, id) },
		"role_id":         func(id string) error { return integration.Roles().Delete(ctx, id) },
		"conversation_id": func(id string) error { return integration.Conversations().Archive(ctx, id) },
		"slug": func(id string) error {
			_, err := operator.Service().Problem(ctx, id)
			return err
		},
	}
	for parameter, call := range calls {
		for _, id := range []string{"", ".", "..", "a/b", "../tenants", "/", "\xff/"} {
			same(t, fails[*agentrouter.InvalidArgumentError](t, call(id)).Parameter, parameter)
		}
	}
	for _, id := range []string{"", ".", "..", " .. ", "a?b", "a\nb", " ", "\xff", strings.Repeat("x", 256)} {
		err := integration.Tenants().Deprovision(ctx, id)
		same(t, fails[*agentrouter.InvalidArgumentError](t, err).Parameter, "external_id")
	}
	for _, err := range integration.Roles().All(ctx, "", nil) {
		fails[*agentrouter.InvalidArgumentError](t, err)
	}
	same(t, address.requests(t), 0)
}

// External ids arrive as they are, through the relay too.
func TestExternalIdsArriveAsTheyAre(t *testing.T) {
	ctx, prefix := t.Context(), name(t)
	for _, tenants := range []*agentrouter.Tenants{integration(t).Tenants(), client(t, string(fault(t, "429", 0)), "INTEGRATION_KEY").Tenants()} {
		for _, odd := range []string{"", ":tenant:1", "/../x", "/./", "//", "a/b c#e%2Fé", "+&=;,@", "%", "\\", "\u2603 日本", "..", strings.Repeat("é", 200)} {
			externalID := prefix + odd
			tenant := must(tenants.Upsert(ctx, externalID, tenancyv1.TenantUpsert{}))(t)
			same(t, *tenant.ExternalId, externalID)
			same(t, must(tenants.GetByExternalID(ctx, externalID))(t).Id, tenant.Id)
			user := must(integration(t).Users().Upsert(ctx, tenant.Id, externalID, tenancyv1.UserUpsert{}))(t)
			same(t, user.ExternalId, externalID)
			ok(t, tenants.Deprovision(ctx, externalID))
		}
	}
}

func TestSettings(t *testing.T) {
	ctx := t.Context()
	t.Setenv("AGENTROUTER_BASE_URL", environment(t, "BASE_URL")+"/")
	t.Setenv("AGENTROUTER_API_KEY", environment(t, "OPERATOR_KEY"))
	must(must(agentrouter.New(ctx))(t).Tenancy().List(ctx))(t)
	for _, address := range []string{"ftp://127.0.0.1", "127.0.0.1", "http://", "http://a:b@127.0.0.1", "http://127.0.0.1?x", "http://127.0.0.1#x", ":"} {
		if _, err := agentrouter.New(ctx, agentrouter.WithBaseURL(address)); err == nil {
			t.Fatalf("%q is taken", address)
		}
	}
	t.Setenv("AGENTROUTER_API_KEY", "")
	_, err := agentrouter.New(ctx)
	contains(t, err.Error(), "AGENTROUTER_API_KEY")
	t.Setenv("AGENTROUTER_BASE_URL", "")
	_, err = agentrouter.New(ctx, agentrouter.WithAPIKey("x"))
	contains(t, err.Error(), "AGENTROUTER_BASE_URL")
}
