"""Stages forked from processes that have loaded what they need."""
