import { CorralError } from '../../errors.js';
import {
  type FabricGeneration,
  GRACE_C2C,
  NVLINK_GENERATIONS,
  RAW_SHARE,
  XGMI_GENERATIONS,
} from '../server/constants.js';
import { LINKS_PER_PAIR_MAX } from '../server/limits.js';
import { basisSource, type LinkFigures, rounded } from '../server/link-figures.js';
import type { FabricLink } from './fabric.js';
import type { HwlocXmlOptions } from './options.js';

/** A link of the accelerator fabric without its ends. */
export type FabricRate = Omit<FabricLink, 'ends'>;

/** Generations by medium, in the order in which line rates are compared if the model is not known. */
const GENERATIONS: Readonly<Record<FabricRate['medium'], readonly FabricGeneration[]>> = {
  nvlink: NVLINK_GENERATIONS,
  // The line rate of Vega is the one that hwloc writes.
  xgmi: [XGMI_GENERATIONS.mi200, XGMI_GENERATIONS.mi300, { ...XGMI_GENERATIONS.vega, rawGBps: 50 }],
};

/**
 * The figures of a link of the accelerator fabric.
 *
 * A figure is verified if the line rate is in the file, equal in both directions, and a multiple of the rate of one link
 * of the model.
 *
 * @param options - what the caller knows
 * @param link - medium, and line rate of all links of the pair, GB/s per direction
 * @param model - model of the GPUs, which gives the generation; if it is not known, the line rate does
 * @returns figures by links of NCCL's or RCCL's constant; 0.85 of the line rate where no number of links fits
 * @throws CorralError `invalid-option` where links are stated and nothing tells the figure of one
 */
export function fabricFigures(options: HwlocXmlOptions, link: FabricRate, model: string): LinkFigures {
  const { medium } = link;
  const { basis = 'nccl' } = options;
  const stated = medium === 'nvlink' ? options.nvlinkGBpsPerLink : options.xgmiGBpsPerLink;
  const named = GENERATIONS[medium].find(({ models }) => models.test(model));
  const generation = named ?? (link.links === undefined ? generationOf(link) : undefined);
  const tolerance = named === undefined ? UNKNOWN_MODEL_TOLERANCE : KNOWN_MODEL_TOLERANCE;
  const links =
    link.links?.count ??
    (generation === undefined ? undefined : linksIn(link.rawGBps, generation, tolerance));
  if (links === undefined || (generation === undefined && stated === undefined)) {
    return ofLineRate(link);
  }
  const one = stated ?? (basis === 'nccl' ? generation!.ncclGBps : generation!.rawGBps * RAW_SHARE);
  const isOfFile = link.links === undefined;
  const rawGBps = isOfFile || generation === undefined ? link.rawGBps : links * generation.rawGBps;
  const share =
    stated === undefined
      ? basisSource(basis, `${medium === 'nvlink' ? 'NCCL 2.30.7' : 'RCCL'} topo.h, ${generation!.name}`)
      : 'stated by the caller';
  return {
    medium,
    bandwidthGBps: rounded(links * one),
    basis,
    rawGBps,
    ...(generation !== undefined && { ncclGBps: rounded(links * generation.ncclGBps) }),
    links,
    source: `${link.links?.source ?? 'line rate from the hwloc file'}; ${rounded(one)} GB/s per link, ${share}`,
    verified:
      isOfFile &&
      link.isDoubtful === undefined &&
      stated === undefined &&
      named !== undefined &&
      linksIn(rawGBps, named, UNKNOWN_MODEL_TOLERANCE) !== undefined,
  };
}

function ofLineRate({ medium, rawGBps, links }: FabricRate): LinkFigures {
  if (links !== undefined) {
    throw new CorralError(
      'invalid-option',
      [medium === 'xgmi' ? 'xgmiGBpsPerLink' : 'nvlinkGBpsPerLink'],
      'the number of links is stated, and the model does not tell the figure of one: give it, or gpuModel',
    );
  }
  return {
    medium,
    bandwidthGBps: rounded(rawGBps * RAW_SHARE),
    basis: 'raw',
    rawGBps,
    source: `line rate from the hwloc file; ${RAW_SHARE} of it, as the number of links is not known`,
    verified: false,
  };
}

/** The generation of a line rate, if the model is not known. */
function generationOf({ medium, rawGBps }: FabricRate): FabricGeneration | undefined {
  return (
    GENERATIONS[medium]
      .filter((known) => linksIn(rawGBps, known, UNKNOWN_MODEL_TOLERANCE) !== undefined)
      // The slowest link that divides the rate is assumed: 50 GB/s are two links of 25, not one of 50.
      .sort((a, b) => a.rawGBps - b.rawGBps)
      .find((known) => known.rawGBps !== 20 || rawGBps % 25 !== 0)
  );
}

/** Drivers print xGMI of MI300 at the rate of MI200, 50 GB/s a link. */
const KNOWN_MODEL_TOLERANCE = 0.25;
/** Allows rounding only, because the line rate has to tell the generation. */
const UNKNOWN_MODEL_TOLERANCE = 0.01;

/** The number of links in a line rate; undefined if it is not whole within `tolerance` of one link's rate. */
function linksIn(rawGBps: number, { rawGBps: one }: FabricGeneration, tolerance: number): number | undefined {
  const links = Math.max(1, Math.round(rawGBps / one));
  return links <= LINKS_PER_PAIR_MAX && Math.abs(rawGBps / links - one) <= tolerance * one
    ? links
    : undefined;
}

/**
 * The figures of NVLink-C2C between a Grace processor and one of its GPUs.
 *
 * @param gpuCount - GPUs of the processor
 * @param basis - which figures are wanted
 */
export function graceFigures(gpuCount: number, basis: 'nccl' | 'raw'): LinkFigures {
  const { ncclGBps, rawGBps } = GRACE_C2C;
  return {
    medium: 'c2c',
    bandwidthGBps: rounded((basis === 'nccl' ? ncclGBps : rawGBps * RAW_SHARE) / gpuCount),
    basis,
    rawGBps: rounded(rawGBps / gpuCount),
    ncclGBps: rounded(ncclGBps / gpuCount),
    source: `GPU memory is a NUMA node, so NVLink-C2C; 900 GB/s in both directions of one Grace among ${gpuCount} GPUs; ${basisSource(basis, "NCCL's XML of GB200")}`,
    verified: false,
  };
}
