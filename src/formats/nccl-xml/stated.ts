import { CorralError, quote } from '../../errors.js';
import { addToGroup } from '../server/grouped.js';
import type { NcclXmlOptions } from './options.js';
import { addressKey, type NcclCpu, type NcclPci } from './tree.js';

/** A PCI device of the server document with the devices below it. */
export interface PciBranch {
  readonly pci: NcclPci;
  readonly kind: 'gpu' | 'nic' | 'bridge';
  readonly branches: readonly PciBranch[];
}

/** The devices of the options, sorted. */
export interface StatedDevices {
  readonly kinds: ReadonlyMap<string, 'gpu' | 'nic' | 'none'>;
  readonly under: ReadonlyMap<NcclPci, readonly PciBranch[]>;
  /** Addresses of the bridges in `under`. */
  readonly bridges: ReadonlySet<string>;
  readonly below: ReadonlyMap<NcclCpu, readonly PciBranch[]>;
}

/**
 * Sorts the devices of the options into kinds for devices of the file, and devices to add.
 *
 * @param cpus - CPUs of the server
 * @param all - PCI devices below them
 * @param options - see {@link NcclXmlOptions.devices}
 * @returns kinds and branches to add
 * @throws CorralError `duplicate-id`, or `unknown-reference` to a bridge or NUMA node
 * @complexity O(devices)
 */
export function statedDevices(
  cpus: readonly NcclCpu[],
  all: readonly NcclPci[],
  options: NcclXmlOptions,
): StatedDevices {
  const byAddress = new Map<string, NcclPci>();
  for (const pci of all) if (!byAddress.has(pci.address)) byAddress.set(pci.address, pci);
  const kinds = new Map<string, 'gpu' | 'nic' | 'none'>();
  const under = new Map<NcclPci, PciBranch[]>();
  const below = new Map<NcclCpu, PciBranch[]>();
  const bridges = new Set<string>();
  for (const [i, device] of (options.devices ?? []).entries()) {
    const address = addressKey(device.busId);
    if (kinds.has(address)) {
      throw new CorralError(
        'duplicate-id',
        ['devices', i, 'busId'],
        `${quote(device.busId)} is stated twice: leave one`,
      );
    }
    kinds.set(address, device.kind);
    if (byAddress.has(address) || device.kind === 'none') continue;
    const branch: PciBranch = { pci: detected(address), kind: device.kind, branches: [] };
    if (device.under !== undefined) {
      const bridge = byAddress.get(addressKey(device.under));
      if (bridge === undefined) {
        throw new CorralError(
          'unknown-reference',
          ['devices', i, 'under'],
          `no PCI device ${quote(device.under)} in the file: name a bridge that it has, or leave under out`,
        );
      }
      addToGroup(under, bridge, branch);
      bridges.add(bridge.address);
      continue;
    }
    const cpu = device.numa === undefined ? cpus[0] : cpus.find(({ numa }) => numa === device.numa);
    if (cpu === undefined) {
      throw new CorralError(
        'unknown-reference',
        ['devices', i, 'numa'],
        `no numaid ${device.numa} in the file: it has ${cpus
          .slice(0, 8)
          .map(({ numa }) => numa ?? 'none')
          .join(', ')}`,
      );
    }
    addToGroup(below, cpu, branch);
  }
  return { kinds, under, bridges, below };
}

/** A PCI device that is in the options only. */
function detected(address: string): NcclPci {
  return {
    address,
    class: undefined,
    ids: [],
    linkSpeed: undefined,
    linkWidth: undefined,
    hostBridge: undefined,
    gpu: undefined,
    nets: undefined,
    pcis: [],
    pciLinks: [],
    line: 0,
  };
}
