import { callForeign } from '../../checks/plain-data.js';
import type { ClusterTables } from '../../compile/cluster-tables.js';
import { CorralError, type ErrorPath, quote } from '../../errors.js';
import { GPU_MILLI, GPUS_PER_SERVER_MAX, SERVERS_MAX } from '../../units.js';
import type { ServerFacts } from '../request/policy.js';
import { type PlacementState, RESIDENT_COLUMNS } from '../state/state.js';

/** Facts that are loaded from the state. The private field tells them from objects that callers put together. */
class LoadedFacts implements ServerFacts {
  readonly #isLoaded = true;
  cpuFreeMilli = 0;
  memoryFreeMiB = 0;
  gpus = 0;
  gpuModel = 0;
  readonly gpuFreeMilli: Int32Array = new Int32Array(GPUS_PER_SERVER_MAX);
  idleGpuMilli = 0;
  readonly residents: Int32Array = new Int32Array(RESIDENT_COLUMNS);

  static isLoaded(facts: unknown): boolean {
    return typeof facts === 'object' && facts !== null && #isLoaded in facts && facts.#isLoaded;
  }
}

/** An empty object of facts. It is filled again for every server, so that scoring allocates nothing. */
export function newServerFacts(): ServerFacts {
  const facts = new LoadedFacts();
  // A policy sees it: its fields cannot be replaced, and their numbers are loaded again for every question.
  for (const list of ['gpuFreeMilli', 'residents']) Object.defineProperty(facts, list, { writable: false });
  return Object.seal(facts);
}

/** Whether facts were loaded by a solver. */
export function isLoaded(facts: unknown): boolean {
  return LoadedFacts.isLoaded(facts);
}

/**
 * Reads facts that a caller has put together, each field once.
 *
 * @param given - anything
 * @param path - where the caller was given it
 * @returns a copy without `residents`, which only policies of a solver read
 * @throws CorralError `invalid-option` with the path of what is wrong
 */
export function readServerFacts(given: ServerFacts, path: ErrorPath): ServerFacts {
  if (typeof given !== 'object' || given === null) {
    throw new CorralError('invalid-option', path, `expected facts of a server, got ${quote(given)}`);
  }
  const at = (field: string, value: unknown, min: number, max: number): number => {
    if (typeof value === 'number' && value >= min && value <= max) return value;
    throw new CorralError(
      'invalid-option',
      [...path, field],
      `expected a number from ${min} to ${max}, got ${quote(value)}`,
    );
  };
  return callForeign(() => {
    const facts = new LoadedFacts();
    facts.cpuFreeMilli = at('cpuFreeMilli', given.cpuFreeMilli, 0, Number.POSITIVE_INFINITY);
    facts.memoryFreeMiB = at('memoryFreeMiB', given.memoryFreeMiB, 0, Number.POSITIVE_INFINITY);
    facts.gpus = Math.floor(at('gpus', given.gpus, 0, GPUS_PER_SERVER_MAX));
    facts.gpuModel = Math.floor(at('gpuModel', given.gpuModel, 0, SERVERS_MAX));
    facts.idleGpuMilli = at('idleGpuMilli', given.idleGpuMilli, 0, GPUS_PER_SERVER_MAX * GPU_MILLI);
    const { gpuFreeMilli } = given;
    for (let gpu = 0; gpu < facts.gpus; gpu++) {
      facts.gpuFreeMilli[gpu] = at('gpuFreeMilli', gpuFreeMilli[gpu], 0, GPU_MILLI);
    }
    return facts;
  }, path);
}

/** Fills all but `residents` with the present state of one server. */
export function loadServerFacts(
  tables: ClusterTables,
  state: PlacementState,
  server: number,
  into: ServerFacts,
): void {
  const shape = tables.shapeOf[server]!;
  const start = tables.gpuStart[server]!;
  const gpus = tables.shapeGpus[shape]!;
  const free = state.freeMask[server]!;
  into.cpuFreeMilli = state.cpuFreeMilli[server]!;
  into.memoryFreeMiB = state.memoryFreeMiB[server]!;
  into.gpus = gpus;
  into.gpuModel = tables.shapeModel[shape]!;
  let idle = 0;
  for (let g = 0; g < gpus; g++) {
    const shared = state.sharedFreeMilli[start + g]!;
    const milli = ((free >>> g) & 1) === 1 ? GPU_MILLI : shared === GPU_MILLI ? 0 : shared;
    into.gpuFreeMilli[g] = milli;
    idle += milli;
  }
  into.idleGpuMilli = idle;
}

/** Fills `residents` with the present state of one server. */
export function loadResidents(state: PlacementState, server: number, into: ServerFacts): void {
  const row = server * RESIDENT_COLUMNS;
  for (let c = 0; c < RESIDENT_COLUMNS; c++) into.residents[c] = state.residents[row + c]!;
}
