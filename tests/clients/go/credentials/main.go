// The default chain of the official library, against the table that ours is held to as well.
//
//	go-credentials TABLE    runs every row; each in a process and a home of its own
//	go-credentials          one row, inside of those: prints what the library finds
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/aliyun/credentials-go/credentials/providers"
)

type row struct {
	Name        string                     `json:"name"`
	Environment map[string]string          `json:"environment"`
	Files       map[string]json.RawMessage `json:"files"`
	Modes       map[string]string          `json:"modes"`
	URI         json.RawMessage            `json:"uri"`
	Go          *string                    `json:"go"`
}

func main() {
	if len(os.Args) == 1 {
		find()
		return
	}
	content, err := os.ReadFile(os.Args[1])
	check(err)
	var rows []row
	check(json.Unmarshal(content, &rows))
	wrong := 0
	for _, row := range rows {
		found := row.run()
		if shown(found) != shown(row.Go) {
			wrong++
			fmt.Printf("go credentials: %s: found %s, the table says %s\n", row.Name, shown(found), shown(row.Go))
		}
	}
	fmt.Printf("go credentials: %d rows, %d differ\n", len(rows), wrong)
	if wrong != 0 {
		os.Exit(1)
	}
}

func find() {
	found, err := providers.NewDefaultCredentialsProvider().GetCredentials()
	if err != nil || found == nil {
		fmt.Println("null")
		return
	}
	outcome := found.AccessKeyId
	if found.AccessKeySecret != "secret-of-"+outcome {
		outcome += " with another's secret"
	}
	if found.SecurityToken != "" {
		outcome += "+" + found.SecurityToken
	}
	text, err := json.Marshal(outcome)
	check(err)
	fmt.Println(string(text))
}

func (row row) run() *string {
	uri := ""
	if row.URI != nil {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(row.URI)
		}))
		defer server.Close()
		uri = server.URL + "/credentials"
	}
	home, err := os.MkdirTemp("", "credentials-")
	check(err)
	defer os.RemoveAll(home)
	place := strings.NewReplacer("${HOME}", home, "${URI}", uri).Replace
	for name, content := range row.Files {
		path := filepath.Join(home, name)
		check(os.MkdirAll(filepath.Dir(path), 0o700))
		text := string(content)
		if text[0] == '"' {
			check(json.Unmarshal(content, &text))
		}
		check(os.WriteFile(path, []byte(place(text)), 0o600))
		mode := row.Modes[name]
		if mode == "" {
			mode = "600"
		}
		bits, err := strconv.ParseUint(mode, 8, 32)
		check(err)
		check(os.Chmod(path, os.FileMode(bits)))
	}
	self, err := os.Executable()
	check(err)
	command := exec.Command(self)
	// No row asks the network.
	command.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "ALIBABA_CLOUD_ECS_METADATA_DISABLED=true"}
	for name, value := range row.Environment {
		command.Env = append(command.Env, name+"="+place(value))
	}
	printed, err := command.Output()
	check(err)
	lines := strings.Split(strings.TrimSpace(string(printed)), "\n")
	var found *string
	check(json.Unmarshal([]byte(lines[len(lines)-1]), &found))
	return found
}

func shown(outcome *string) string {
	if outcome == nil {
		return "nothing"
	}
	return *outcome
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}
