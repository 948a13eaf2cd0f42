"""What stands between an agent and its model: which model, its server, its client, its file.

``calls.py`` and ``models.py``, one folder up, are the faces of this room. ``choice`` decides
which model it is, ``status`` asks what the machine has, ``fetch`` brings the model's file;
``clients``, ``slots``, ``timeouts`` and ``faults`` make one call hold.
"""
