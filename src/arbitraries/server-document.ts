import * as fc from 'fast-check';
import { fieldNames, readFields } from '../checks/fields.js';
import { integer } from '../checks/quantity.js';
import { trueOrFalse } from '../checks/values.js';
import { CorralError } from '../errors.js';
import type { Device, Link, Medium, ServerDocument } from '../topology/index.js';
import { GPUS_PER_SERVER_MAX } from '../units.js';
import { DEFAULT_GPU_MODELS, namesOf } from './constraints.js';
import { bandwidthGBps } from './figure.js';

/** Constraints of {@link serverDocument}. */
export interface ServerDocumentConstraints {
  /** Fewest GPUs, 0 … 16; default 1, or `gpusMax` where that is less. */
  readonly gpusMin?: number | undefined;
  /** Most GPUs, `gpusMin` … 16; default 6, or `gpusMin` where that is more. */
  readonly gpusMax?: number | undefined;
  /** Most NICs, 0 … 16; default 3. */
  readonly nicsMax?: number | undefined;
  /**
   * If true (default), a NIC may be linked to a GPU, or to two devices. Else each is linked to one NUMA node or
   * switch.
   */
  readonly nicsOnGpus?: boolean | undefined;
  /** Most CPU sockets, 1 … 4; each two are joined; default 2. */
  readonly socketsMax?: number | undefined;
  /** Most NUMA nodes of one socket, 1 … 4; default 2. */
  readonly numaPerSocketMax?: number | undefined;
  /** Most PCIe switches of one NUMA node, 0 … 4; default 2. */
  readonly switchesPerNumaMax?: number | undefined;
  /** If true (default), there may be an accelerator fabric (NVLink, xGMI, NVSwitch …). */
  readonly fabric?: boolean | undefined;
  /** If true (default), links may have a per-flow cap. */
  readonly flowCaps?: boolean | undefined;
  /** GPU models to draw from, at least one; default A, B, C. */
  readonly gpuModels?: readonly string[] | undefined;
}

const NAMES = fieldNames<ServerDocumentConstraints>({
  gpusMin: true,
  gpusMax: true,
  nicsMax: true,
  nicsOnGpus: true,
  socketsMax: true,
  numaPerSocketMax: true,
  switchesPerNumaMax: true,
  fabric: true,
  flowCaps: true,
  gpuModels: true,
});

/** The choices that determine a document. Every combination is valid, so every shrunk one is too. */
interface Choices {
  readonly gpuModel: string;
  readonly sockets: readonly { readonly numaNodes: readonly (readonly SwitchChoice[])[] }[];
  readonly gpus: readonly { readonly place: number }[];
  readonly nics: readonly NicChoice[];
  readonly fabric: FabricChoice;
  /** Figures of the links in turn; after the last the first again. */
  readonly figures: readonly { readonly GBps: number; readonly cap: number | null }[];
}

interface NicChoice {
  readonly place: number;
  readonly role: NonNullable<Device['role']> | null;
  readonly portGBps: number | null;
  /** The GPU that it is linked to instead, modulo the number of GPUs. */
  readonly gpu: number | null;
  /** A second device or GPU that it is linked to, if it differs from the first. */
  readonly second: number | null;
}

interface SwitchChoice {
  readonly levels: 1 | 2 | null;
  readonly hostBridge: boolean;
}

interface FabricChoice {
  readonly shape: 'none' | 'pairs' | 'ring' | 'mesh' | 'switch' | 'some';
  readonly medium: Medium;
  /** Number of NVSwitches, if the shape is `switch`. */
  readonly switches: number;
  /** If the shape is `some`: true for pairs that are linked, in turn. */
  readonly pairs: readonly boolean[];
}

/**
 * Small valid server documents: one or two sockets, NUMA nodes, PCIe switches, GPUs, NICs, with or without an
 * accelerator fabric. Each is connected. With the default constraints it has at most 20 GPUs and forwarding devices,
 * the limit of `referenceBandwidth` in `corral/check`.
 *
 * Devices are called `socket0`, `numa0`, `switch0`, `gpu0`, `nic0` and `nvswitch0`. Bandwidths are multiples of
 * 1/1024 GB/s, so that ties are exact in every order of summation.
 *
 * @param constraints - see {@link ServerDocumentConstraints}
 * @returns an arbitrary; it shrinks to a socket with a NUMA node and as few GPUs as are allowed
 * @throws CorralError `invalid-option` for a constraint that does not exist or is out of range
 * @example
 * fc.assert(fc.property(serverDocument({ gpusMin: 2 }), (document) => serverTopology(document).gpus.length >= 2));
 */
export function serverDocument(constraints: ServerDocumentConstraints = {}): fc.Arbitrary<ServerDocument> {
  const given = readFields(constraints, NAMES);
  const limit = (
    name: keyof ServerDocumentConstraints & `${string}M${'ax' | 'in'}`,
    value: number,
    min: number,
    max: number,
  ) => integer(given[name] ?? value, min, max, name);
  const least = limit('gpusMin', 0, 0, GPUS_PER_SERVER_MAX);
  const gpusMax = limit('gpusMax', Math.max(6, least), 0, GPUS_PER_SERVER_MAX);
  const gpusMin = limit('gpusMin', Math.min(1, gpusMax), 0, GPUS_PER_SERVER_MAX);
  if (gpusMin > gpusMax) {
    throw new CorralError(
      'invalid-option',
      ['gpusMin'],
      `${gpusMin} is more than gpusMax, ${gpusMax}: lower it`,
    );
  }
  const nicsMax = limit('nicsMax', 3, 0, 16);
  const socketsMax = limit('socketsMax', 2, 1, 4);
  const numaPerSocketMax = limit('numaPerSocketMax', 2, 1, 4);
  const switchesPerNumaMax = limit('switchesPerNumaMax', 2, 0, 4);
  const shapes: readonly FabricChoice['shape'][] = trueOrFalse(given.fabric ?? true, 'fabric')
    ? ['none', 'pairs', 'ring', 'mesh', 'switch', 'some']
    : ['none'];
  const cap = trueOrFalse(given.flowCaps ?? true, 'flowCaps') ? fc.option(bandwidthGBps) : fc.constant(null);
  const nicsOnGpus = trueOrFalse(given.nicsOnGpus ?? true, 'nicsOnGpus');
  const rarely = (number: fc.Arbitrary<number>): fc.Arbitrary<number | null> =>
    fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: number });
  const gpuModels = namesOf('gpuModels', given.gpuModels, { names: DEFAULT_GPU_MODELS, min: 1 });

  const pcieSwitch: fc.Arbitrary<SwitchChoice> = fc.record({
    levels: fc.constantFrom(null, 1, 2),
    hostBridge: fc.boolean(),
  });
  const numaNode = fc.array(pcieSwitch, { maxLength: switchesPerNumaMax, size: 'max' });
  const socket = fc.record({
    numaNodes: fc.array(numaNode, { minLength: 1, maxLength: numaPerSocketMax, size: 'max' }),
  });
  const choices: fc.Arbitrary<Choices> = fc.record({
    gpuModel: fc.constantFrom(...gpuModels),
    sockets: fc.array(socket, { minLength: 1, maxLength: socketsMax, size: 'max' }),
    gpus: fc.array(fc.record({ place: fc.nat(63) }), { minLength: gpusMin, maxLength: gpusMax, size: 'max' }),
    nics: fc.array(
      fc.record({
        place: fc.nat(63),
        role: fc.constantFrom<NonNullable<Device['role']> | null>(null, 'compute', 'storage', 'frontend'),
        portGBps: fc.option(bandwidthGBps, { freq: 2 }),
        gpu: nicsOnGpus ? rarely(fc.nat(15)) : fc.constant(null),
        second: nicsOnGpus ? rarely(fc.nat(63)) : fc.constant(null),
      }),
      { maxLength: nicsMax, size: 'max' },
    ),
    fabric: fc.record({
      shape: fc.constantFrom(...shapes),
      medium: fc.constantFrom<Medium>('nvlink', 'xgmi', 'scale-up-ethernet'),
      switches: fc.integer({ min: 1, max: 2 }),
      pairs: fc.array(fc.boolean(), { minLength: 1, maxLength: 16 }),
    }),
    figures: fc.array(fc.record({ GBps: bandwidthGBps, cap }), { minLength: 1, maxLength: 12, size: 'max' }),
  });
  return choices.map(documentOf);
}

/** Builds the tree of sockets, NUMA nodes and switches, links the devices to it, and adds the fabric. */
function documentOf(choices: Choices): ServerDocument {
  const devices: Device[] = [];
  const links: Link[] = [];
  const join = (a: string, b: string, medium: Medium): void => {
    const { GBps, cap } = choices.figures[links.length % choices.figures.length]!;
    links.push({
      between: [a, b],
      medium,
      bandwidthGBps: GBps,
      basis: 'raw',
      // A cap above the bandwidth has no effect.
      ...(cap !== null && { flowCapGBps: Math.min(cap, GBps) }),
      source: 'generated',
      verified: false,
    });
  };

  /** The devices that a GPU or a NIC can be linked to. */
  const hosts: {
    readonly id: string;
    readonly numa: number;
    readonly socket: number;
    readonly hostBridge?: string;
  }[] = [];
  let numaCount = 0;
  let switchCount = 0;
  choices.sockets.forEach(({ numaNodes }, socket) => {
    devices.push({ id: `socket${socket}`, kind: 'socket', socket });
    for (let other = 0; other < socket; other++) join(`socket${other}`, `socket${socket}`, 'socket');
    for (const switches of numaNodes) {
      const numa = numaCount++;
      const id = `numa${numa}`;
      devices.push({ id, kind: 'numa', numa, socket });
      join(`socket${socket}`, id, 'on-chip');
      hosts.push({ id, numa, socket });
      for (const { levels, hostBridge } of switches) {
        const place = { numa, socket, ...(hostBridge && { hostBridge: `bridge${switchCount}` }) };
        const switchId = `switch${switchCount++}`;
        devices.push({ id: switchId, kind: 'pcie-switch', ...place, ...(levels !== null && { levels }) });
        join(id, switchId, 'pcie');
        hosts.push({ id: switchId, ...place });
      }
    }
  });

  const hang = (id: string, kind: 'gpu' | 'nic', place: number, more: Partial<Device>): void => {
    const { id: host, ...where } = hosts[place % hosts.length]!;
    devices.push({ id, kind, ...where, ...more });
    join(host, id, 'pcie');
  };
  choices.gpus.forEach(({ place }, i) => {
    hang(`gpu${i}`, 'gpu', place, {});
  });
  const { fabric } = choices;
  const gpuCount = choices.gpus.length;
  choices.nics.forEach(({ place, role, portGBps, gpu, second }, i) => {
    const id = `nic${i}`;
    const more: Partial<Device> = {
      ...(role !== null && { role }),
      ...(portGBps !== null && { portGBps, portBasis: 'raw', portSource: 'generated', portVerified: false }),
    };
    const places = hosts.map((host) => host.id);
    let first = places[place % places.length]!;
    if (gpu === null || gpuCount === 0) hang(id, 'nic', place, more);
    else {
      first = `gpu${gpu % gpuCount}`;
      const { numa, socket } = hosts[choices.gpus[gpu % gpuCount]!.place % hosts.length]!;
      devices.push({ id, kind: 'nic', numa, socket, ...more });
      join(first, id, 'pcie');
    }
    // The second device is a GPU if the first is one.
    const others = gpu === null ? places : choices.gpus.map((_, g) => `gpu${g}`);
    if (second === null || others.length === 0) return;
    const other = others[second % others.length]!;
    if (other !== first) join(other, id, 'pcie');
  });

  if (fabric.shape === 'switch' && gpuCount > 0) {
    for (let s = 0; s < fabric.switches; s++) {
      devices.push({ id: `nvswitch${s}`, kind: 'nvswitch' });
      for (let i = 0; i < gpuCount; i++) join(`gpu${i}`, `nvswitch${s}`, fabric.medium);
    }
  } else {
    let pair = 0;
    for (let a = 0; a < gpuCount; a++) {
      for (let b = a + 1; b < gpuCount; b++) {
        if (isLinked(fabric, a, b, gpuCount, pair++)) join(`gpu${a}`, `gpu${b}`, fabric.medium);
      }
    }
  }
  return { name: 'generated', title: 'A generated server', gpuModel: choices.gpuModel, devices, links };
}

/** True if the fabric joins GPUs `a` < `b` directly; `pair` is the number of the pair. */
function isLinked(fabric: FabricChoice, a: number, b: number, gpuCount: number, pair: number): boolean {
  switch (fabric.shape) {
    case 'pairs':
      return a % 2 === 0 && b === a + 1;
    case 'ring':
      return b === a + 1 || (a === 0 && b === gpuCount - 1);
    case 'mesh':
      return true;
    case 'some':
      return fabric.pairs[pair % fabric.pairs.length]!;
    default:
      return false;
  }
}
