"""Shared by all tests: free ports, waiting, real servers, the whole stack, phones."""
