module kubectl-stress.dev/apps/hello

go 1.26.0
