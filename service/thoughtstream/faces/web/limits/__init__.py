"""How much one token may ask in a time: of each web process, and of nobody else's share."""
