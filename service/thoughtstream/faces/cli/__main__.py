"""`python -m thoughtstream.faces.cli`, for a service that is started detached."""

from thoughtstream.faces.cli import main

main()
