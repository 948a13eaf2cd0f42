"""The tools themselves; their public names are in :mod:`linus_nb.agent.tools`."""
