import * as fc from 'fast-check';
import { serverDocument } from '../../../src/arbitraries/index.js';
import { synthetic } from '../../../src/catalogue/index.js';
import type { CheckedRequest } from '../../../src/check/index.js';
import type { ClusterTopology, Medium, ServerTopology } from '../../../src/index.js';
import { type ServerEntry, serverTopology } from '../../../src/index.js';
import { randomStream } from '../../../src/random.js';
import { buildClusterTopology } from '../../../src/topology/cluster-topology.js';
import { type ShortLink, smallServer } from '../../bandwidth/small-server.js';

/** GPUs and servers of a generated cluster, so few that every placement can be looked at. */
export const GPUS_MAX = 12;
export const SERVERS_MAX = 8;

/** GPUs on one switch, each joined to it by PCIe, a NIC or none, and some pairs of GPUs joined by NVLink. */
function box(gpus: number, nicGBps: number, pairs: readonly (readonly [number, number, number])[] = []) {
  const ordinals = Array.from({ length: gpus }, (_, i) => i);
  const link = (a: string, b: string, medium: Medium, GBps: number): ShortLink => [a, b, medium, GBps];
  return smallServer(
    ['socket0', 'sw0', ...ordinals.map((i) => `gpu${i}`), ...(nicGBps > 0 ? ['nic0'] : [])],
    [
      link('socket0', 'sw0', 'pcie', 12),
      ...ordinals.map((i) => link('sw0', `gpu${i}`, 'pcie', 12)),
      ...(nicGBps > 0 ? [link('sw0', 'nic0', 'pcie', nicGBps)] : []),
      ...pairs.map(([a, b, GBps]) => link(`gpu${a}`, `gpu${b}`, 'nvlink', GBps)),
    ],
  );
}

/**
 * Server types that clusters share: few, so that the figures of their sets are found once. With and without NICs,
 * NVSwitches, meshes and halves of them, sockets, no GPUs at all, and some at random.
 */
export const serverTypes: readonly ServerTopology[] = [
  ...[
    'cpu:1 switch:1 nic:1 gpu:1',
    'cpu:1 switch:1 nic:1 gpu:2',
    'cpu:1 switch:1 nic:2 gpu:2',
    'cpu:1 switch:2 nic:1 gpu:1',
    'cpu:1 switch:2 nic:1 gpu:2',
    'cpu:2 nic:1 switch:1 gpu:1',
    'cpu:2 nic:1 switch:1 gpu:2',
    'cpu:2 nic:1 gpu:1',
    'cpu:2 gpu:2',
    'cpu:1 switch:1 nic:1 gpu:4 nvswitch:1',
    'cpu:1 nic:4 gpu:4 nvswitch:2',
    'cpu:2 nic:1 gpu:3',
    'cpu:2 switch:1 nic:1 gpu:3 nvswitch:2',
    'cpu:1 gpu:1',
  ].map((description) => serverTopology(synthetic(description, { gpuModel: 'A' }))),
  box(0, 12),
  box(1, 3),
  box(2, 3),
  box(2, 24, [[0, 1, 20]]),
  box(3, 12),
  box(3, 6, [[0, 2, 20]]),
  box(4, 0),
  // Pairs, a chain, a mesh that lacks a link, and links of two widths.
  box(4, 12, [
    [0, 3, 20],
    [1, 2, 20],
  ]),
  box(4, 12, [
    [0, 1, 20],
    [1, 2, 20],
    [2, 3, 40],
  ]),
  box(4, 25, [
    [0, 1, 20],
    [0, 2, 20],
    [0, 3, 20],
    [1, 2, 20],
    [2, 3, 20],
  ]),
  box(6, 12, [
    [0, 1, 20],
    [2, 3, 20],
    [4, 5, 40],
    [0, 5, 20],
  ]),
  ...fc
    .sample(serverDocument({ gpusMin: 1, gpusMax: 4, nicsMax: 2, gpuModels: ['A'] }), {
      seed: 1,
      numRuns: 15,
    })
    .map((document) => serverTopology(document)),
];

/** Server types of {@link serverTypes} with something to choose inside, and some whose sockets have two NUMA nodes. */
const placedTypes: readonly ServerTopology[] = [
  ...serverTypes.filter(({ gpus }) => gpus.length > 1),
  ...[
    'cpu:2 numa:2 gpu:1',
    'cpu:2 numa:1 nic:1 gpu:2',
    'cpu:2 numa:1 gpu:3',
    'cpu:2 numa:2 nic:1 gpu:1 nvswitch:1',
    'cpu:2 numa:1 nic:1 gpu:2 nvswitch:1',
    'cpu:3 numa:1 gpu:2 nvswitch:2',
    'cpu:2 numa:1 gpu:3 nvswitch:1',
  ].map((description) => serverTopology(synthetic(description, { gpuModel: 'A' }))),
];

/** One step of what happened before a request is judged; `pick` chooses among the live placements, or servers. */
export type GangStep =
  | { readonly kind: 'place'; readonly request: CheckedRequest }
  | { readonly kind: 'release' | 'cordon' | 'uncordon'; readonly pick: number };

/** A small cluster, what happened on it, and what is asked for now. */
export interface GangCase {
  readonly cluster: ClusterTopology;
  readonly history: readonly GangStep[];
  readonly requests: readonly CheckedRequest[];
  /** Weights of the sizes to come; undefined = the default. */
  readonly sizes: Readonly<Record<number, number>> | undefined;
}

/** Tiers, widest first. */
const TIERS = ['zone', 'block', 'rack'];
/** Mixes of sizes beside the default: no more than a compiled server type remembers. */
const MIXES: readonly Readonly<Record<number, number>>[] = [{ 1: 1 }, { 2: 2, 4: 1 }, { 1: 1, 2: 5, 3: 0.5 }];

/** Seeds of figures of single domains: apart from those of cases, so that what else a case is does not depend on them. */
const OWN_FIGURES_SEED = 3_000_000_000;

/** Draws by chance; every number is from the seed. */
export class Dice {
  readonly #stream: ReturnType<typeof randomStream>;

  constructor(seed: number) {
    this.#stream = randomStream(seed, 'workload');
  }

  below(bound: number): number {
    return this.#stream.below(bound);
  }

  /** Whether something of that many per cent happened. */
  chance(percent: number): boolean {
    return this.#stream.below(100) < percent;
  }

  of<Value>(values: readonly Value[]): Value {
    return values[this.#stream.below(values.length)]!;
  }
}

/**
 * A random case: one to eight servers of up to three types, at most 12 GPUs; no to three tiers with or without uplinks
 * and accelerators, equal or unequal by domain; a history of single pods and gangs that came and went, and of cordons; and requests of every
 * shape.
 *
 * @param seed - equal seeds give equal cases
 * @param options - `places`: requests may want each pod on one socket or NUMA node
 */
export function gangCase(seed: number, options: { readonly places: boolean } = { places: false }): GangCase {
  const dice = new Dice(seed);
  const figures = new Dice(OWN_FIGURES_SEED + seed);
  const cluster = clusterOf(dice, figures, options.places ? placedTypes : serverTypes);
  const levels = ['server', ...cluster.tiers.map(({ name }) => name), 'cluster'];
  const gpus = cluster.servers.reduce((sum, { type }) => sum + type.gpus.length, 0);
  const onPlaces = (request: CheckedRequest): CheckedRequest =>
    options.places && dice.chance(60) ? { ...request, ...placeOf(dice, request) } : request;
  const single = (): CheckedRequest => onPlaces(requestOf(dice, levels, 1));
  // Gangs that might just fit are the ones with something to decide.
  const gang = (): CheckedRequest => onPlaces(requestOf(dice, levels, Math.max(2, gpus)));
  const history = Array.from({ length: dice.below(13) }, (): GangStep => {
    const roll = dice.below(100);
    if (roll < 65) return { kind: 'place', request: roll < 50 ? single() : gang() };
    const kind = roll < 88 ? 'release' : roll < 96 ? 'cordon' : 'uncordon';
    return { kind, pick: dice.below(1000) };
  });
  const requests = [single(), gang(), gang()];
  return { cluster, history, requests, sizes: dice.chance(80) ? undefined : dice.of(MIXES) };
}

/**
 * @param figures - draws what single domains have instead of the figures of their tier
 */
function clusterOf(dice: Dice, figures: Dice, serverTypes: readonly ServerTopology[]): ClusterTopology {
  const tiers = TIERS.slice(0, dice.of([0, 1, 1, 1, 2, 2, 2, 2, 3, 3]));
  const all = [...serverTypes.keys()];
  // Where servers are small, gangs are on several.
  const some = dice.chance(60) ? all.filter((type) => serverTypes[type]!.gpus.length <= 2) : all;
  const types = Array.from({ length: 1 + dice.below(3) }, () => dice.of(some));
  // Either servers limit CPU and memory, or they do not: most requests ask for none.
  const limits = dice.chance(30);
  const models = dice.chance(25);
  const labels = dice.chance(30);
  const domainsMax = 1 + dice.below(3);
  const servers: ServerEntry[] = [];
  const wanted = 1 + dice.below(SERVERS_MAX);
  for (let i = 0, gpus = 0; i < wanted; i++) {
    const type = dice.of(types);
    gpus += serverTypes[type]!.gpus.length;
    if (gpus > GPUS_MAX) break;
    const path = tiers.map(() => dice.below(domainsMax));
    servers.push({
      id: `s${i}`,
      type: String(type),
      ...(tiers.length > 0 && {
        domains: Object.fromEntries(tiers.map((tier, t) => [tier, path.slice(0, t + 1).join('-')])),
      }),
      ...(limits && dice.chance(70) && { cpuMilli: dice.below(12) * 1000 }),
      ...(limits && dice.chance(70) && { memoryMiB: dice.below(12) * 1024 }),
      ...(models && dice.chance(50) && { gpuModel: 'B' }),
      ...(labels && dice.chance(70) && { labels: { pool: dice.of(['x', 'y']) } }),
    });
  }
  const uplinksGBps = [0.7, 1, 2, 3, 6, 12, 25, 50, 100];
  const usual = tiers
    .filter(() => dice.chance(60))
    .map((tier) => [tier, { GBps: dice.of(uplinksGBps) }] as const);
  const fabric =
    tiers.length > 0 && dice.chance(35)
      ? { tier: dice.of(tiers), GBpsPerGpu: dice.of([10, 50, 450]) }
      : undefined;
  const uplinks = Object.fromEntries(
    usual.map(([tier, entry]) => [
      tier,
      unequal(figures, entry, ownFigures(figures, servers, tier, uplinksGBps)),
    ]),
  );
  const accelerator =
    fabric && unequal(figures, fabric, ownFigures(figures, servers, fabric.tier, [3, 10, 50, 450]));
  return buildClusterTopology(
    {
      tiers,
      types: Object.fromEntries(types.map((type) => [type, String(type)])),
      servers,
      uplinks,
      ...(accelerator !== undefined && { accelerator }),
    },
    (name) => serverTypes[Number(name)]!,
  );
}

/** Figures of some domains of a tier, null among them. */
function ownFigures(
  figures: Dice,
  servers: readonly ServerEntry[],
  tier: string,
  GBps: readonly number[],
): Record<string, number | null> {
  const domains = new Set(servers.map((server) => server.domains![tier]!));
  const drawn = [...domains].map((domain) => [domain, figures.chance(40) ? null : figures.of(GBps)] as const);
  return Object.fromEntries(drawn.filter(() => figures.chance(60)));
}

/** An entry with figures of single domains in every second case; in some of these the tier has no other. */
function unequal<Entry extends object>(
  figures: Dice,
  entry: Entry,
  domains: Record<string, number | null>,
): object {
  if (figures.chance(50) || Object.keys(domains).length === 0) return entry;
  const { GBps: _, GBpsPerGpu: __, ...rest } = entry as Record<string, unknown>;
  return figures.chance(25) ? { ...rest, domains } : { ...entry, domains };
}

/** Which sockets or NUMA nodes a request is to ask for. */
function placeOf(dice: Dice, { pods = 1, require, prefer }: CheckedRequest): CheckedRequest {
  const kind = dice.of(['socket', 'numa'] as const);
  const roll = pods > 1 ? 0 : dice.below(4);
  if (roll === 1 && require === undefined) return { require: kind };
  if (roll === 2 && prefer === undefined) return { prefer: kind };
  return { requirePerPod: kind };
}

/** A request for one pod, or for a gang of two or more that touches up to `gpusMax` GPUs. */
function requestOf(dice: Dice, levels: readonly string[], gpusMax: number): CheckedRequest {
  const single = gpusMax === 1;
  const roll = dice.below(100);
  const gpus = dice.of(single ? [1, 1, 1, 2, 2, 3, 4] : [1, 1, 1, 1, 2, 2, 3]);
  const gpu =
    roll < 70
      ? { gpus }
      : roll < 88
        ? { gpuMilli: dice.of([100, 250, 333, 500, 700, 1000]) }
        : dice.of([{}, { gpus: 0 }]);
  const pods = single ? 1 : 2 + dice.below(Math.max(1, Math.floor(gpusMax / gpus) - 1));
  return {
    ...gpu,
    ...(dice.chance(single ? 10 : 100) && { pods }),
    ...(!single && dice.chance(25) && { podsMin: 1 + dice.below(pods) }),
    ...(dice.chance(20) && { cpuMilli: dice.below(9) * 500 }),
    ...(dice.chance(20) && { memoryMiB: dice.below(9) * 512 }),
    ...(dice.chance(8) && { gpuModels: dice.of([['A'], ['B'], ['A', 'B'], []]) }),
    ...(dice.chance(8) && { labels: dice.of([{ pool: 'x' }, { pool: 'y' }]) }),
    ...(dice.chance(15) && { require: dice.of(levels) }),
    ...(dice.chance(15) && { prefer: dice.of(levels) }),
    ...(!single && dice.chance(25) && { slice: { pods: 1 + dice.below(pods), tier: dice.of(levels) } }),
  };
}
