import * as v from 'valibot';
import type { ClusterDocument } from '../topology/cluster-document.js';
import { strictFields } from '../topology/validate.js';
import { buildFabric } from './build-fabric.js';
import { countOption, type FabricServerOptions, parseOptions, serverFields } from './builder-options.js';
import { fabricServer } from './fabric-server.js';
import { nvl72 } from './nvl72.js';

/** The design of each generation, from its DGX SuperPOD reference architecture. */
const DESIGNS = {
  /** 32 places per unit, one of the last unit taken by fabric management: 127 servers in 4 units. */
  h100: { server: 'dgx-h100', serversPerUnit: 32, managementPlaces: 1, railGbps: 400, unitsMax: 4 },
  /** 32 servers per unit, scaling table from 2 to 64 units (2,048 servers). */
  b200: { server: 'dgx-b200', serversPerUnit: 32, managementPlaces: 0, railGbps: 400, unitsMax: 64 },
  /** 8 NVL72 racks per unit (576 GPUs), at most 128 racks. */
  gb200: { racksPerUnit: 8, unitsMax: 16 },
} as const;

/** Options of {@link superPod}. */
export interface SuperPodOptions extends FabricServerOptions {
  /** The generation of the servers. Default `h100`. */
  readonly generation?: 'h100' | 'b200' | 'gb200' | undefined;
  /**
   * Scalable units: 32 servers (`h100`, at most 4 units; `b200`, at most 64) or 8 NVL72 racks (`gb200`, at
   * most 16). Default 4.
   */
  readonly units?: number | undefined;
}

const generationSchema = v.picklist(['h100', 'b200', 'gb200'], 'expected h100, b200 or gb200');

/**
 * Builds a DGX SuperPOD of NVIDIA's reference architectures: rail-optimised, non-blocking, 400 Gb/s per GPU.
 *
 * As {@link railOptimized} and {@link nvl72}, with the sizes of the reference architecture. The H100 design
 * has one server fewer than places, which fabric management uses (127 servers in 4 units). Other sizes
 * and generations (B300 with 72 servers of eight 800 Gb/s rails per unit): call those builders.
 *
 * @param options - see {@link SuperPodOptions}; all have defaults
 * @returns a cluster document with the tier `unit`, or `unit` and `rack` for `gb200`
 * @throws CorralError `invalid-option`
 * @complexity O(servers)
 * @see DGX SuperPOD reference architectures H100, B200 and GB200
 * @example
 * ```ts
 * superPod().servers.length; // 127
 * ```
 */
export function superPod(options: SuperPodOptions = {}): ClusterDocument {
  const { generation } = parseOptions(
    v.looseObject({ generation: v.optional(generationSchema, 'h100') }),
    options,
  );
  const design = DESIGNS[generation];
  const valid = parseOptions(
    strictFields({
      ...serverFields,
      generation: v.optional(generationSchema, 'h100'),
      units: v.optional(countOption(design.unitsMax), 4),
    }),
    options,
  );
  if ('racksPerUnit' in design) {
    return nvl72({
      ...(valid.cpuMilli !== undefined && { cpuMilli: valid.cpuMilli }),
      ...(valid.memoryMiB !== undefined && { memoryMiB: valid.memoryMiB }),
      racks: valid.units * design.racksPerUnit,
    });
  }
  const server = fabricServer(design.server, {
    builder: 'superPod',
    portsName: 'generation',
    gbps: design.railGbps,
    gbpsName: 'generation',
    usualGbps: design.railGbps,
  });
  return buildFabric({
    server,
    levels: [{ tier: 'unit', size: design.serversPerUnit, uplink: { oversubscription: 1 } }],
    serverCount: valid.units * design.serversPerUnit - design.managementPlaces,
    resources: valid,
  });
}
