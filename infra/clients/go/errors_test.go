// Errors by their types, and that no text shows the key.
package agentrouter_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tetrateio/agentrouter-go"
	"github.com/tetrateio/agentrouter-go/tenancyv1"
)

// Every problem of the registry has a type, and no other has.
func TestEveryProblemHasAType(t *testing.T) {
	list := must(operator(t).Service().Problems(t.Context()))(t)
	var registry []string
	for _, problem := range list.Data {
		registry = append(registry, string(problem.Slug))
	}
	constants := map[string]string{}
	for _, file := range []string{"tenancyv1/types.gen.go", "problems.go"} {
		ast.Inspect(must(parser.ParseFile(token.NewFileSet(), file, nil, 0))(t), func(node ast.Node) bool {
			if spec, is := node.(*ast.ValueSpec); is && len(spec.Values) == 1 {
				if literal, is := spec.Values[0].(*ast.BasicLit); is {
					constants[spec.Names[0].Name] = must(strconv.Unquote(literal.Value))(t)
				}
			}
			return true
		})
	}
	typed := map[string]string{}
	ast.Inspect(must(parser.ParseFile(token.NewFileSet(), "problems.go", nil, 0))(t), func(node ast.Node) bool {
		if entry, is := node.(*ast.KeyValueExpr); is {
			function := entry.Value.(*ast.FuncLit)
			made := function.Body.List[0].(*ast.ReturnStmt).Results[0].(*ast.UnaryExpr).X.(*ast.CompositeLit)
			typed[constants[entry.Key.(*ast.SelectorExpr).Sel.Name]] = made.Type.(*ast.Ident).Name
		}
		return true
	})
	same(t, slices.Sorted(maps.Keys(typed)), slices.Sorted(slices.Values(registry)))
	unique := map[string]bool{}
	for slug, kind := range typed {
		unique[kind] = true
		words := strings.ToLower(strings.TrimSuffix(kind, "Error"))
		same(t, words, strings.TrimSuffix(strings.ReplaceAll(slug, "-", ""), "error"))
	}
	same(t, len(unique), len(registry))
}

func TestProblems(t *testing.T) {
	client, ctx := integration(t), t.Context()
	_, err := client.Tenants().Get(ctx, "tnt_01m6k708ka2r00k6agv0vfcxec")
	absent := fails[*agentrouter.NotFoundError](t, err)
	general := fails[*agentrouter.APIError](t, err)
	same(t, general, absent.APIError)
	same(t, []any{general.Slug, general.Status, general.Title, general.RequestID}, []any{tenancyv1.ProblemSlugNotFound, 404, "Not found", general.Header.Get("x-request-id")})
	contains(t, err.Error(), general.RequestID)
	same(t, errors.As(err, new(*agentrouter.ValidationError)), false)

	_, err = client.Repositories().Register(ctx, tenancyv1.RepositoryRegistration{Name: "", RepoUrl: "ftp://example.com/x"})
	var pointers []string
	for _, fault := range fails[*agentrouter.ValidationError](t, err).Errors {
		pointers = append(pointers, fault.Pointer)
		contains(t, err.Error(), fault.Pointer)
		contains(t, err.Error(), fault.Message)
	}
	same(t, slices.Sorted(slices.Values(pointers)), []string{"/name", "/repo_url"})
	_, err = operator(t).Tenants().List(ctx, nil)
	same(t, fails[*agentrouter.InsufficientScopeError](t, err).Title, "Forbidden")
	_, err = client.Tenants().Create(ctx, tenancyv1.TenantCreation{}, agentrouter.IdempotencyKey("a,b"))
	same(t, fails[*agentrouter.ValidationError](t, err).Errors[0].Pointer, "/header/Idempotency-Key")
	key := agentrouter.IdempotencyKey(name(t))
	must(client.Tenants().Create(ctx, tenancyv1.TenantCreation{Name: agentrouter.Value("a")}, key))(t)
	_, err = client.Tenants().Create(ctx, tenancyv1.TenantCreation{Name: agentrouter.Value("b")}, key)
	fails[*agentrouter.IdempotencyKeyConflictError](t, err)
	_, err = client.Tenants().Create(ctx, tenancyv1.TenantCreation{Name: agentrouter.Value(strings.Repeat("x", 300*1024))})
	fails[*agentrouter.PayloadTooLargeError](t, err)
}

// Answers that the gateway gives by itself.
func TestAnswersOfTheGateway(t *testing.T) {
	for _, status := range []int{413, 429, 500, 503} {
		refusing := client(t, environment(t, fmt.Sprintf("BASE_URL_%d", status)), "OPERATOR_KEY", agentrouter.WithRetries(0))
		_, err := refusing.Tenancy().Get(t.Context(), "demo")
		refused(status)(t, err)
	}
	// What answers there is no API of ours.
	_, err := client(t, environment(t, "BASE_URL_FAULTS"), "OPERATOR_KEY").Tenancy().Get(t.Context(), "demo")
	refused(404)(t, err)
}

func TestNoTextShowsTheKey(t *testing.T) {
	ctx, key := t.Context(), "sk_ops_this-must-not-be-shown"
	client := must(agentrouter.New(ctx, agentrouter.WithBaseURL(environment(t, "BASE_URL")), agentrouter.WithAPIKey(key)))(t)
	unreachable := must(agentrouter.New(ctx, agentrouter.WithBaseURL("http://127.0.0.1:1"), agentrouter.WithAPIKey(key), agentrouter.WithRetries(0)))(t)
	_, unauthorized := client.Tenancy().List(ctx)
	_, lost := unreachable.Tenancy().List(ctx)
	_, invalid := client.Tenancy().Get(ctx, key+"/")
	_, malformed := agentrouter.New(ctx, agentrouter.WithBaseURL("http://127.0.0.1"), agentrouter.WithAPIKey(key+"\n"))
	_, address := agentrouter.New(ctx, agentrouter.WithBaseURL("http://"+key+"@127.0.0.1"), agentrouter.WithAPIKey(key))
	fails[*agentrouter.InsufficientScopeError](t, unauthorized)
	var logs strings.Builder
	logger := slog.New(slog.NewTextHandler(&logs, nil))
	for _, shown := range []any{client, *client, client.Customers(), *client.Tenancy(), unauthorized, lost, invalid, malformed, address} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			text := fmt.Sprintf(verb, shown)
			if text == "" || strings.Contains(text, "must-not-be-shown") {
				t.Fatalf("%s of %T shows the key", verb, shown)
			}
		}
		logger.Info("x", "value", shown)
	}
	same(t, strings.Contains(logs.String(), "must-not-be-shown"), false)
	same(t, fmt.Sprint(client), "agentrouter.Client("+environment(t, "BASE_URL")+")")
}
