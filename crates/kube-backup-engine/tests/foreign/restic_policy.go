// Applies restic's own retention policy, internal/restic of its module, to times: cases on standard input, and for each
// the positions that are kept, with restic's reasons, on standard output. Built inside of restic's module by an overlay,
// since nobody else may import what is internal.
package main

import (
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"
	"time"

	"github.com/restic/restic/internal/restic"
)

type policy struct {
	Times                                         []time.Time
	Last, Hourly, Daily, Weekly, Monthly, Yearly int
	Within                                        string
}

func main() {
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var c policy
		if err := in.Decode(&c); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		within, err := restic.ParseDuration(c.Within)
		if err != nil {
			log.Fatal(err)
		}
		positions := map[*restic.Snapshot]int{}
		var list restic.Snapshots
		for position, at := range c.Times {
			snapshot := &restic.Snapshot{Time: at}
			positions[snapshot] = position
			list = append(list, snapshot)
		}
		_, _, reasons := restic.ApplyPolicy(list, restic.ExpirePolicy{
			Last: c.Last, Hourly: c.Hourly, Daily: c.Daily, Weekly: c.Weekly, Monthly: c.Monthly, Yearly: c.Yearly,
			Within: within,
		})
		kept := map[int][]string{}
		for _, reason := range reasons {
			kept[positions[reason.Snapshot]] = reason.Matches
		}
		if err := out.Encode(kept); err != nil {
			log.Fatal(err)
		}
	}
}
