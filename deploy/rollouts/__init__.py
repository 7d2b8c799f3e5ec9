"""Rollouts: changes to a running cluster, one module per verb, each a plan of turns."""
