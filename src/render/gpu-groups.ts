import { CorralError, type ErrorPath, quote } from '../errors.js';
import { checkFields } from '../fields.js';
import type { ServerTopology } from '../topology/server-topology.js';

/** Some GPUs of a server, drawn in one colour. */
export interface GpuGroup {
  /** What the legend calls it. Default: `group 1`, `group 2`, … */
  readonly name?: string | undefined;
  /** GPU ordinals. A GPU may be in several groups, as when pods share it. */
  readonly gpus: readonly number[];
}

/** GPUs of a server: ordinals, or a placement of which all pods are on a server of this type. */
export type PlacedGpus =
  | readonly number[]
  | { readonly pods: readonly { readonly gpus: readonly number[] }[] };

/** The ordinals of placed GPUs; what is neither comes back as it is, for {@link checkGroups} to refuse. */
export function placedGpus(placement: PlacedGpus): readonly number[] {
  const pods: unknown = (placement as { readonly pods?: unknown } | null)?.pods;
  if (!Array.isArray(pods)) return placement as readonly number[];
  return pods.flatMap((pod: { readonly gpus: readonly number[] } | null) => pod?.gpus ?? []);
}

/** Most groups of one drawing. */
const GROUPS_MAX = 256;

/** Groups with their GPUs checked. */
export interface CheckedGroups {
  readonly names: readonly string[];
  /** GPU id → positions of its groups, ascending. */
  readonly ofGpu: ReadonlyMap<string, readonly number[]>;
  readonly sizes: readonly number[];
}

/**
 * Checks groups of GPUs against a server.
 *
 * @param path - where the caller was given them
 * @throws CorralError `invalid-option` for anything but lists of ordinals that the server has;
 * `limit-exceeded` above 256
 */
export function checkGroups(
  server: ServerTopology,
  groups: readonly GpuGroup[],
  path: (group: number) => ErrorPath,
): CheckedGroups {
  if (groups.length > GROUPS_MAX) {
    throw new CorralError(
      'limit-exceeded',
      ['groups'],
      `${groups.length} groups, at most ${GROUPS_MAX}: draw fewer`,
    );
  }
  const ofGpu = new Map<string, number[]>();
  const sizes: number[] = [];
  groups.forEach((group, position) => {
    checkFields(group, ['name', 'gpus'], ['groups', position]);
    const gpus: unknown = group.gpus;
    if (!Array.isArray(gpus)) {
      throw new CorralError(
        'invalid-option',
        path(position),
        `expected a list of GPU ordinals, got ${quote(gpus)}`,
      );
    }
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
    for (const gpu of own) {
      const positions = ofGpu.get(gpu);
      if (positions === undefined) ofGpu.set(gpu, [position]);
      else positions.push(position);
    }
  });
  return { names: groups.map(({ name }, i) => nameOf(name, i)), ofGpu, sizes };
}

function nameOf(name: unknown, position: number): string {
  if (name === undefined) return `group ${position + 1}`;
  if (typeof name === 'string') return name;
  throw new CorralError(
    'invalid-option',
    ['groups', position, 'name'],
    `expected a text, got ${quote(name)}`,
  );
}
