"""A package, because sippy installs one of the same name, which would hide a folder without this file."""
