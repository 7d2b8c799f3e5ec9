"""What can be asked for under `/v1`: a module for each kind of thing, a function for each method.

Each does what the Python API does under the same name.
"""
