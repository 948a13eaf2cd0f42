"""Right answers on a small model: our loop beside LangGraph's ReAct agent and a bare call."""
