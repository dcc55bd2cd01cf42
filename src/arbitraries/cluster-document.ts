import * as fc from 'fast-check';
import { fieldNames, readFields } from '../checks/fields.js';
import { integer } from '../checks/quantity.js';
import { trueOrFalse } from '../checks/values.js';
import { CorralError } from '../errors.js';
import type {
  AcceleratorEntry,
  ClusterDocument,
  ServerDocument,
  ServerEntry,
  UplinkEntry,
} from '../topology/index.js';
import { GPUS_PER_SERVER_MAX } from '../units.js';
import { DEFAULT_GPU_MODELS, LABEL_VALUES, LABELS, namesOf } from './constraints.js';
import { bandwidthGBps } from './figure.js';
import { serverDocument } from './server-document.js';

/** What {@link clusterDocument} may generate. */
export interface ClusterDocumentConstraints {
  /** Fewest servers, 1 … 1000; default 1. */
  readonly serversMin?: number | undefined;
  /** Most servers, `serversMin` … 1000; default 8, or `serversMin` where that is more. */
  readonly serversMax?: number | undefined;
  /** Most tiers of fabric above the server, 0 … 3; default 3. */
  readonly tiersMax?: number | undefined;
  /** Most inline server types, 1 … 8; default 3. */
  readonly typesMax?: number | undefined;
  /** Most GPUs of one inline server type, 0 … 16; default 6. */
  readonly gpusMax?: number | undefined;
  /** Catalogue names that are used as types beside the inline ones; default none. They are not checked here. */
  readonly catalogueTypes?: readonly string[] | undefined;
  /** GPU models to draw from, at least one; default A, B, C. */
  readonly gpuModels?: readonly string[] | undefined;
  /** If true (default), servers may limit CPU and memory. */
  readonly limits?: boolean | undefined;
  /** If true (default), servers may have labels. */
  readonly labels?: boolean | undefined;
  /** If true (default), tiers may have uplinks, and one tier accelerator fabrics, with equal or different figures. */
  readonly fabrics?: boolean | undefined;
}

const NAMES = fieldNames<ClusterDocumentConstraints>({
  serversMin: true,
  serversMax: true,
  tiersMax: true,
  typesMax: true,
  gpusMax: true,
  catalogueTypes: true,
  gpuModels: true,
  limits: true,
  labels: true,
  fabrics: true,
});

/** Tiers, widest first. */
const TIERS = ['zone', 'block', 'rack'] as const;
/** Domains inside one wider domain. */
const DOMAINS_MAX = 3;
/** Most domains of one tier with their own figures. */
const OWN_FIGURES_MAX = 4;

interface ServerChoice {
  readonly type: number;
  /** Tier → position inside the domain of the wider tier. */
  readonly domains: readonly number[];
  readonly cpuMilli?: number;
  readonly memoryMiB?: number;
  readonly gpuModel?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

interface Choices {
  readonly tierCount: number;
  readonly inlineTypes: readonly ServerDocument[];
  readonly servers: readonly ServerChoice[];
  readonly uplinks: readonly (FigureChoice | null)[];
  readonly accelerator: ({ readonly tier: number } & FigureChoice) | null;
}

/** The figure of all domains of a tier, and those of single domains. */
interface FigureChoice {
  readonly usual: number;
  /** True if domains without their own figure have the usual one, false if they have none. */
  readonly hasUsual: boolean;
  /** Own figures of the domains, in the order in which servers first name them; undefined = the usual one. */
  readonly own: readonly (number | null | undefined)[];
}

/**
 * Small valid cluster documents: servers `s0`, `s1` … of mixed types, in up to three tiers (zone, block, rack)
 * whose domains form a tree, with or without CPU, memory, models, labels, uplinks and accelerator fabrics.
 *
 * @param constraints - see {@link ClusterDocumentConstraints}
 * @returns an arbitrary; it shrinks to few servers without tiers
 * @throws CorralError `invalid-option` for a constraint that does not exist or is out of range
 */
export function clusterDocument(constraints: ClusterDocumentConstraints = {}): fc.Arbitrary<ClusterDocument> {
  const given = readFields(constraints, NAMES);
  const serversMin = integer(given.serversMin ?? 1, 1, 1000, 'serversMin');
  const serversMax = integer(given.serversMax ?? Math.max(8, serversMin), 1, 1000, 'serversMax');
  if (serversMin > serversMax) {
    throw new CorralError(
      'invalid-option',
      ['serversMin'],
      `${serversMin} is more than serversMax, ${serversMax}: lower it`,
    );
  }
  const tiersMax = integer(given.tiersMax ?? 3, 0, TIERS.length, 'tiersMax');
  const typesMax = integer(given.typesMax ?? 3, 1, 8, 'typesMax');
  const gpusMax = integer(given.gpusMax ?? 6, 0, GPUS_PER_SERVER_MAX, 'gpusMax');
  const catalogueTypes = namesOf('catalogueTypes', given.catalogueTypes, { names: [], min: 0 });
  const gpuModels = namesOf('gpuModels', given.gpuModels, { names: DEFAULT_GPU_MODELS, min: 1 });
  const limits = trueOrFalse(given.limits ?? true, 'limits');
  const labels = trueOrFalse(given.labels ?? true, 'labels');
  const fabrics = trueOrFalse(given.fabrics ?? true, 'fabrics');

  const server: fc.Arbitrary<ServerChoice> = fc.record(
    {
      type: fc.nat(63),
      domains: fc.tuple(...TIERS.map(() => fc.nat(DOMAINS_MAX - 1))),
      gpuModel: fc.constantFrom(...gpuModels),
      ...(limits && {
        cpuMilli: fc.nat(40).map((cores) => cores * 1000),
        memoryMiB: fc.nat(40).map((GiB) => GiB * 1024),
      }),
      ...(labels && {
        labels: fc.dictionary(fc.constantFrom(...LABELS), fc.constantFrom(...LABEL_VALUES), {
          maxKeys: 3,
          noNullPrototype: true,
        }),
      }),
    },
    { requiredKeys: ['type', 'domains'] },
  );
  const figures = {
    usual: bandwidthGBps,
    hasUsual: fc.boolean(),
    own: fc.array(fc.option(fc.option(bandwidthGBps), { nil: undefined }), { maxLength: OWN_FIGURES_MAX }),
  };
  const choices: fc.Arbitrary<Choices> = fc.record({
    tierCount: fc.nat(tiersMax),
    inlineTypes: fc.array(serverDocument({ gpusMin: 0, gpusMax, gpuModels }), {
      minLength: 1,
      maxLength: typesMax,
      size: 'max',
    }),
    servers: fc.array(server, { minLength: serversMin, maxLength: serversMax, size: 'max' }),
    uplinks: fc.tuple(...TIERS.map(() => (fabrics ? fc.option(fc.record(figures)) : fc.constant(null)))),
    accelerator: fabrics
      ? fc.option(fc.record({ tier: fc.nat(TIERS.length - 1), ...figures }))
      : fc.constant(null),
  });
  return choices.map((chosen) => documentOf(chosen, catalogueTypes));
}

function documentOf(choices: Choices, catalogueTypes: readonly string[]): ClusterDocument {
  const tiers = TIERS.slice(0, choices.tierCount);
  const types: Record<string, ServerDocument | string> = {};
  choices.inlineTypes.forEach((document, i) => {
    types[`type${i}`] = { ...document, name: `type${i}` };
  });
  catalogueTypes.forEach((name, i) => {
    types[`catalogue${i}`] = name;
  });
  const typeNames = Object.keys(types);
  const servers = choices.servers.map(({ type, domains, ...rest }, i): ServerEntry => {
    // The name of a domain contains that of the wider domain, so that domains always form a tree.
    const path = tiers.map((tier, t): [string, string] => [tier, domains.slice(0, t + 1).join('-')]);
    return {
      id: `s${i}`,
      type: typeNames[type % typeNames.length]!,
      ...(tiers.length > 0 && { domains: Object.fromEntries(path) }),
      ...rest,
    };
  });
  const uplinks: Record<string, UplinkEntry> = {};
  tiers.forEach((tier, t) => {
    const choice = choices.uplinks[t];
    if (choice === null || choice === undefined) return;
    const { usual, own } = figuresOf(choice, tier, servers);
    // An entry needs at least one figure: without any, the usual one is used.
    const GBps = usual ?? (own === undefined ? choice.usual : undefined);
    uplinks[tier] = { ...(GBps !== undefined && { GBps }), ...(own !== undefined && { domains: own }) };
  });
  let accelerator: AcceleratorEntry | undefined;
  if (choices.accelerator !== null && tiers.length > 0) {
    const tier = tiers[choices.accelerator.tier % tiers.length]!;
    const { usual, own } = figuresOf(choices.accelerator, tier, servers);
    accelerator = {
      tier,
      ...(usual !== undefined && { GBpsPerGpu: usual }),
      ...(own !== undefined && { domains: own }),
    };
  }
  return {
    tiers,
    types,
    servers,
    ...(Object.keys(uplinks).length > 0 && { uplinks }),
    ...(accelerator !== undefined && { accelerator }),
  };
}

/** The figures of a choice for the domains of a tier that exist. */
function figuresOf(
  { usual, hasUsual, own }: FigureChoice,
  tier: string,
  servers: readonly ServerEntry[],
): { readonly usual: number | undefined; readonly own: Record<string, number | null> | undefined } {
  const domains = new Set(servers.map((server) => server.domains![tier]!));
  const figures: Record<string, number | null> = {};
  [...domains].forEach((domain, d) => {
    const figure = own[d];
    if (figure !== undefined) figures[domain] = figure;
  });
  return {
    usual: hasUsual ? usual : undefined,
    own: Object.keys(figures).length > 0 ? figures : undefined,
  };
}
