import { CorralError } from '../../errors.js';
import { type LinkFigures, RAW_SHARE, rounded } from '../server/link-figures.js';
import type { FabricLink } from './fabric.js';
import type { HwlocXmlOptions } from './options.js';
import { shareOf } from './rates.js';

/** NVLink-C2C of one Grace: 900 GB/s in both directions; NCCL's XML has 44,712 MB/s five times for half of it. */
const GRACE_RAW_GBPS = 450;
const GRACE_NCCL_GBPS = 447.12;

/** What the figures of a link of the fabric follow from. */
export type FabricRate = Omit<FabricLink, 'ends'>;

interface FabricGeneration {
  readonly name: string;
  readonly medium: 'nvlink' | 'xgmi';
  readonly models: RegExp;
  /** One link: NCCL's or RCCL's constant, and the line rate in hwloc files. */
  readonly ncclGBps: number;
  readonly rawGBps: number;
}

/** Accelerator fabrics by model, the first of a medium and line rate where the model is not known. */
const GENERATIONS: readonly FabricGeneration[] = [
  { name: 'P100', medium: 'nvlink', models: /P100/i, ncclGBps: 18, rawGBps: 20 },
  { name: 'V100, A100', medium: 'nvlink', models: /V100|A100|A800|GV100|A30\b/i, ncclGBps: 20, rawGBps: 25 },
  { name: 'H100', medium: 'nvlink', models: /H[12]00|H800|H20\b|GH200/i, ncclGBps: 20.6, rawGBps: 25 },
  { name: 'B200', medium: 'nvlink', models: /B[123]00|GB[23]00/i, ncclGBps: 40.1, rawGBps: 50 },
  { name: 'MI200', medium: 'xgmi', models: /MI2[015]0/i, ncclGBps: 36, rawGBps: 50 },
  { name: 'MI300', medium: 'xgmi', models: /MI3[0-2]/i, ncclGBps: 48, rawGBps: 64 },
  {
    name: 'Vega',
    medium: 'xgmi',
    models: /MI(?:50|60|100)(?!\d)|Vega|Radeon (?:Pro )?VII/i,
    ncclGBps: 24,
    rawGBps: 50,
  },
];

/**
 * The figures of a link of the accelerator fabric.
 *
 * A figure counts as verified if the line rate is in the file, the same in both directions, and that of whole links
 * of the model.
 *
 * @param options - what the caller knows
 * @param link - medium, and line rate of all links of the pair, GB/s per direction
 * @param model - model of the GPUs, which tells the generation; else the line rate does
 * @returns figures by links of NCCL's or RCCL's constant; 0.85 of the line rate where no number of links fits
 * @throws CorralError `invalid-option` where links are stated and nothing tells the figure of one
 */
export function fabricFigures(options: HwlocXmlOptions, link: FabricRate, model: string): LinkFigures {
  const { medium } = link;
  const { basis = 'nccl' } = options;
  const stated = medium === 'nvlink' ? options.nvlinkGBpsPerLink : options.xgmiGBpsPerLink;
  const named = GENERATIONS.find((known) => known.medium === medium && known.models.test(model));
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
      ? shareOf(basis, `${medium === 'nvlink' ? 'NCCL 2.30.7' : 'RCCL'} topo.h, ${generation!.name}`)
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

/** The generation that a line rate tells where the model does not. */
function generationOf({ medium, rawGBps }: FabricRate): FabricGeneration | undefined {
  return (
    GENERATIONS.filter(
      (known) => known.medium === medium && linksIn(rawGBps, known, UNKNOWN_MODEL_TOLERANCE) !== undefined,
    )
      // 50 GB/s are two links of 25 rather than one of 50, so the slowest that divides is assumed.
      .sort((a, b) => a.rawGBps - b.rawGBps)
      .find((known) => known.rawGBps !== 20 || rawGBps % 25 !== 0)
  );
}

/** Drivers print xGMI of MI300 at the rate of MI200, 50 GB/s a link. */
const KNOWN_MODEL_TOLERANCE = 0.25;
/** Nothing but rounding where the line rate has to tell the generation. */
const UNKNOWN_MODEL_TOLERANCE = 0.01;

/** The number of links that make a line rate, if it is whole within a share of one link's rate. */
function linksIn(rawGBps: number, { rawGBps: one }: FabricGeneration, tolerance: number): number | undefined {
  const links = Math.max(1, Math.round(rawGBps / one));
  return links <= 1024 && Math.abs(rawGBps / links - one) <= tolerance * one ? links : undefined;
}

/**
 * The figures of NVLink-C2C between a Grace processor and one of its GPUs.
 *
 * @param gpuCount - GPUs of the processor
 * @param basis - which figures are wanted
 */
export function graceFigures(gpuCount: number, basis: 'nccl' | 'raw'): LinkFigures {
  return {
    medium: 'c2c',
    bandwidthGBps: rounded((basis === 'nccl' ? GRACE_NCCL_GBPS : GRACE_RAW_GBPS * RAW_SHARE) / gpuCount),
    basis,
    rawGBps: rounded(GRACE_RAW_GBPS / gpuCount),
    ncclGBps: rounded(GRACE_NCCL_GBPS / gpuCount),
    source: `GPU memory is a NUMA node, so NVLink-C2C; 900 GB/s in both directions of one Grace among ${gpuCount} GPUs; ${shareOf(basis, "NCCL's XML of GB200")}`,
    verified: false,
  };
}
