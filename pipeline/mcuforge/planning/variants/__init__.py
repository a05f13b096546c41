"""Faster kernels for calls that some kernel of `planning.ops` computes already.

`KernelCall` -> `KernelCall`: the op modules lower every op to the kernel that computes all of its
cases. A variant computes some of them faster on the cores of one target, from weights packed for
it; its constraints say which. What comes out is the same, byte for byte.

A variant's module holds what an op's does: constraints (functions whose docstring is the rule that
users read), the parameter struct, the packing of weights, and `make`. `make` relies on the
constraints and checks nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, replace

from mcuforge.planning.plan import KernelCall
from mcuforge.planning.target import Target

# Returns None where the call obeys the rule, else what it has instead ("filters of 3 taps").
Constraint = Callable[[KernelCall], str | None]
MAX_PROOFS = 128  # of a plan, of a few milliseconds each


@dataclass(frozen=True)
class Variant:
    """`kernel` in place of `replaces`, on the cores of `targets`, for calls that obey all
    `constraints`.

    Where these take milliseconds, `proof` tells calls apart for which they do: a hostile file may
    hold thousands. `lean` makes a call that needs less scratch than `make`'s, and takes longer;
    None where there is none.
    """

    kernel: str
    replaces: str
    targets: tuple[Target, ...]
    constraints: tuple[Constraint, ...]
    make: Callable[[KernelCall], KernelCall]
    proof: Callable[[KernelCall], Hashable] | None = None
    lean: Callable[[KernelCall], KernelCall | None] | None = None

    def obstacle(self, call: KernelCall) -> str | None:
        """The first rule that the call breaks, in words: "conv2d_x_s8: RULE, but WHAT IT HAS"."""
        for constraint in self.constraints:
            found = constraint(call)
            if found is not None:
                rule = " ".join((constraint.__doc__ or "").split()).rstrip(".")
                return f"{self.kernel}: {rule}; {found}"
        return None


def chosen(
    call: KernelCall,
    target: Target,
    variants: Iterable[Variant],
    proofs: set[Hashable] | None = None,
) -> KernelCall:
    """The call of the first of `variants` that may take its place, else the call itself.

    `variants` come fastest first. `passed_over` of what is returned says why none before it does.
    `proofs` are those of the calls before in the same plan, of which there are `MAX_PROOFS`.
    """
    return next(_candidates(call, target, variants, proofs))


def leaner(
    call: KernelCall,
    target: Target,
    variants: Iterable[Variant],
    proofs: set[Hashable] | None = None,
) -> tuple[KernelCall, ...]:
    """What may take the place of `chosen`'s call where memory is short, fastest first.

    Each needs less scratch than the one before, and calls the same kernel: others take several
    times as long. Arguments are those of `chosen`.
    """
    candidates = _candidates(call, target, variants, proofs)
    fast, found = next(candidates), []
    scratch = fast.scratch_bytes
    for candidate in candidates if scratch > 0 else ():
        if candidate.kernel != fast.kernel:
            break
        if candidate.scratch_bytes < scratch:
            scratch = candidate.scratch_bytes
            found.append(candidate)
    return tuple(found)


def _candidates(
    call: KernelCall, target: Target, variants: Iterable[Variant], proofs: set[Hashable] | None
) -> Iterator[KernelCall]:
    """Those of the variants that may take the call's place, then the call itself."""
    proofs = set() if proofs is None else proofs
    passed_over: list[str] = []
    for variant in variants:
        if variant.replaces != call.kernel or target not in variant.targets:
            continue
        obstacle = _too_many(variant, call, proofs) or variant.obstacle(call)
        if obstacle is None:
            yield replace(variant.make(call), passed_over=tuple(passed_over))
            lean = variant.lean(call) if variant.lean else None
            if lean is not None:
                yield replace(lean, passed_over=tuple(passed_over))
            obstacle = f"{variant.kernel}: memory is short; it needs more scratch"
        passed_over.append(obstacle)
    yield replace(call, passed_over=tuple(passed_over))


def _too_many(variant: Variant, call: KernelCall, proofs: set[Hashable]) -> str | None:
    """Why nothing more is proved; None where the call needs no proof, or one that is known."""
    proof = variant.proof(call) if variant.proof else None
    if proof is None or proof in proofs:
        return None
    if len(proofs) >= MAX_PROOFS:
        return f"{variant.kernel}: {MAX_PROOFS} others of the model are proved already"
    proofs.add(proof)
    return None
