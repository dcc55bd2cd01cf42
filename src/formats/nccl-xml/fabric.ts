import { CorralError } from '../../errors.js';
import { components } from '../server/components.js';
import { nvlinkOfSm, xgmiOfGcn } from '../server/constants.js';
import { LINKS_PER_PAIR_MAX } from '../server/limits.js';
import { type LinkFigures, rounded } from '../server/link-figures.js';
import { invalidFormat, limitExceeded } from '../text/format-errors.js';
import { isGpuClass, type ServerTree } from './devices.js';
import type { NcclXmlNvlink, NcclXmlOptions } from './options.js';
import type { NcclGpuLink, NcclPci } from './tree.js';

/** Most NVSwitches; a GPU has links to 18 at most. */
const SWITCHES_MAX = 256;

/** Links of the accelerator fabric between GPUs, by ordinal, and from GPUs to switches. */
export interface NcclFabric {
  readonly pairs: readonly { readonly gpus: readonly [number, number]; readonly figures: LinkFigures }[];
  /** Each switch with the links to its GPUs, in the order of the file. */
  readonly switches: readonly (readonly { readonly gpu: number; readonly figures: LinkFigures }[])[];
  /** GPU to the bandwidth and number of its NVLinks to the CPU (POWER9). */
  readonly toCpu: ReadonlyMap<number, { readonly GBps: number; readonly links: number }>;
  readonly notes: readonly string[];
}

/**
 * The NVLinks and xGMI links of a server.
 *
 * Links of several elements between the same two ends are summed. A link is left out with a note if only one of its two
 * GPUs names it, or if it leads to its own GPU or to a GPU that is not in the file: NCCL does not use it either. Other
 * targets are NVSwitches, one per address; `fffffff:ffff:ff` and the like are switches that a virtual machine does not
 * see. Files have no links between switches (DGX-2 has some). So if the switches form several groups that no GPU joins,
 * they become one switch, as in NCCL.
 *
 * @param tree - the devices
 * @param options - NVLinks where the file has none
 * @returns links with figures
 * @throws CorralError `invalid-option` or `invalid-format` if the figures of links cannot be told, `limit-exceeded`
 * @complexity O(GPUs^2 + links)
 */
export function fabricOf(tree: ServerTree, options: NcclXmlOptions): NcclFabric {
  if (options.nvlink !== undefined) return statedFabric(tree, options.nvlink, options);
  if (!tree.complete) {
    throw new CorralError(
      'invalid-option',
      ['nvlink'],
      "the file leaves NVLinks to detection: say { via: 'none' }, { via: 'nvswitch', linksPerGpu } or { via: 'pairs', pairs }",
    );
  }
  return readFabric(tree, options);
}

function readFabric(tree: ServerTree, options: NcclXmlOptions): NcclFabric {
  const ordinals = new Map(tree.gpus.map(({ address }, i) => [address, i]));
  // Number of links by medium and by pair of ordinals: from * GPUs + to.
  const directed = { nvlink: new Map<number, number>(), xgmi: new Map<number, number>() };
  const switches = new Map<string, Map<number, number>>();
  const cpuLinks = new Map<number, number>();
  let own = 0;
  let lost = 0;
  for (const [gpu, pci] of tree.gpus.entries()) {
    for (const link of pci.gpu?.links ?? []) {
      if (link.count === 0) continue;
      const other = ordinals.get(link.target);
      const kind = targetKind(link, other !== undefined);
      if (kind === 'cpu') add(cpuLinks, gpu, link.count);
      else if (kind === 'switch') {
        const gpus = switches.get(link.target) ?? new Map<number, number>();
        switches.set(link.target, gpus);
        add(gpus, gpu, link.count);
      } else if (other === gpu) own += link.count;
      else if (other === undefined) lost += link.count;
      else add(directed[link.medium], gpu * tree.gpus.length + other, link.count);
    }
  }
  if (switches.size > SWITCHES_MAX) {
    throw limitExceeded(
      [],
      `links lead to ${switches.size} NVSwitches, at most ${SWITCHES_MAX}: check their targets`,
    );
  }
  const pairs: { gpus: readonly [number, number]; figures: LinkFigures }[] = [];
  let oneSided = 0;
  for (const medium of ['nvlink', 'xgmi'] as const) {
    for (const a of tree.gpus.keys()) {
      for (let b = a + 1; b < tree.gpus.length; b++) {
        const there = directed[medium].get(a * tree.gpus.length + b) ?? 0;
        const back = directed[medium].get(b * tree.gpus.length + a) ?? 0;
        const links = Math.min(there, back);
        oneSided += Math.max(there, back) - links;
        if (links === 0) continue;
        const figures = [a, b].map((gpu) => figuresOf(tree.gpus[gpu]!, medium, links, options));
        const slower = figures[0]!.bandwidthGBps <= figures[1]!.bandwidthGBps ? figures[0]! : figures[1]!;
        pairs.push({ gpus: [a, b], figures: slower });
      }
    }
  }
  const notes: string[] = [];
  const groups = switchGroupCount([...switches.values()].map((gpus) => gpus.keys()));
  if (groups > 1) {
    notes.push(
      `${switches.size} NVSwitches in ${groups} groups that no GPU joins are one switch here, as to NCCL: the file does not say how they are linked.`,
    );
  }
  if (own > 0) notes.push(`${own} NVLinks of GPUs to themselves are left out.`);
  if (lost > 0) notes.push(`${lost} links to GPUs that are not counted here are left out.`);
  if (oneSided > 0) notes.push(`${oneSided} links that only one of two GPUs names are left out.`);
  return {
    pairs,
    switches: (groups > 1 ? [united([...switches.values()])] : [...switches.values()]).map((gpus) =>
      [...gpus].map(([gpu, links]) => ({
        gpu,
        figures: figuresOf(tree.gpus[gpu]!, 'nvlink', links, options),
      })),
    ),
    toCpu: new Map(
      [...cpuLinks].map(([gpu, links]) => [
        gpu,
        { links, GBps: figuresOf(tree.gpus[gpu]!, 'nvlink', links, options).bandwidthGBps },
      ]),
    ),
    notes,
  };
}

function targetKind(link: NcclGpuLink, isGpu: boolean): 'gpu' | 'cpu' | 'switch' {
  if (link.medium === 'xgmi') return 'gpu';
  // A switch that a virtual machine does not see, whatever its class.
  if (link.target.startsWith('fffffff')) return 'switch';
  if (link.targetClass === undefined) return isGpu ? 'gpu' : 'switch';
  if (isGpuClass(link.targetClass)) return 'gpu';
  return link.targetClass.startsWith('0x068001') ? 'cpu' : 'switch';
}

/**
 * The number of groups of switches that no GPU joins.
 *
 * @param switches - GPUs of each switch
 * @complexity O(switches * GPUs)
 */
export function switchGroupCount<Gpu>(switches: readonly Iterable<Gpu>[]): number {
  const firstOf = new Map<Gpu, number>();
  const joined = switches.flatMap((gpus, i) =>
    [...gpus].map((gpu) => {
      if (!firstOf.has(gpu)) firstOf.set(gpu, i);
      return [firstOf.get(gpu)!, i] as const;
    }),
  );
  return components([...switches.keys()], joined).length;
}

/** One switch with the links of all. */
function united(switches: readonly ReadonlyMap<number, number>[]): ReadonlyMap<number, number> {
  const all = new Map<number, number>();
  for (const gpus of switches) for (const [gpu, links] of gpus) add(all, gpu, links);
  return all;
}

function statedFabric(tree: ServerTree, nvlink: NcclXmlNvlink, options: NcclXmlOptions): NcclFabric {
  const none: NcclFabric = { pairs: [], switches: [], toCpu: new Map(), notes: [] };
  const figures = (gpu: number, links: number): LinkFigures =>
    figuresOf(tree.gpus[gpu]!, 'nvlink', links, options, true);
  if (nvlink.via === 'none') return none;
  if (nvlink.via === 'nvswitch') {
    const gpus = [...tree.gpus.keys()].map((gpu) => ({ gpu, figures: figures(gpu, nvlink.linksPerGpu) }));
    return { ...none, switches: [gpus] };
  }
  const seen = new Set<number>();
  const pairs = nvlink.pairs.map(({ gpus: [a, b], links }, i) => {
    const path = ['nvlink', 'pairs', i, 'gpus'];
    if (a >= tree.gpus.length || b >= tree.gpus.length) {
      const message = `the file has ${tree.gpus.length} GPUs, ordinals 0 to ${tree.gpus.length - 1}`;
      throw new CorralError('unknown-reference', path, message);
    }
    const key = Math.min(a, b) * tree.gpus.length + Math.max(a, b);
    if (seen.has(key))
      throw new CorralError('duplicate-id', path, 'this pair is given twice: add up its links');
    seen.add(key);
    return { gpus: [a, b] as const, figures: figures(a, links) };
  });
  return { ...none, pairs };
}

function figuresOf(
  pci: NcclPci,
  medium: 'nvlink' | 'xgmi',
  links: number,
  options: NcclXmlOptions,
  stated = false,
): LinkFigures {
  const where = stated ? 'number of links stated by the caller' : 'number of links from the file';
  if (medium === 'nvlink' && options.nvlinkGBpsPerLink !== undefined) {
    return {
      medium,
      bandwidthGBps: rounded(links * options.nvlinkGBpsPerLink),
      basis: 'nccl',
      links,
      source: `${options.nvlinkGBpsPerLink} GB/s per NVLink stated by the caller; ${where}`,
      verified: false,
    };
  }
  const { sm, gcn } = pci.gpu ?? {};
  if (medium === 'nvlink' && sm === undefined) {
    throw new CorralError(
      'invalid-option',
      ['nvlinkGBpsPerLink'],
      'the file does not say which GPUs these are (sm), so the figure of their NVLinks must be given',
    );
  }
  if (medium === 'xgmi' && gcn === undefined) {
    throw invalidFormat(
      ['line', pci.line, 'gcn'],
      'a GPU with xGMI links needs gcn, its architecture: without it their figure is not known',
    );
  }
  const { ncclGBps, rawGBps } = medium === 'nvlink' ? nvlinkOfSm(sm!) : xgmiOfGcn(gcn!);
  const total = rounded(links * ncclGBps);
  const constant =
    medium === 'nvlink' ? `NCCL 2.30.7 topo.h for sm ${sm}` : `RCCL topo.h for ${gcn!.slice(0, 64)}`;
  return {
    medium,
    bandwidthGBps: total,
    basis: 'nccl',
    ncclGBps: total,
    ...(rawGBps !== undefined && { rawGBps: rounded(links * rawGBps) }),
    links,
    source: `${ncclGBps} GB/s per link, ${constant}; ${where}`,
    verified: !stated,
  };
}

function add(counts: Map<number, number>, key: number, count: number): void {
  const sum = (counts.get(key) ?? 0) + count;
  if (sum > LINKS_PER_PAIR_MAX) {
    throw invalidFormat(
      [],
      `${sum} links between a GPU and one device, at most ${LINKS_PER_PAIR_MAX}: check the counts of its links`,
    );
  }
  counts.set(key, sum);
}
