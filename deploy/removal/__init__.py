"""Taking a stack off its hosts again: shown first, carried out once somebody has named them."""
