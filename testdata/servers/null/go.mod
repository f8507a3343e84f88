module github.com/sweeper-audit/sweeper/testdata/servers/null

go 1.26.0
