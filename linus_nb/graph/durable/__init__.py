"""What outlives a run: results on disk, and what of them a later run may take over.

``definer`` looks at what a node is (its code and what that has captured), ``encoding`` turns
values into tagged JSON that can run nothing when it is read, ``journal`` keeps both in SQLite
while a run goes on (``recorder``) and reads them back (``stored``). ``resuming`` decides, with
no I/O, which results still hold; ``memories`` does for a session what the journal does for good.
"""
