import { CorralError, quote } from '../../errors.js';
import type { BandwidthBasis } from '../../topology/server-document.js';
import {
  type LinkFigures,
  ON_PACKAGE_NCCL_GBPS,
  PCIE_X16,
  RAW_SHARE,
  rounded,
} from '../server/link-figures.js';
import { statedXgmiLinks } from '../server/xgmi-links.js';
import type { RocmSmiTopoOptions } from './options.js';
import type { RocmPair } from './pairs.js';

/** The bandwidth of each kind of link in an imported server. */
export interface RocmFigures {
  /** A PCIe x16 link. */
  readonly pcie: LinkFigures;
  /** Between a NUMA node and its socket. */
  readonly onPackage: LinkFigures;
  /** Between two sockets. */
  readonly socket: LinkFigures;
  /** The xGMI links of a pair whose headings are `a` and `b`. */
  xgmi(pair: RocmPair, a: string, b: string): LinkFigures;
}

/** Between two sockets of AMD: NCCL's constant; no line rate was found. */
const SOCKET_NCCL_GBPS = 16;

interface XgmiGeneration {
  readonly name: string;
  readonly models: RegExp;
  /** One link: RCCL's constant (src/graph/topo.h). */
  readonly ncclGBps: number;
  /** One link: line rate of the vendor's documents; absent where none was found. */
  readonly rawGBps?: number;
  /** Links of a pair; absent where pairs of one machine differ. */
  readonly links?: number;
}

/**
 * xGMI by generation. The first is assumed where the caller names no model. Two links of a pair of MI300A
 * are as in the catalogue (mi300a-4), from memory there.
 */
const GENERATIONS: readonly XgmiGeneration[] = [
  { name: 'MI300X', models: /MI3(?:00X|08X|25X)/i, ncclGBps: 48, rawGBps: 64, links: 1 },
  { name: 'MI300A', models: /MI300A/i, ncclGBps: 48, rawGBps: 64, links: 2 },
  { name: 'MI250', models: /MI250/i, ncclGBps: 36, rawGBps: 50 },
  { name: 'MI210', models: /MI210/i, ncclGBps: 36, rawGBps: 50, links: 1 },
  { name: 'Vega', models: /MI(?:50|60|100)(?!\d)|Vega|Radeon (?:Pro )?VII/i, ncclGBps: 24, links: 1 },
];

const ASSUMED = 'assumed, not in the text';

/**
 * The figures of an imported server: the text has at most the line rate of xGMI, so each is assumed or the
 * caller's, and says so.
 *
 * @param options - what the caller knows of the machine
 * @param pairs - how its GPUs are joined
 * @returns figures by kind of link, none verified; `xgmi` throws CorralError `invalid-option` where neither
 * the text nor the options nor the table of models gives a figure or a number of links
 * @see ROCm/rccl src/graph/topo.h (Vega 24, MI200 36, gfx94x 48); NVIDIA/nccl 2.30.7, src/graph/topo.cc, topo.h
 */
export function rocmFigures(
  options: RocmSmiTopoOptions,
  pairs: readonly (readonly RocmPair[])[],
): RocmFigures {
  const { basis = 'nccl', pcieGeneration = 5, socketGBps } = options;
  const pcie = PCIE_X16[pcieGeneration];
  const linksOf = linksByPair(options);
  const isMesh = isMeshOfEight(pairs);
  return {
    pcie: {
      medium: 'pcie',
      bandwidthGBps: basis === 'nccl' ? pcie.ncclGBps : rounded(pcie.rawGBps * RAW_SHARE),
      basis,
      ...pcie,
      source: `${ASSUMED}: PCIe Gen${pcieGeneration} x16, ${basis === 'nccl' ? 'NCCL 2.30.7 topo.cc' : `${RAW_SHARE} of the line rate`}`,
      verified: false,
    },
    onPackage: {
      medium: 'on-package',
      bandwidthGBps: ON_PACKAGE_NCCL_GBPS,
      basis: 'nccl',
      ncclGBps: ON_PACKAGE_NCCL_GBPS,
      source: `${ASSUMED}: not limiting, NCCL 2.30.7 topo.h, LOC`,
      verified: false,
    },
    socket: {
      medium: 'socket',
      bandwidthGBps: socketGBps ?? SOCKET_NCCL_GBPS,
      basis: socketGBps === undefined ? 'nccl' : basis,
      ...(socketGBps === undefined && { ncclGBps: SOCKET_NCCL_GBPS }),
      source: `${ASSUMED}: ${socketGBps === undefined ? 'NCCL 2.30.7 topo.h, AMD' : 'stated by the caller'}`,
      verified: false,
    },
    xgmi: (pair, a, b) => xgmiFigures(options, basis, pair, linksOf(pair, a, b), isMesh),
  };
}

function xgmiFigures(
  options: RocmSmiTopoOptions,
  basis: 'nccl' | 'raw',
  pair: RocmPair,
  links: { readonly count: number | undefined; readonly source: string },
  isMesh: boolean,
): LinkFigures {
  const { count } = links;
  const statedGBps = options.xgmiGBpsPerLink;
  const rate = statedGBps === undefined ? rateOf(options, basis, pair, count, isMesh) : undefined;
  const one = statedGBps ?? rate!.GBps;
  const rawGBps = pair.rawGBps ?? (rate?.rawGBps === undefined ? undefined : rate.rawGBps * (count ?? 1));
  return {
    medium: 'xgmi',
    bandwidthGBps: rounded(one * (count ?? 1)),
    basis: rate?.basis ?? basis,
    ...(rawGBps !== undefined && { rawGBps }),
    ...(rate?.ncclGBps !== undefined && { ncclGBps: rate.ncclGBps * (count ?? 1) }),
    ...(count !== undefined && { links: count }),
    source: `${links.source}: ${rounded(one)} GB/s ${count === undefined ? 'in all' : 'per link'}, ${rate?.source ?? 'stated by the caller'}`,
    verified: false,
  };
}

interface XgmiRate {
  readonly GBps: number;
  readonly basis: BandwidthBasis;
  readonly rawGBps?: number | undefined;
  readonly ncclGBps?: number;
  readonly source: string;
}

/** One link of a pair, or the whole pair where the number of links is not known. */
function rateOf(
  options: RocmSmiTopoOptions,
  basis: 'nccl' | 'raw',
  pair: RocmPair,
  count: number | undefined,
  isMesh: boolean,
): XgmiRate {
  const printedGBps = pair.rawGBps === undefined ? undefined : pair.rawGBps / (count ?? 1);
  const generation = generationOf(options, count === undefined || isMesh ? undefined : printedGBps);
  if (basis === 'nccl' && generation !== undefined && !(printedGBps !== undefined && count === undefined)) {
    const { name, ncclGBps, rawGBps } = generation;
    return { GBps: ncclGBps, ncclGBps, rawGBps, basis, source: `RCCL topo.h, ${name}` };
  }
  const rawGBps = printedGBps ?? generation?.rawGBps;
  if (rawGBps === undefined) {
    throw new CorralError(
      'invalid-option',
      ['xgmiGBpsPerLink'],
      `no ${basis === 'nccl' ? 'figure' : 'line rate'} of xGMI is known for ${quote(options.gpuModel)}: give the GB/s of one link`,
    );
  }
  const source = printedGBps === undefined ? "of the vendor's line rate" : 'of the line rate in the text';
  return { GBps: rawGBps * RAW_SHARE, rawGBps, basis: 'raw', source: `${RAW_SHARE} ${source}` };
}

/**
 * Whether eight GPUs have one link to each other, as MI300X and later have and MI200 cannot: drivers print the line
 * rate of MI200 for both.
 */
function isMeshOfEight(pairs: readonly (readonly RocmPair[])[]): boolean {
  return (
    pairs.length === 8 &&
    pairs.every((row, a) =>
      row.every(({ kind, links = 1 }, b) => a === b || (kind === 'xgmi' && links === 1)),
    )
  );
}

/** The generation of the model, or of the line rate of one link, or where nothing is known the default one. */
function generationOf(
  { gpuModel }: RocmSmiTopoOptions,
  rawGBps: number | undefined,
): XgmiGeneration | undefined {
  if (gpuModel !== undefined) return GENERATIONS.find(({ models }) => models.test(gpuModel));
  return rawGBps === undefined ? GENERATIONS[0] : GENERATIONS.find((known) => known.rawGBps === rawGBps);
}

type LinkCount = (
  pair: RocmPair,
  a: string,
  b: string,
) => { readonly count: number | undefined; readonly source: string };

function linksByPair(options: RocmSmiTopoOptions): LinkCount {
  const { gpuModel, xgmiLinks: stated } = options;
  const linksOf = stated === undefined ? undefined : statedXgmiLinks(stated);
  return (pair, a, b) => {
    if (linksOf !== undefined) {
      return { count: linksOf(a, b), source: 'links of the pair stated by the caller' };
    }
    if (pair.rawGBps !== undefined)
      return { count: pair.links, source: 'links of the pair from the bandwidth matrix of the text' };
    const generation = gpuModel === undefined ? GENERATIONS[0]! : generationOf(options, undefined);
    if (generation !== undefined && generation.links === undefined) {
      throw new CorralError(
        'invalid-option',
        ['xgmiLinks'],
        `${a} and ${b} of model ${quote(gpuModel)} have 1, 2 or 4 xGMI links, and the text does not say which: give them, or the output of rocm-smi --shownodesbw --showtopo or amd-smi topology`,
      );
    }
    const count = generation?.links ?? 1;
    return { count, source: `${ASSUMED}: ${count === 1 ? '1 link' : `${count} links`} of the pair` };
  };
}
