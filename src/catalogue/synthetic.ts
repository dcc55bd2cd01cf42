import * as v from 'valibot';
import { nearestNames } from '../checks/nearest-names.js';
import { unexpected } from '../checks/values.js';
import { CorralError, quote } from '../errors.js';
import type { Device, Link, ServerDocument } from '../topology/server-document.js';
import { strictFields } from '../topology/validate.js';
import { GPUS_PER_SERVER_MAX } from '../units.js';
import { parseOptions, portGbpsOption } from './builder-options.js';

/** Longest description, in characters: it comes from outside. */
const TEXT_LENGTH_MAX = 256;
/** Longest name, in characters, as in a server document. */
const NAME_LENGTH_MAX = 1024;

/** Most members of each level below one member of the level above; for `gpu` and `nvswitch` in the whole server. */
const COUNT_MAX = { cpu: 8, numa: 8, switch: 16, nic: 32, gpu: GPUS_PER_SERVER_MAX, nvswitch: 18 } as const;
type LevelWord = keyof typeof COUNT_MAX;
const LEVEL_WORDS = Object.keys(COUNT_MAX) as readonly LevelWord[];
/** Most devices of one description. */
const DEVICES_MAX = 512;

const SOURCE = 'synthetic';
/** PCIe Gen5 x16: line rate, NCCL 2.30.7 topo.cc, and what was measured on an H200. */
const PCIE = {
  medium: 'pcie',
  bandwidthGBps: 55.4,
  basis: 'measured',
  rawGBps: 63.02,
  ncclGBps: 48,
  source: `${SOURCE}: PCIe Gen5 x16 as in the catalogue`,
  verified: false,
} as const;
/** The capacity that all flows between two CPUs share; see `cert-2s-2gpu-switch`. */
const SOCKET = {
  medium: 'socket',
  bandwidthGBps: 50,
  basis: 'measured',
  source: `${SOURCE}: shared capacity between two CPUs of the PCIe Gen5 generation as in the catalogue`,
  verified: false,
} as const;
/** Not limiting: NCCL 2.30.7 topo.h, LOC. */
const ON_PACKAGE = {
  medium: 'on-package',
  bandwidthGBps: 5000,
  basis: 'nccl',
  rawGBps: 5000,
  ncclGBps: 5000,
  source: `${SOURCE}: not limiting`,
  verified: false,
} as const;
/** One link of NVLink 4, of which a GPU has 18: specification, NCCL 2.30.7 topo.h, measured on H100 and H200. */
const NVLINK = { links: 18, bandwidthGBps: 21.4, rawGBps: 25, ncclGBps: 20.6 } as const;

/** Options of {@link synthetic}. */
export interface SyntheticOptions {
  /** Name of the server type. Default: the description, its levels separated by one space. */
  readonly name?: string | undefined;
  /** Model of every GPU. Default `synthetic`, of a server without GPUs `none`. */
  readonly gpuModel?: string | undefined;
  /** Rate of the ports of every NIC, Gb/s per direction. Default: not stated; only the PCIe link limits. */
  readonly portGbps?: number | undefined;
}

const nameExpected = `expected a text of 1 to ${NAME_LENGTH_MAX} characters`;
const nameOption = v.pipe(
  v.string(nameExpected),
  v.check((x) => x.length >= 1 && x.length <= NAME_LENGTH_MAX, nameExpected),
);
const optionsSchema = strictFields({
  name: v.optional(nameOption),
  gpuModel: v.optional(nameOption),
  portGbps: v.optional(portGbpsOption),
});

interface Level {
  readonly word: LevelWord;
  readonly count: number;
  /** Position in the description, for errors. */
  readonly position: number;
}

/**
 * Builds a server document from a short description, in the spirit of hwloc's synthetic strings.
 *
 * Levels are `word:count`, outermost first, separated by spaces; each count is per member of the level above:
 *
 * | level | what it is | where |
 * |---|---|---|
 * | `cpu:n` | sockets, all joined to each other | first, once; 1–8 |
 * | `numa:n` | NUMA nodes per socket | once, directly after `cpu`; 1–8, default 1 |
 * | `switch:n` | PCIe switches; a second `switch` level hangs below the first | 1–16 |
 * | `gpu:n`, `nic:n` | leaves; they hang on the nearest `switch`, else `numa`, else `cpu` before them | `gpu` once |
 * | `nvswitch:n` | NVSwitches of the whole server; every GPU's 18 links are spread evenly over them | last, once; 1–18 |
 *
 * Examples: `cpu:2 switch:2 gpu:2` has two sockets, two switches on each and two GPUs below each switch: 8 GPUs.
 * `cpu:2 nic:1 switch:2 gpu:2` has in addition one NIC on a root port of each socket.
 *
 * Bandwidths are the catalogue's, GB/s per direction: PCIe Gen5 x16 55.4 (raw 63.02, NCCL 48), between sockets 50
 * shared by all flows, 21.4 per NVLink (raw 25, NCCL 20.6); inside a socket nothing limits. Each device on a NUMA
 * node has a host bridge of its own. GPUs are in the order of the tree. Ids are `socket0`, `numa0`,
 * `nvswitch0`, `switch0`, `gpu0`, `nic0`, ….
 *
 * @param description - at most 256 characters
 * @param options - see {@link SyntheticOptions}
 * @returns a server document, for `serverTopology` or the `types` of a cluster document
 * @throws CorralError `invalid-option` if the description cannot be read, its path being the position of the
 * level; `limit-exceeded` above 16 GPUs or 512 devices
 * @complexity O(devices + sockets² + GPUs · NVSwitches)
 * @see hwloc, "Synthetic topologies"
 * @example
 * ```ts
 * serverTopology(synthetic('cpu:2 switch:2 gpu:2')).gpus.length; // 8
 * ```
 */
export function synthetic(description: string, options: SyntheticOptions = {}): ServerDocument {
  const levels = readLevels(description);
  checkOrder(levels);
  checkSize(levels);
  const normal = levels.map((level) => `${level.word}:${level.count}`).join(' ');
  const { name, portGbps, ...model } = parseOptions(optionsSchema, options);
  const gpuModel = model.gpuModel ?? (levels.some(({ word }) => word === 'gpu') ? 'synthetic' : 'none');
  return {
    name: name ?? normal,
    title: `Synthetic server ${normal}`,
    gpuModel,
    ...grow(levels, gpuModel, portGbps),
  };
}

function isLevelWord(word: string): word is LevelWord {
  return Object.hasOwn(COUNT_MAX, word);
}

function readLevels(description: unknown): Level[] {
  if (typeof description !== 'string' || description.trim() === '') {
    throw unexpected(`a description such as 'cpu:2 switch:2 gpu:2'`, description, []);
  }
  if (description.length > TEXT_LENGTH_MAX) {
    throw new CorralError(
      'limit-exceeded',
      [],
      `a description of ${description.length} characters, at most ${TEXT_LENGTH_MAX}: leave levels out`,
    );
  }
  return description
    .trim()
    .split(/\s+/)
    .map((part, position) => {
      const match = /^([^:]+):([0-9]+)$/.exec(part);
      if (match === null) fail(position, `expected a level such as gpu:2, got ${quote(part)}`);
      const word = match[1]!;
      if (!isLevelWord(word)) {
        const near = nearestNames(word, LEVEL_WORDS);
        const hint =
          near.length > 0 ? `did you mean ${near.join(' or ')}?` : `levels are ${LEVEL_WORDS.join(', ')}`;
        return fail(position, `no level ${quote(word)}: ${hint}`);
      }
      const count = Number(match[2]);
      const max = COUNT_MAX[word];
      if (count < 1 || count > max)
        fail(position, `expected ${word}:1 to ${word}:${max}, got ${quote(part)}`);
      return { word, count, position };
    });
}

/** Checks the order of levels: see the table of {@link synthetic}. */
function checkOrder(levels: readonly Level[]): void {
  const seen = new Set<LevelWord>();
  for (const { word, position } of levels) {
    if (position === 0 && word !== 'cpu') fail(position, `expected cpu first, got ${word}: begin with cpu:1`);
    if (seen.has(word) && word !== 'switch' && word !== 'nic') {
      fail(position, `${word} is given twice: give it once`);
    }
    if (word === 'numa' && levels[position - 1]?.word !== 'cpu') {
      fail(position, 'numa follows cpu directly: move it there');
    }
    if (seen.has('nvswitch')) fail(position, `nvswitch comes last: move ${word} before it`);
    if (word === 'switch' && seen.has('gpu')) {
      fail(position, 'a switch after gpu would have no GPU below it: move gpu behind the last switch');
    }
    seen.add(word);
  }
  if (!seen.has('gpu') && (seen.has('switch') || seen.has('nvswitch'))) {
    fail(levels.length, 'switches without GPUs: add a level such as gpu:2, or leave them out');
  }
}

/** Checks the numbers of devices before anything is built. */
function checkSize(levels: readonly Level[]): void {
  let members = 1;
  let devices = 0;
  for (const { word, count, position } of levels) {
    if (word === 'nvswitch') devices += count;
    else {
      devices += members * count;
      if (word === 'gpu' && members * count > GPUS_PER_SERVER_MAX) {
        throw new CorralError(
          'limit-exceeded',
          [position],
          `${members * count} GPUs, at most ${GPUS_PER_SERVER_MAX} in one server: describe a larger domain as a tier of servers`,
        );
      }
      if (word === 'cpu' || word === 'numa' || word === 'switch') members *= count;
    }
    if (devices > DEVICES_MAX) {
      throw new CorralError(
        'limit-exceeded',
        [position],
        `more than ${DEVICES_MAX} devices: use smaller counts`,
      );
    }
  }
}

/** A device that others are linked to. */
interface Place {
  readonly id: string;
  readonly numa: number;
  readonly socket: number;
  /**
   * True for a NUMA node: each device on it has its own host bridge. Devices below a switch have that of the switch.
   */
  readonly isRoot: boolean;
}

function grow(
  levels: readonly Level[],
  gpuModel: string,
  portGbps: number | undefined,
): Pick<ServerDocument, 'devices' | 'links'> {
  const sockets: Device[] = [];
  const numas: Device[] = [];
  const nvswitches: Device[] = [];
  const below: Device[] = [];
  const hostLinks: Link[] = [];
  const links: Link[] = [];
  const numbers = { switch: 0, gpu: 0, nic: 0 };
  const port: Partial<Device> =
    portGbps === undefined
      ? {}
      : {
          portGBps: portGbps / 8,
          portBasis: 'nccl',
          portSource: `${SOURCE}, option portGbps: ${portGbps} Gb/s`,
          portVerified: false,
        };

  const sprout = (place: Place, index: number): void => {
    const level = levels[index];
    if (level === undefined || level.word === 'nvswitch') return;
    const { word, count } = level;
    if (word === 'cpu' || word === 'numa') return;
    for (let i = 0; i < count; i++) {
      const id = `${word}${numbers[word]++}`;
      below.push({
        id,
        kind: word === 'switch' ? 'pcie-switch' : word,
        numa: place.numa,
        socket: place.socket,
        ...(place.isRoot && { hostBridge: `bridge-${id}` }),
        ...(word === 'gpu' && { model: gpuModel }),
        ...(word === 'nic' && { role: 'compute', ...port }),
      });
      links.push({ between: [place.id, id], ...PCIE });
      if (word === 'switch') sprout({ ...place, id, isRoot: false }, index + 1);
    }
    // The next level after leaves is on the same device as they are.
    if (word !== 'switch') sprout(place, index + 1);
  };

  const cpus = levels[0]!.count;
  const hasNuma = levels[1]?.word === 'numa';
  const numasPerCpu = hasNuma ? levels[1]!.count : 1;
  for (let socket = 0; socket < cpus; socket++) {
    sockets.push({ id: `socket${socket}`, kind: 'socket', socket });
    for (let other = 0; other < socket; other++) {
      hostLinks.push({ between: [`socket${other}`, `socket${socket}`], ...SOCKET });
    }
    for (let i = 0; i < numasPerCpu; i++) {
      const numa = socket * numasPerCpu + i;
      const id = `numa${numa}`;
      numas.push({ id, kind: 'numa', numa, socket });
      hostLinks.push({ between: [id, `socket${socket}`], ...ON_PACKAGE });
      sprout({ id, numa, socket, isRoot: true }, hasNuma ? 2 : 1);
    }
  }

  const last = levels.at(-1)!;
  if (last.word === 'nvswitch') {
    for (let i = 0; i < last.count; i++) nvswitches.push({ id: `nvswitch${i}`, kind: 'nvswitch' });
    for (const gpu of below.filter((device) => device.kind === 'gpu')) {
      nvswitches.forEach((nvswitch, i) => {
        links.push({ between: [gpu.id, nvswitch.id], ...nvlinks(i, nvswitches.length) });
      });
    }
  }
  return { devices: [...sockets, ...numas, ...nvswitches, ...below], links: [...hostLinks, ...links] };
}

/**
 * The links of one GPU to NVSwitch `index` of `count`: 18 in all; if they do not divide evenly, the first switches
 * get one more.
 */
function nvlinks(index: number, count: number): Omit<Link, 'between'> {
  const links = Math.floor(NVLINK.links / count) + (index < NVLINK.links % count ? 1 : 0);
  const times = (each: number): number => Math.round(links * each * 1e6) / 1e6;
  return {
    medium: 'nvlink',
    bandwidthGBps: times(NVLINK.bandwidthGBps),
    basis: 'measured',
    rawGBps: times(NVLINK.rawGBps),
    ncclGBps: times(NVLINK.ncclGBps),
    links,
    source: `${SOURCE}: NVLink 4 as in the catalogue`,
    verified: false,
  };
}

function fail(position: number, problem: string): never {
  throw new CorralError('invalid-option', [position], problem);
}
