// Velero's own commands `velero backup ...`, without its server: what the client is made of, and nothing else.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/vmware-tanzu/velero/pkg/client"
	"github.com/vmware-tanzu/velero/pkg/cmd/cli/backup"
)

func main() {
	config, err := client.LoadConfig()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	factory := client.NewFactory("velero", config)
	root := &cobra.Command{Use: "velero", SilenceUsage: true}
	factory.BindFlags(root.PersistentFlags())
	root.AddCommand(backup.NewCommand(factory))
	if root.Execute() != nil {
		os.Exit(1)
	}
}
