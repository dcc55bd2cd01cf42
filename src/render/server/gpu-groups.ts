import { readFields, readRow } from '../../checks/fields.js';
import { callForeign, readList } from '../../checks/plain-data.js';
import { CorralError, type ErrorPath, quote } from '../../errors.js';
import { remembered } from '../../remembered.js';
import type { ServerTopology } from '../../topology/types.js';
import { GPUS_PER_SERVER_MAX, PODS_MAX } from '../../units.js';
import { drawingText } from '../svg/drawing-text.js';

/** Some GPUs of a server, drawn in one colour. */
export interface GpuGroup {
  /** Its name in the legend. Default: `group 1`, `group 2`, … */
  readonly name?: string | undefined;
  /** GPU ordinals. A GPU may be in several groups, as when pods share it. */
  readonly gpus: readonly number[];
}

/** GPUs of a server: ordinals, or a placement of which all pods are on a server of this type. */
export type PlacedGpus =
  | readonly number[]
  | { readonly pods: readonly { readonly gpus: readonly number[] }[] };

/**
 * The ordinals of placed GPUs, read once.
 *
 * @param path - where the caller was given them
 * @throws CorralError `invalid-option` for anything but a list, or an object whose `pods` have lists
 */
export function placedGpus(placement: PlacedGpus, path: ErrorPath): readonly number[] {
  const list = callForeign(() => (isList(placement) ? placement : undefined), path);
  if (list !== undefined) return readList(list, path, 'invalid-option', GPUS_LISTED_MAX);
  const { pods } = readRow(placement as Exclude<PlacedGpus, readonly number[]>, ['pods'], path);
  return readList(pods, [...path, 'pods'], 'invalid-option', PODS_MAX).flatMap((pod, i) => {
    const at = [...path, 'pods', i];
    const { gpus } = readRow(pod, ['gpus'], at);
    return readList(gpus, [...at, 'gpus'], 'invalid-option', GPUS_PER_SERVER_MAX);
  });
}

function isList(placement: PlacedGpus): placement is readonly number[] {
  return Array.isArray(placement);
}

/**
 * The groups of a caller, read once.
 *
 * @throws CorralError `invalid-option` for anything but a list of groups that have lists; `limit-exceeded` above 256
 */
export function readGroups(given: readonly GpuGroup[]): ReadGroup[] {
  const groups = readList(given, ['groups']);
  if (groups.length > GROUPS_MAX) {
    throw new CorralError(
      'limit-exceeded',
      ['groups'],
      `${groups.length} groups, at most ${GROUPS_MAX}: draw fewer`,
    );
  }
  return groups.map((group, i) => {
    const { name, gpus } = readFields(group, ['name', 'gpus'], ['groups', i]);
    return { name, gpus: readList(gpus, ['groups', i, 'gpus'], 'invalid-option', GPUS_LISTED_MAX) };
  });
}

/** A group that was read. */
interface ReadGroup {
  readonly name: unknown;
  readonly gpus: readonly number[];
}

/** Most GPUs of one list, with repetitions. */
const GPUS_LISTED_MAX = 2 ** 16;

/** Most groups of one drawing. */
const GROUPS_MAX = 256;

/** Groups with checked GPUs. */
export interface CheckedGroups {
  readonly names: readonly string[];
  /** GPU id → positions of its groups, ascending. */
  readonly ofGpu: ReadonlyMap<string, readonly number[]>;
  readonly sizes: readonly number[];
}

/**
 * Checks groups of GPUs against a server.
 *
 * @param path - returns where the caller was given the GPUs of a group
 * @throws CorralError `invalid-option` for an ordinal that the server does not have, or a wrong name
 */
export function checkGroups(
  server: ServerTopology,
  groups: readonly ReadGroup[],
  path: (group: number) => ErrorPath,
): CheckedGroups {
  const ofGpu = new Map<string, number[]>();
  const sizes: number[] = [];
  groups.forEach(({ gpus }, position) => {
    const own = new Set<string>();
    gpus.forEach((ordinal: unknown, i) => {
      const gpu = typeof ordinal === 'number' ? server.gpus[ordinal] : undefined;
      if (gpu === undefined) {
        throw new CorralError(
          'invalid-option',
          [...path(position), i],
          `no GPU ${quote(ordinal)}: ${quote(server.name)} has ${server.gpus.length}`,
        );
      }
      own.add(gpu);
    });
    sizes.push(own.size);
    for (const gpu of own) remembered(ofGpu, gpu, () => []).push(position);
  });
  const names = groups.map(({ name }, i) => drawingText(name, `group ${i + 1}`, ['groups', i, 'name']));
  return { names, ofGpu, sizes };
}
