import { callForeign, plainData } from '../checks/plain-data.js';
import { CorralError, type ErrorPath, quote } from '../errors.js';
import { CLUSTER_ENTRIES_MAX, clusterDocumentSchema, type ServerEntry } from './cluster-document.js';
import { builtCluster, refuseTopology } from './expected-topology.js';
import { GPU_PLACES } from './gpu-places.js';
import { serverTopologyAt } from './server-topology.js';
import type { ClusterServer, ClusterTier, ClusterTopology, ServerTopology } from './types.js';
import { parseCopy } from './validate.js';

/**
 * The bandwidth of the uplink of a domain.
 *
 * @param domain - position in {@link ClusterTier.domains}
 * @returns GB/s per direction; Infinity = not limiting
 */
export function uplinkGBpsOf(tier: ClusterTier, domain: number): number {
  const GBps =
    tier.domainUplinksGBps === undefined ? tier.uplinkGBps : (tier.domainUplinksGBps[domain] ?? undefined);
  return GBps ?? Number.POSITIVE_INFINITY;
}

/**
 * The bandwidth of each GPU in the accelerator fabric of a domain.
 *
 * @param domain - position in {@link ClusterTier.domains}
 * @returns GB/s per GPU and direction; undefined where the domain is no accelerator fabric
 */
export function acceleratorGBpsPerGpuOf(tier: ClusterTier, domain: number): number | undefined {
  if (tier.domainAcceleratorsGBpsPerGpu === undefined) return tier.acceleratorGBpsPerGpu;
  return tier.domainAcceleratorsGBpsPerGpu[domain] ?? undefined;
}

/** Finds a server type by the catalogue name at `path`; throws `unknown-topology` for other names. */
export type TypeLookup = (name: string, path: ErrorPath) => ServerTopology;

/**
 * Validates a cluster document and resolves what it refers to.
 *
 * @param document - a cluster document (parsed JSON)
 * @param lookup - resolves server types that are given by catalogue name
 * @returns the topology; servers of one type share one {@link ServerTopology}
 * @throws CorralError with code and path if the document is wrong
 * @complexity O(servers × tiers)
 */
export function buildClusterTopology(document: unknown, lookup: TypeLookup): ClusterTopology {
  refuseTopology(document, []);
  const copy = copyOf(document);
  refuseServersTwice(copy);
  const cluster = parseCopy(clusterDocumentSchema, copy, { code: 'invalid-document' });
  const tierNames = new Map<string, number>();
  cluster.tiers.forEach((name, i) => {
    if (RESERVED_NAMES.includes(name)) {
      throw new CorralError(
        'invalid-document',
        ['tiers', i],
        `no tier may be named ${RESERVED_NAMES.map(quote).join(', ')}: requests mean something else by them, rename it`,
      );
    }
    if (tierNames.has(name)) {
      throw new CorralError('duplicate-id', ['tiers', i], `tier ${quote(name)} is named twice: remove one`);
    }
    tierNames.set(name, i);
  });
  const knownTier = (name: string, path: readonly string[]): void => {
    if (!tierNames.has(name)) {
      throw new CorralError(
        'unknown-reference',
        path,
        `no tier ${quote(name)}: tiers are ${cluster.tiers.map(quote).join(', ')}`,
      );
    }
  };
  const uplinks = new Map(Object.entries(cluster.uplinks ?? {}));
  for (const [name, { GBps, domains }] of uplinks) {
    knownTier(name, ['uplinks', name]);
    if (GBps === undefined && domains === undefined) {
      throw new CorralError(
        'invalid-document',
        ['uplinks', name],
        'expected GBps, domains or both: leave the tier out where its uplinks do not limit',
      );
    }
  }
  if (cluster.accelerator !== undefined) knownTier(cluster.accelerator.tier, ['accelerator', 'tier']);

  const types = new Map<string, ServerTopology>();
  for (const [name, type] of Object.entries(cluster.types)) {
    const path = ['types', name];
    types.set(name, typeof type === 'string' ? lookup(type, path) : serverTopologyAt(type, path));
  }

  const tree = new DomainTree(cluster.tiers);
  const servers = cluster.servers.map((entry, i): ClusterServer => {
    const type = types.get(entry.type);
    if (type === undefined) {
      throw new CorralError(
        'unknown-reference',
        ['servers', i, 'type'],
        `no server type ${quote(entry.type)}: add it to types`,
      );
    }
    return {
      id: entry.id,
      type,
      gpuModel: entry.gpuModel ?? type.document.gpuModel,
      domains: tree.locate(entry, i),
      ...(entry.cpuMilli !== undefined && { cpuMilli: entry.cpuMilli }),
      ...(entry.memoryMiB !== undefined && { memoryMiB: entry.memoryMiB }),
      ...(entry.labels !== undefined && { labels: entry.labels }),
    };
  });
  const { accelerator } = cluster;
  const tiers = cluster.tiers.map((name, t): ClusterTier => {
    const domains = tree.names[t]!;
    const uplink = uplinks.get(name);
    const out = figuresOf(domains, name, uplink?.GBps, uplink?.domains, ['uplinks', name, 'domains']);
    const inside =
      accelerator?.tier === name
        ? figuresOf(domains, name, accelerator.GBpsPerGpu, accelerator.domains, ['accelerator', 'domains'])
        : {};
    return {
      name,
      domains,
      parents: tree.parents[t]!,
      ...(out.all !== undefined && { uplinkGBps: out.all }),
      ...(out.each !== undefined && { domainUplinksGBps: out.each }),
      ...(inside.all !== undefined && { acceleratorGBpsPerGpu: inside.all }),
      ...(inside.each !== undefined && { domainAcceleratorsGBpsPerGpu: inside.each }),
    };
  });
  return builtCluster({ tiers, servers });
}

/** A copy of a cluster document, each value read once. */
function copyOf(document: unknown): unknown {
  try {
    return plainData(document, [], 'invalid-document', CLUSTER_ENTRIES_MAX);
  } catch (error) {
    // A server topology among the types makes the copy fail at some inner field: report the topology itself.
    const [field, name] = error instanceof CorralError ? error.path : [];
    if (field === 'types' && typeof name === 'string') {
      const { types } = document as { readonly types: Readonly<Record<string, unknown>> };
      refuseTopology(
        callForeign(() => types[name], ['types', name]),
        ['types', name],
      );
    }
    throw error;
  }
}

/**
 * Refuses duplicate ids before the whole list is validated: a list of millions of equal entries fails at the second
 * one.
 */
function refuseServersTwice(document: unknown): void {
  const { servers } = (document ?? {}) as { readonly servers?: unknown };
  if (!Array.isArray(servers)) return;
  const seen = new Set<string>();
  servers.forEach((entry: { readonly id?: unknown } | null | undefined, i) => {
    const id = entry?.id;
    if (typeof id !== 'string') return;
    if (seen.has(id)) {
      throw new CorralError(
        'duplicate-id',
        ['servers', i, 'id'],
        `server ${quote(id)} is listed twice: give each its own id`,
      );
    }
    seen.add(id);
  });
}

/**
 * The figures of the domains of a tier: one for all where they are alike, otherwise one for each.
 *
 * @throws CorralError `unknown-reference` for a domain in which no server of the document lies
 */
function figuresOf(
  domains: readonly string[],
  tier: string,
  usual: number | undefined,
  own: Readonly<Record<string, number | null>> | undefined,
  path: readonly string[],
): { readonly all?: number; readonly each?: readonly (number | null)[] } {
  const figures = new Map<string, number | null>(domains.map((domain) => [domain, usual ?? null]));
  for (const [domain, figure] of Object.entries(own ?? {})) {
    if (!figures.has(domain)) {
      throw new CorralError(
        'unknown-reference',
        [...path, domain],
        `no server lies in domain ${quote(domain)} of tier ${quote(tier)}: correct the name, or leave it out`,
      );
    }
    figures.set(domain, figure);
  }
  const each = [...figures.values()];
  const first = each[0] ?? null;
  if (each.some((figure) => figure !== first)) return { each };
  return first === null ? {} : { all: first };
}

/** Levels that a request may name beside the tiers of the document. */
const RESERVED_NAMES: readonly string[] = [...GPU_PLACES, 'server', 'cluster'];

/** Collects the domains of all tiers while servers are read, and checks that they form a tree. */
class DomainTree {
  readonly names: string[][];
  readonly parents: number[][];
  readonly #positions: Map<string, number>[];
  readonly #tiers: readonly string[];

  constructor(tiers: readonly string[]) {
    this.#tiers = tiers;
    this.names = tiers.map(() => []);
    this.parents = tiers.map(() => []);
    this.#positions = tiers.map(() => new Map());
  }

  locate(entry: ServerEntry, server: number): number[] {
    const given = entry.domains ?? {};
    for (const name of Object.keys(given)) {
      if (!this.#tiers.includes(name)) {
        throw new CorralError(
          'unknown-reference',
          ['servers', server, 'domains', name],
          `no tier ${quote(name)}: add it to tiers`,
        );
      }
    }
    const located: number[] = [];
    for (let t = 0; t < this.#tiers.length; t++) {
      const tier = this.#tiers[t]!;
      const path = ['servers', server, 'domains', tier];
      const domain = Object.hasOwn(given, tier) ? given[tier] : undefined;
      if (domain === undefined) {
        throw new CorralError(
          'invalid-document',
          path,
          `name the domain of server ${quote(entry.id)} in tier ${quote(tier)}`,
        );
      }
      const parent = t === 0 ? -1 : located[t - 1]!;
      let position = this.#positions[t]!.get(domain);
      if (position === undefined) {
        position = this.names[t]!.push(domain) - 1;
        this.#positions[t]!.set(domain, position);
        if (t > 0) this.parents[t]!.push(parent);
      } else if (t > 0 && this.parents[t]![position] !== parent) {
        throw new CorralError(
          'invalid-document',
          path,
          `domain ${quote(domain)} lies in two domains of tier ${quote(this.#tiers[t - 1]!)}: domains form a tree, name them apart`,
        );
      }
      located.push(position);
    }
    return located;
  }
}
