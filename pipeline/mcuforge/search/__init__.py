"""Many trials of the whole pipeline, shared by workers, and the best of what they found.

A recipe's `[search]` table -> the Pareto front of quality and costs on a board. `ledger` keeps the
trials in one of Optuna's storages, `drawing` chooses what they try, `trial` runs one, `worker`
takes one after the other, and `coordinator` sees to it that there is always one to take.

Knows nothing of kernels or of C: a trial is a run of the whole pipeline. Optuna is imported by
`ledger`, `storages`, `drawing` and `importance` alone.
"""
