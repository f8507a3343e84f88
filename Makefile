# Measurements. Tests are `go test ./...`; everything that must hold is .ci/run.
# BENCH passes flags on, as in: make bench-list BENCH='-n 1 -keys 100000'
# (go run ./testdata/bench/drive -h lists them).

.PHONY: bench bench-list bench-sweep bench-docs

# The Go benchmarks of the packages, without a server.
bench:
	go test -run '^$$' -bench . -benchmem ./...

# What listing costs, beside the AWS SDK's paginator and a bare tokenizer; what
# concurrency gains; what memory it takes. About ten minutes.
bench-list:
	go run ./testdata/bench/drive -list $(BENCH)

# What deleting costs, beside mc and rclone (built once, which takes minutes), and
# whether the records are right when a server refuses or the run is stopped.
bench-sweep:
	go run ./testdata/bench/drive -sweep $(BENCH)

# Both, written into the tables of docs/performance.md.
bench-docs:
	go run ./testdata/bench/drive -list -sweep -update docs/performance.md $(BENCH)
