"""Changes of a running cluster: a module a verb, each a plan of turns from what the cluster is."""
