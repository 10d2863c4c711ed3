"""Workflows: a declared list of steps over several services, with what undoes them, and the engine that carries it out.

Read `declaration` first, then `decider` (the rules) and `runner` (what asks the services). `docs/adr/0008` says why.
"""
