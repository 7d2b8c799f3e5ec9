"""What Redis has, as metrics: of all minds together, of the memory, of each node."""
