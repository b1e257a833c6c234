"""Jobs that read files, call the rooms and write files; and the `bamboo` command."""
