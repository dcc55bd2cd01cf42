import packed from '../../topologies/packed/catalogue.json' with { type: 'json' };
import { nearestNames } from '../checks/nearest-names.js';
import { CorralError, type ErrorPath, quote } from '../errors.js';
import { serverTopologyAt } from '../topology/server-topology.js';
import type { ServerTopology } from '../topology/types.js';
import { type PackedCatalogue, unpackServer } from './unpack.js';

const NAMES = [
  'cert-2s-2gpu-direct',
  'cert-2s-2gpu-switch',
  'cert-2s-4gpu-switch',
  'cert-2s-8gpu-switch',
  'dgx1-p100',
  'dgx1-v100',
  'dgx2',
  'dgx-a100',
  'hgx-a100-4gpu',
  'dgx-h100',
  'dgx-h200',
  'hgx-h100-4switch',
  'dgx-b200',
  'gb200-nvl72-tray',
  'gb300-nvl72-tray',
  'l40s-8-dual-root',
  'l40s-8-single-root',
  'l40s-8-cascade',
  'l40s-8-direct',
  'rtxpro6000-8-pairs',
  'aws-p4d.24xlarge',
  'aws-p5.48xlarge',
  'aws-p5en.48xlarge',
  'azure-ndv4',
  'azure-ndv5',
  'azure-ndv2',
  'azure-ncads-a100-v4',
  'gcp-a3-highgpu-8g',
  'gcp-a3-megagpu-8g',
  'mi300x-8',
  'mi250x-frontier',
  'mi300a-4',
  'gaudi3-hls3',
  'ws-2x3090-nvlink',
  'ws-4xa4000',
  'ws-4x5090',
] as const;

/** A server type of the catalogue; each is a file of that name in `topologies/`. */
export type TopologyName = (typeof NAMES)[number];

/** All server types of the catalogue: certified servers, DGX and HGX, PCIe servers, clouds, AMD, Intel, workstations. */
export const topologyNames: readonly TopologyName[] = Object.freeze(NAMES);

// The type makes a name without an entry in the packed file a compile error.
const catalogue: PackedCatalogue & { readonly servers: Readonly<Record<TopologyName, unknown>> } =
  packed as never;

const built = new Map<string, ServerTopology>();

/**
 * Looks up a server type of the catalogue; the figures in it are GB/s per direction, each with its source.
 *
 * A type is built on first use and kept: two calls return the same object, which must not be changed.
 *
 * @param name - one of {@link topologyNames}
 * @returns the server type as {@link ServerTopology}
 * @throws CorralError `unknown-topology`, with the nearest names
 * @complexity O(devices + links) the first time, O(1) after
 * @example
 * ```ts
 * topology('dgx-h100').gpus.length; // 8
 * ```
 */
export function topology(name: TopologyName): ServerTopology {
  return topologyAt(name, []);
}

/** As {@link topology}, for a name at `path` inside a larger document. */
export function topologyAt(name: string, path: ErrorPath): ServerTopology {
  const known = built.get(name);
  if (known !== undefined) return known;
  if (typeof name !== 'string' || !Object.hasOwn(packed.servers, name)) {
    const near = typeof name === 'string' ? nearestNames(name, topologyNames) : [];
    throw new CorralError(
      'unknown-topology',
      path,
      near.length > 0
        ? `no topology ${quote(name)}: did you mean ${near.join(', ')}?`
        : `no topology ${quote(name)}: the catalogue has ${topologyNames.join(', ')}`,
    );
  }
  const server = serverTopologyAt(unpackServer(catalogue, name), [name]);
  built.set(name, server);
  return server;
}
