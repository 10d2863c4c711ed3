"""Processes of the local platform: started, watched, and never left behind."""
