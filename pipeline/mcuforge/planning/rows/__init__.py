"""Networks that run row by row: between the ops of a segment only rows lie that are still read.

Ops of a `Graph` -> `RowOp`s -> segments of consecutive ops, with a ring of rows for every tensor in
between. Nothing is computed twice: an op makes its next row as soon as somebody asks for it, and
asks for the rows that it reads in turn. The order is fixed when the plan is made.
Knows nothing of C text, nor where in the arena tensors lie.
"""
