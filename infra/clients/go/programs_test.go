// Programs that use the package from its folder: the tour in README.md, and one for AgentRouter's own client.
package agentrouter_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// run runs the program in a folder, with the API's address and an operator's key.
func run(t *testing.T, folder string, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", append([]string{"run", "."}, arguments...)...)
	command.Dir = folder
	command.Env = append(os.Environ(), "AGENTROUTER_BASE_URL="+environment(t, "BASE_URL"), "AGENTROUTER_API_KEY="+environment(t, "OPERATOR_KEY"))
	command.Stderr = os.Stderr
	return string(must(command.Output())(t))
}

func TestTour(t *testing.T) {
	readme := must(os.ReadFile("README.md"))(t)
	program := regexp.MustCompile("(?s)```go\n(.*?)```").FindSubmatch(readme)[1]
	printed := regexp.MustCompile("(?s)It prints\n\n```\n(.*?)```").FindSubmatch(readme)[1]
	folder, here := t.TempDir(), must(filepath.Abs("."))(t)
	module := must(os.ReadFile("testdata/original/go.mod"))(t)
	for file, text := range map[string][]byte{
		"main.go": program,
		"go.mod":  regexp.MustCompile(`=> .*`).ReplaceAll(module, []byte("=> "+here)),
		"go.sum":  must(os.ReadFile("go.sum"))(t),
	} {
		ok(t, os.WriteFile(filepath.Join(folder, file), text, 0o600))
	}
	same(t, run(t, folder), string(printed))
}

func TestAProgramForAgentRoutersOwnClient(t *testing.T) {
	id := name(t)
	same(t, run(t, "testdata/original", id), "created "+id+"\nupdated active\nread "+id+"\nlisted "+id+"\narchived "+id+"\n")
}
