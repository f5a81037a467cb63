"""Modifiers, with the field's names: what stands above a function and makes more of it.

Their names are imported from :mod:`jupyter_lifecycle.graph`.
"""
