"""The mind on the web: HTTP for programs, an event stream and a page for people.

A process of its own beside the engine (`thoughtstream web`), so that a thousand readers never slow
attention, and the page lives to say so when the engine is dead.
"""
