import { fieldNames, readFields } from '../../checks/fields.js';
import { readList } from '../../checks/plain-data.js';
import { nonNegative } from '../../checks/quantity.js';
import { nonEmptyText, oneOf, trueOrFalse, unexpected } from '../../checks/values.js';
import { CorralError, quote } from '../../errors.js';
import type { ServerId, TierName } from '../../ids.js';
import type { Placement } from '../../placement/request/placement.js';
import { remembered } from '../../remembered.js';
import { acceleratorGBpsPerGpuOf } from '../../topology/cluster-topology.js';
import { checkCluster } from '../../topology/expected-topology.js';
import type { ClusterTopology } from '../../topology/types.js';
import { checkPhase } from '../phases/phase.js';
import type { FailureLaw, FailureLevel } from './failure-laws.js';
import { type Gang, type GangServer, gangOf, positionsById } from './gang.js';

/** A part of the cluster that a gang uses and that fails as a whole. */
export interface FailureDomain {
  /** Name of its failure law. */
  readonly law: string;
  readonly level: 'gpu' | 'server' | 'nvlink-domain' | 'job' | 'tier';
  /** For a domain of a tier, also an NVLink domain that is one: the tier and the domain. */
  readonly tier?: TierName;
  readonly domain?: string;
  /** For a server or GPU: the server. */
  readonly server?: ServerId;
  /** For a GPU: its ordinal. */
  readonly gpu?: number;
  readonly failuresPerSecond: number;
  /** GPUs of the cluster inside it, used by the gang or not. */
  readonly gpusInside: number;
  /** GPUs of the gang inside it: those that must be replaced or repaired. */
  readonly gpusLost: number;
  /** GPUs that stop: all GPUs of the gang. */
  readonly blastRadiusGpus: number;
  /** Servers of the gang that must be replaced, in the gang's order; none for a failure of the job alone. */
  readonly serversLost: readonly ServerId[];
  /** True if checkpoints in the memory of those servers are lost. */
  readonly memoryLost: boolean;
}

const LAW_FIELDS = fieldNames<FailureLaw>({
  name: true,
  level: true,
  failuresPerSecond: true,
  per: true,
  memoryLost: true,
  detect: true,
});
const PER = ['domain', 'server', 'gpu'] as const;
const LEVELS: readonly unknown[] = ['gpu', 'server', 'nvlink-domain', 'job'];
/** Most laws. Operators distinguish some tens of causes. */
const LAWS_MAX = 1000;
/** Most failure domains of one answer: a law of level `gpu` has one for every GPU of the gang. */
const DOMAINS_MAX = 2_000_000;

/**
 * The failure domains that a placement touches, with the rate and the effect of their failures.
 *
 * @param placement - of the cluster; plain data, also after JSON
 * @param cluster - the cluster it is placed on
 * @param laws - failure rates by level: `llama3FailureLaws(…)`, or your own
 * @returns one entry per law and touched domain, in the order of the laws and of the gang's servers
 * @throws CorralError `invalid-option` or `duplicate-id` for a wrong law, `unknown-reference` for a server, GPU or
 *   tier that the cluster has not
 * @complexity O(servers of the cluster × laws of tiers + laws × GPUs of the gang)
 * @example
 * const cluster = clusterTopology(superPod());
 * const placement = { pods: [{ server: cluster.servers[0].id, gpus: [0, 1] }] };
 * failureDomains(placement, cluster, llama3FailureLaws({ switchTier: 'unit' }))
 *   .filter((domain) => domain.level === 'tier')
 *   .map((domain) => [domain.domain, domain.gpusLost, domain.failuresPerSecond]);
 */
export function failureDomains(
  placement: Pick<Placement, 'pods'>,
  cluster: ClusterTopology,
  laws: readonly FailureLaw[],
): FailureDomain[] {
  checkCluster(cluster, ['cluster']);
  const gang = gangOf(placement, cluster, positionsById(cluster));
  return domainsOf(gang, cluster, readLaws(laws, cluster));
}

/**
 * As {@link failureDomains}, for a gang that was read before.
 *
 * @param laws - from {@link readLaws}
 */
export function domainsOf(
  gang: Gang,
  cluster: ClusterTopology,
  laws: readonly FailureLaw[],
): FailureDomain[] {
  const domains: FailureDomain[] = [];
  for (const law of laws) {
    for (const { servers, gpusLost, gpusInside, serversInside, ...where } of touched(law, gang, cluster)) {
      domains.push({
        law: law.name,
        ...where,
        failuresPerSecond:
          law.failuresPerSecond * (law.per === 'server' ? serversInside : law.per === 'gpu' ? gpusInside : 1),
        gpusInside,
        gpusLost,
        blastRadiusGpus: gang.gpus,
        serversLost: where.level === 'job' ? [] : servers.map((s) => s.id),
        memoryLost: law.memoryLost ?? (where.level !== 'gpu' && where.level !== 'job'),
      });
    }
    if (domains.length > DOMAINS_MAX) {
      throw new CorralError(
        'limit-exceeded',
        ['laws'],
        `the placement touches more than ${DOMAINS_MAX} failure domains: give fewer laws`,
      );
    }
  }
  return domains;
}

/**
 * Reads failure laws once.
 *
 * @returns copies of at most 1,000 laws, with distinct names
 * @throws CorralError with a path from `laws` on
 */
export function readLaws(given: readonly FailureLaw[], cluster: ClusterTopology): FailureLaw[] {
  const names = new Set<string>();
  return readList(given, ['laws'], 'invalid-option', LAWS_MAX).map((one, i) => {
    const law = readLaw(one, cluster, i);
    if (names.has(law.name)) {
      throw new CorralError(
        'duplicate-id',
        ['laws', i, 'name'],
        `law ${quote(law.name)} is given twice: name them apart`,
      );
    }
    names.add(law.name);
    return law;
  });
}

/** A failure domain without its rate: the parts of gang and cluster inside it. */
interface Touched extends Pick<FailureDomain, 'level' | 'tier' | 'domain' | 'server' | 'gpu'> {
  readonly servers: readonly GangServer[];
  readonly gpusLost: number;
  readonly gpusInside: number;
  readonly serversInside: number;
}

function touched(law: FailureLaw, gang: Gang, cluster: ClusterTopology): Touched[] {
  const { level } = law;
  if (typeof level === 'object') return tierDomains(gang, cluster, level.tier, 'tier');
  if (level === 'nvlink-domain') return nvlinkDomains(gang, cluster);
  if (level === 'job') {
    return [
      {
        level,
        servers: gang.servers,
        gpusLost: 0,
        gpusInside: gang.gpus,
        serversInside: gang.servers.length,
      },
    ];
  }
  return gang.servers.flatMap((s): Touched[] => {
    if (level === 'server') return [ownServer(s, level)];
    return s.gpus.map((gpu) => ({ ...ownServer(s, level), gpu, gpusLost: 1, gpusInside: 1 }));
  });
}

/** A server of the gang as a failure domain. */
function ownServer(s: GangServer, level: Touched['level']): Touched {
  return {
    level,
    server: s.id,
    servers: [s],
    gpusLost: s.gpus.length,
    gpusInside: s.server.type.gpus.length,
    serversInside: 1,
  };
}

/** The accelerator domains of the gang; a server outside all of them is an NVLink domain by itself. */
function nvlinkDomains(gang: Gang, cluster: ClusterTopology): Touched[] {
  const t = cluster.tiers.findIndex((tier) =>
    tier.domains.some((_, domain) => acceleratorGBpsPerGpuOf(tier, domain) !== undefined),
  );
  const tier = cluster.tiers[t];
  if (tier === undefined) return gang.servers.map((s) => ownServer(s, 'nvlink-domain'));
  const isInside = ({ server }: GangServer): boolean =>
    acceleratorGBpsPerGpuOf(tier, server.domains[t]!) !== undefined;
  const inside = { ...gang, servers: gang.servers.filter(isInside) };
  const outside = gang.servers.filter((s) => !isInside(s));
  const domains = [
    ...tierDomains(inside, cluster, tier.name, 'nvlink-domain'),
    ...outside.map((s) => ownServer(s, 'nvlink-domain')),
  ];
  const positions = new Map(gang.servers.map((server, i) => [server, i]));
  const position = (domain: Touched): number => positions.get(domain.servers[0]!)!;
  return domains.sort((a, b) => position(a) - position(b));
}

function tierDomains(
  gang: Gang,
  cluster: ClusterTopology,
  name: TierName,
  level: 'tier' | 'nvlink-domain',
): Touched[] {
  const t = cluster.tiers.findIndex((tier) => tier.name === name);
  const byDomain = new Map<number, GangServer[]>();
  for (const s of gang.servers) {
    remembered(byDomain, s.server.domains[t]!, () => []).push(s);
  }
  const gpusInside = new Map<number, number>();
  const serversInside = new Map<number, number>();
  for (const server of cluster.servers) {
    const domain = server.domains[t]!;
    gpusInside.set(domain, (gpusInside.get(domain) ?? 0) + server.type.gpus.length);
    serversInside.set(domain, (serversInside.get(domain) ?? 0) + 1);
  }
  return [...byDomain].map(([domain, servers]) => ({
    level,
    tier: name,
    domain: cluster.tiers[t]!.domains[domain]!,
    servers,
    gpusLost: servers.reduce((sum, s) => sum + s.gpus.length, 0),
    gpusInside: gpusInside.get(domain)!,
    serversInside: serversInside.get(domain)!,
  }));
}

function readLaw(given: FailureLaw, cluster: ClusterTopology, i: number): FailureLaw {
  const law = readFields(given, LAW_FIELDS, ['laws', i]);
  nonEmptyText(law.name, 'laws', i, 'name');
  nonNegative(law.failuresPerSecond, 'laws', i, 'failuresPerSecond');
  if (law.memoryLost !== undefined) trueOrFalse(law.memoryLost, 'laws', i, 'memoryLost');
  if (law.per !== undefined) oneOf(law.per, PER, 'laws', i, 'per');
  return {
    ...law,
    level: readLevel(law.level, cluster, i),
    ...(law.detect !== undefined && { detect: checkPhase(law.detect, 'laws', i, 'detect') }),
  };
}

function readLevel(given: FailureLevel, cluster: ClusterTopology, i: number): FailureLevel {
  const path = ['laws', i, 'level'];
  if (typeof given === 'object' && given !== null) {
    const { tier } = readFields(given, ['tier'], path);
    if (cluster.tiers.some(({ name }) => name === tier)) return { tier };
    throw new CorralError(
      'unknown-reference',
      [...path, 'tier'],
      `no tier ${quote(tier)}: tiers are ${cluster.tiers.map(({ name }) => quote(name)).join(', ')}`,
    );
  }
  if (LEVELS.includes(given)) return given;
  throw unexpected('gpu, server, nvlink-domain, job or { tier }', given, path);
}
