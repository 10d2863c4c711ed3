"""What operators do with a service's history: replay it, rebuild read models from it, compare what came of it.

None of it is part of a deployed function; it may use both cores, files and Arrow.
"""
