import { CorralError, quote } from '../../errors.js';
import type { BandwidthBasis } from '../../topology/server-document.js';
import { RAW_SHARE, XGMI_MODELS, type XgmiModel } from '../server/constants.js';
import { type LinkFigures, rounded } from '../server/link-figures.js';
import { statedXgmiLinks } from '../server/xgmi-links.js';
import type { RocmSmiTopoOptions } from './options.js';
import type { RocmPair } from './pairs.js';

/** How the source of an assumed figure begins. */
export const ASSUMED = 'assumed, not in the text';

/**
 * The figures of the xGMI links of a pair of GPUs. The text has their line rate at most, so they are assumed or the
 * caller's, and their source says so.
 *
 * @param options - what the caller knows of the server
 * @param pairs - how its GPUs are joined
 * @returns the figures of a pair whose headings are `a` and `b`, not verified; throws CorralError `invalid-option` where
 * neither the text nor the options nor the table of models gives a figure or a number of links
 * @see ROCm/rccl src/graph/topo.h
 */
export function xgmiFigures(
  options: RocmSmiTopoOptions,
  pairs: readonly (readonly RocmPair[])[],
): (pair: RocmPair, a: string, b: string) => LinkFigures {
  const linksOf = linksByPair(options);
  const isMesh = isMeshOfEight(pairs);
  return (pair, a, b) => figuresOf(options, pair, linksOf(pair, a, b), isMesh);
}

function figuresOf(
  options: RocmSmiTopoOptions,
  pair: RocmPair,
  links: LinkCount,
  isMesh: boolean,
): LinkFigures {
  const { basis = 'nccl' } = options;
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
  const known = modelOf(options, count === undefined || isMesh ? undefined : printedGBps);
  if (basis === 'nccl' && known !== undefined && !(printedGBps !== undefined && count === undefined)) {
    const { name, ncclGBps, rawGBps } = known;
    return { GBps: ncclGBps, ncclGBps, rawGBps, basis, source: `RCCL topo.h, ${name}` };
  }
  const rawGBps = printedGBps ?? known?.rawGBps;
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
 * Whether eight GPUs have one link to each other. That is MI300X or later, not MI200, although drivers print the line rate
 * of MI200 for both.
 */
function isMeshOfEight(pairs: readonly (readonly RocmPair[])[]): boolean {
  return (
    pairs.length === 8 &&
    pairs.every((row, a) =>
      row.every(({ kind, links = 1 }, b) => a === b || (kind === 'xgmi' && links === 1)),
    )
  );
}

/** The model by its name, else by the line rate of one link, else MI300X. */
function modelOf({ gpuModel }: RocmSmiTopoOptions, rawGBps: number | undefined): XgmiModel | undefined {
  if (gpuModel !== undefined) return XGMI_MODELS.find(({ models }) => models.test(gpuModel));
  return rawGBps === undefined ? XGMI_MODELS[0] : XGMI_MODELS.find((one) => one.rawGBps === rawGBps);
}

type LinkCount = { readonly count: number | undefined; readonly source: string };

function linksByPair(options: RocmSmiTopoOptions): (pair: RocmPair, a: string, b: string) => LinkCount {
  const { gpuModel, xgmiLinks: stated } = options;
  const linksOf = stated === undefined ? undefined : statedXgmiLinks(stated);
  return (pair, a, b) => {
    if (linksOf !== undefined) {
      return { count: linksOf(a, b), source: 'links of the pair stated by the caller' };
    }
    if (pair.rawGBps !== undefined)
      return { count: pair.links, source: 'links of the pair from the bandwidth matrix of the text' };
    const known = modelOf(options, undefined);
    if (known !== undefined && known.links === undefined) {
      throw new CorralError(
        'invalid-option',
        ['xgmiLinks'],
        `${a} and ${b} of model ${quote(gpuModel)} have 1, 2 or 4 xGMI links, and the text does not say which: give them, or the output of rocm-smi --shownodesbw --showtopo or amd-smi topology`,
      );
    }
    const count = known?.links ?? 1;
    return { count, source: `${ASSUMED}: ${count === 1 ? '1 link' : `${count} links`} of the pair` };
  };
}
