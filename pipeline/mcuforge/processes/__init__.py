"""Child processes: started, answered by messages, and ended with all that they started.

Knows nothing of what they compute.
"""
