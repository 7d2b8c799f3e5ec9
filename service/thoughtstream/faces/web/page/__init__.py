"""The page to watch a mind: HTML, a style sheet and ES modules. What is where: README.md."""
