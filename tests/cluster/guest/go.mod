module kubectl-stress.dev/cluster/guest

go 1.26.0
