"""How every host of an inventory is: read side by side, told in one table, and nothing changed."""
