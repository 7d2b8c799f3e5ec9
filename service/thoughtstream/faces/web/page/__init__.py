"""The page to watch a mind: HTML, a style sheet and ES modules, served as they are. See README.md."""
