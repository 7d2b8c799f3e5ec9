"""What is measured, and by whom: a table of metrics, and where programs put what they measure."""
