import type { Path } from './positions.js';
import { HOSTILE_VALUES, type HostileValue } from './values.js';

/** A place in the arguments of a call. */
export interface Position {
  readonly key: string;
  readonly path: Path;
}

/**
 * Which calls are made: all; one value at each position; of each kind of value one at each position; or any number drawn,
 * of up to three changes each.
 */
export type Plan =
  | { readonly of: 'one'; readonly value: string }
  | { readonly of: 'all' }
  | { readonly of: 'kinds'; readonly seed: number }
  | { readonly of: 'drawn'; readonly seed: number; readonly calls: number };

/** One call: its key, and what stands where in its arguments. */
export interface HostileCall {
  readonly key: string;
  readonly changes: readonly { readonly path: Path; readonly value: HostileValue }[];
}

const kinds = [...new Set(HOSTILE_VALUES.map((value) => value.kind))].map((kind) =>
  HOSTILE_VALUES.filter((value) => value.kind === kind),
);

/** How many calls a plan has. */
export function callsIn(plan: Plan, positions: readonly Position[]): number {
  return plan.of === 'drawn' ? plan.calls : positions.length * valuesOf(plan);
}

/** How many values a plan puts at each position. */
function valuesOf(plan: Exclude<Plan, { readonly of: 'drawn' }>): number {
  if (plan.of === 'one') return 1;
  return plan.of === 'all' ? HOSTILE_VALUES.length : kinds.length;
}

/** The n-th call of a plan; calls of one function are neighbours where all or all kinds are made. */
export function callAt(plan: Plan, positions: readonly Position[], n: number): HostileCall {
  if (plan.of === 'drawn') return drawn(plan.seed, positions, n);
  const perPosition = valuesOf(plan);
  const { key, path } = positions[Math.floor(n / perPosition)]!;
  const i = n % perPosition;
  const value =
    plan.of === 'kinds'
      ? kinds[i]![mixed(plan.seed, n) % kinds[i]!.length]!
      : plan.of === 'all'
        ? HOSTILE_VALUES[i]!
        : HOSTILE_VALUES.find(({ name }) => name === plan.value)!;
  return { key, changes: [{ path, value }] };
}

function drawn(seed: number, positions: readonly Position[], n: number): HostileCall {
  const first = positions[mixed(seed, 4 * n) % positions.length]!;
  const sameCall = positions.filter(({ key }) => key === first.key);
  const count = 1 + (mixed(seed, 4 * n + 1) % 3);
  const changes = Array.from({ length: count }, (_, i) => ({
    path: (i === 0 ? first : sameCall[mixed(seed + i, 4 * n + 2) % sameCall.length]!).path,
    value: HOSTILE_VALUES[mixed(seed + i, 4 * n + 3) % HOSTILE_VALUES.length]!,
  }));
  // Inside what has been replaced, or around it, there is nothing left to change.
  const apart = changes.filter(
    ({ path }, i) => !changes.slice(0, i).some((other) => isInside(path, other.path)),
  );
  return { key: first.key, changes: apart };
}

/** Whether one of two paths leads through the other. */
function isInside(a: Path, b: Path): boolean {
  const length = Math.min(a.length, b.length);
  return a.slice(0, length).every((step, i) => step === b[i]);
}

/** Two whole numbers mixed to one of 32 bits (the finaliser of MurmurHash3). */
function mixed(a: number, b: number): number {
  let h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A call as a report names it. */
export function callName({ key, changes }: HostileCall): string {
  return `${key}(${changes.map(({ path, value }) => `${path.join('.')} = ${value.name}`).join(', ')})`;
}
