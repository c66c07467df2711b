"""Asks the API before anything is changed."""
