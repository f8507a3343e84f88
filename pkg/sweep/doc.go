// Package sweep is the run: lease, recover, preflight, plan, guard, sweep,
// confirm, seal; one file a step. It is the only package that sees the stores,
// the rules and the evidence together, and it sees stores and storage only
// through the small interfaces in ports.go.
//
// Each step is a function of values and files. Whatever decides is frozen in
// run.json before the first entry is judged; the plan is written and synced
// before the first entry is deleted; what became of each planned entry is
// written before the next segment is begun. So a run that dies is completed by
// the next one from its files alone.
//
// It never deletes what no plan names, never deletes before guard.json says
// go, never claims what the confirming listing did not see, and never lets a
// planned entry go without an outcome. It holds no rule about ages, teams or
// limits (package retention), knows no format that outsiders read (package
// evidence), and never logs a key.
package sweep
