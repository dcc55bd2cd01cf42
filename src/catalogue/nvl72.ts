import * as v from 'valibot';
import type { ClusterDocument } from '../topology/cluster-document.js';
import type { ServerTopology } from '../topology/types.js';
import { strictFields } from '../topology/validate.js';
import { BANDWIDTH_MAX_GBPS, BANDWIDTH_MIN_GBPS } from '../units.js';
import { buildFabric } from './build-fabric.js';
import {
  countOption,
  type FabricServerOptions,
  oversubscriptionOption,
  parseOptions,
  portGbpsOption,
  rangeOption,
  serverFields,
  serverOption,
  sizeOption,
} from './builder-options.js';
import { fabricServer } from './fabric-server.js';

/** Compute trays in a full rack: 18 trays of four GPUs are the 72 (GB200 NVL72 specification). */
const TRAYS_PER_RACK_MAX = 18;

/** Options of {@link nvl72}. */
export interface Nvl72Options extends FabricServerOptions {
  /** The tray: `gb200-nvl72-tray` (default) or `gb300-nvl72-tray`. */
  readonly server?: 'gb200-nvl72-tray' | 'gb300-nvl72-tray' | undefined;
  /** Racks, each one NVLink domain. Default 1. */
  readonly racks?: number | undefined;
  /** Trays in each rack, at most 18. Default 18; fewer is a partly filled rack. */
  readonly traysPerRack?: number | undefined;
  /** Racks of one scalable unit. Default 8 (DGX SuperPOD GB200 reference architecture: 576 GPUs). */
  readonly racksPerUnit?: number | undefined;
  /** Rate of one compute NIC, Gb/s per direction. Default as the tray states: 400 for GB200, 800 for GB300. */
  readonly railGbps?: number | undefined;
  /** Rate below the leaves of a unit divided by the rate above them. Default 1, non-blocking. */
  readonly oversubscription?: number | undefined;
  /**
   * Bandwidth of one GPU inside the rack, GB/s per direction. Default: the sum of its NVLinks in the tray's document,
   * 745.2 (18 links, measured); the raw rate is 900, NCCL's constant 721.8.
   */
  readonly GBpsPerGpu?: number | undefined;
}

const optionsSchema = strictFields({
  ...serverFields,
  server: v.optional(
    v.picklist(['gb200-nvl72-tray', 'gb300-nvl72-tray'], 'expected gb200-nvl72-tray or gb300-nvl72-tray'),
    'gb200-nvl72-tray',
  ),
  racks: v.optional(sizeOption, 1),
  traysPerRack: v.optional(countOption(TRAYS_PER_RACK_MAX), TRAYS_PER_RACK_MAX),
  racksPerUnit: v.optional(sizeOption, 8),
  railGbps: v.optional(portGbpsOption),
  oversubscription: v.optional(oversubscriptionOption, 1),
  GBpsPerGpu: v.optional(rangeOption(BANDWIDTH_MIN_GBPS, BANDWIDTH_MAX_GBPS, ' GB/s')),
});

/**
 * Builds a cluster of NVL72 racks: trays are servers, a rack is an accelerator domain of up to 72 GPUs, and
 * the compute NICs of the trays join racks and units.
 *
 * Rails between the racks are not a tree; `unit` is the group of racks that share leaves. A gang over two racks is
 * split as unevenly as its bandwidth allows, because that loads the uplinks least: 19 trays are 15 + 4 at 745.2 GB/s,
 * since the NICs of three trays would carry 703.1.
 *
 * @param options - see {@link Nvl72Options}; all have defaults
 * @returns a cluster document with tiers `unit` and `rack`; NVLink, not the NICs, counts inside a rack
 * @throws CorralError `invalid-option`, or `limit-exceeded` above 65,536 trays
 * @complexity O(trays)
 * @example
 * ```ts
 * nvl72().servers.length; // 18
 * ```
 */
export function nvl72(options: Nvl72Options = {}): ClusterDocument {
  const valid = parseOptions(optionsSchema, options);
  const server = fabricServer(valid.server, {
    builder: 'nvl72',
    portsName: 'server',
    gbps: valid.railGbps,
    gbpsName: 'railGbps',
    usualGbps: 400,
  });
  return buildFabric({
    server,
    serverWord: 'tray',
    levels: [
      { tier: 'unit', size: valid.racksPerUnit, uplink: { oversubscription: valid.oversubscription } },
      { tier: 'rack', size: valid.traysPerRack, uplink: { oversubscription: 1 } },
    ],
    serverCount: valid.racks * valid.traysPerRack,
    resources: valid,
    accelerator: {
      tier: 'rack',
      GBpsPerGpu: valid.GBpsPerGpu ?? nvlinkGBpsPerGpu(serverOption(valid.server)),
    },
  });
}

/** The NVLink bandwidth of the slowest GPU of a tray, GB/s per direction. */
function nvlinkGBpsPerGpu(server: ServerTopology): number {
  let slowest = Number.POSITIVE_INFINITY;
  for (const gpu of server.gpus) {
    let sum = 0;
    for (const { between, medium, bandwidthGBps } of server.document.links) {
      if (medium === 'nvlink' && between.includes(gpu)) sum += bandwidthGBps;
    }
    slowest = Math.min(slowest, sum);
  }
  // Rounded, because 18 times 41.4 is not 745.2 in floating point.
  return Math.round(slowest * 1e6) / 1e6;
}
