import { fieldNames, readFields } from '../../checks/fields.js';
import { readList } from '../../checks/plain-data.js';
import { bandwidthGBps, nonNegative } from '../../checks/quantity.js';
import { unexpected } from '../../checks/values.js';
import { CorralError, quote } from '../../errors.js';
import type { ServerId } from '../../ids.js';
import type { Placement } from '../../placement/request/placement.js';
import { checkCluster } from '../../topology/expected-topology.js';
import type { ClusterTopology } from '../../topology/types.js';
import { loadSeconds } from '../checkpoints/load-seconds.js';
import { ettr } from '../model/ettr.js';
import { type LostGpuSeconds, lostGpuSeconds } from '../model/lost-gpu-seconds.js';
import { type RecoveryPath, readRecoveryPath } from '../model/recovery.js';
import {
  type FailureClassOptions,
  type FailureClock,
  type RestartModel,
  type Rollback,
  restartModel,
} from '../model/restart-model.js';
import { fixed } from '../phases/basic-phases.js';
import { sequence } from '../phases/composite-phases.js';
import { checkPhase, type Phase } from '../phases/phase.js';
import type { CopyHolders } from './copy-holders.js';
import { domainsOf, type FailureDomain, readLaws } from './failure-domains.js';
import type { FailureLaw } from './failure-laws.js';
import { type Gang, gangOf, positionsById } from './gang.js';
import { TransferPaths } from './transfer-path.js';

/** The size of checkpoints and the bandwidths at which they are loaded. */
export interface PlacedCheckpoint {
  /** Bytes of the whole checkpoint, see `checkpointBytes`. */
  readonly bytes: number;
  /** GB/s of the shared store, all readers together. */
  readonly storeGBps: number;
  /** GB/s from the store into one server; default: not limiting. */
  readonly serverStoreGBps?: number | undefined;
  /** GB/s from the memory of a server to its GPUs; default: not limiting. */
  readonly localGBps?: number | undefined;
  /** GB/s into and out of one server; default: `nicBandwidth` of all GPUs of its type. */
  readonly nicGBps?: number | undefined;
}

/** Options of {@link placementRestart}. */
export interface PlacementRestartOptions {
  /** Failure rates by level. */
  readonly laws: readonly FailureLaw[];
  /**
   * A whole restart. Its step `load` is replaced by the one that follows from the placement, and `detect` by that of
   * the failure law, if it has one.
   */
  readonly recovery: RecoveryPath;
  /** Seconds of compute between checkpoints (with two tiers: snapshots). */
  readonly computeSeconds: number;
  /** Seconds that a checkpoint blocks the job; default 0. */
  readonly stallSeconds?: number | undefined;
  /** Seconds until a durable checkpoint is complete after its stall; default 0. */
  readonly persistLagSeconds?: number | undefined;
  readonly clock?: FailureClock | undefined;
  /**
   * Two tiers: snapshots in server memory, every `snapshots`-th checkpoint in the store. Default: all checkpoints in
   * the store.
   */
  readonly durable?: { readonly snapshots: number; readonly stallSeconds: number } | undefined;
  readonly checkpoint: PlacedCheckpoint;
  /** The holders of each server's snapshot, see `copyHolders`; default: only the server itself. */
  readonly copies?: CopyHolders | undefined;
  /**
   * Spare servers; the nearest one replaces a lost server. Default: a replacement appears in the place of the lost
   * server.
   */
  readonly spares?: readonly ServerId[] | undefined;
  /** Additional duration of rescheduling if there are too few spares; default none. */
  readonly repair?: Phase | undefined;
}

/** A failure domain with the restart that follows its failure. */
export interface PlacedFailureDomain extends FailureDomain {
  /** The checkpoint that all servers go back to: `memory` only if a copy of every part survives. */
  readonly rollback: Rollback;
  /** Seconds to load it, until the slowest server has its part. */
  readonly loadSeconds: number;
  /** Replacement of each lost server, in the order of `serversLost`; null = no spare is left. */
  readonly replacements: readonly (ServerId | null)[];
}

/** The cost of restarts for a job at its placement. */
export interface PlacementRestart {
  readonly domains: readonly PlacedFailureDomain[];
  readonly model: RestartModel;
  readonly gpus: number;
  readonly ettr: number;
  readonly failuresPerDay: number;
  /** Lost GPU-seconds per day, by phase and by badput name. */
  readonly lost: LostGpuSeconds;
  readonly lostGpuHoursPerDay: number;
}

const FIELDS = fieldNames<PlacementRestartOptions>({
  laws: true,
  recovery: true,
  computeSeconds: true,
  stallSeconds: true,
  persistLagSeconds: true,
  clock: true,
  durable: true,
  checkpoint: true,
  copies: true,
  spares: true,
  repair: true,
});
const CHECKPOINT_FIELDS = fieldNames<PlacedCheckpoint>({
  bytes: true,
  storeGBps: true,
  serverStoreGBps: true,
  localGBps: true,
  nicGBps: true,
});
/** Most holders of one part. */
const HOLDERS_MAX = 1024;
const DAY_SECONDS = 86_400;
const HOUR_SECONDS = 3600;

/**
 * The cost of restarts for a job at a placement. To choose between two placements, call it for both and compare.
 *
 * For every failure domain that the gang touches it determines: the lost servers and the replacement of each (the
 * spare with the narrowest common tier, outside the domain); the checkpoint that all servers go back to, which is the
 * snapshot if every part of it has a holder that survives; and the time to load it, from the holder nearest to each
 * replacement or from the store. Domains that lead to the same restart become one failure class of a `restartModel`.
 *
 * Source: the load formula of `loadSeconds`; the recursion of `two-tier-cycle.ts` for the tiers.
 *
 * @param placement - of the cluster; plain data, also after JSON
 * @param cluster - the cluster it is placed on
 * @returns domains, the model, and GPU-hours lost per day
 * @throws CorralError `invalid-option` or `unknown-reference` with the path of the offending field
 * @complexity O(servers of the cluster + domains × servers lost in one × (copies + spares))
 * @example
 * const cluster = clusterTopology(superPod());
 * const gang = { pods: cluster.servers.slice(28, 36).map(({ id }) => ({ server: id, gpus: [0, 1, 2, 3, 4, 5, 6, 7] })) };
 * const scenario = {
 *   laws: llama3FailureLaws({ switchTier: 'unit' }),
 *   recovery: defaultRecovery({ servers: 8 }),
 *   computeSeconds: 60,
 *   checkpoint: { bytes: 1e12, storeGBps: 200 },
 * };
 * const close = placementRestart(gang, cluster, { ...scenario, copies: copyHolders(gang, cluster) });
 * const apart = placementRestart(gang, cluster, { ...scenario, copies: copyHolders(gang, cluster, { apart: 'unit' }) });
 * close.lostGpuHoursPerDay - apart.lostGpuHoursPerDay;
 */
export function placementRestart(
  placement: Pick<Placement, 'pods'>,
  cluster: ClusterTopology,
  options: PlacementRestartOptions,
): PlacementRestart {
  checkCluster(cluster, ['cluster']);
  const given = readOptions(options, cluster);
  const positions = positionsById(cluster);
  const gang = gangOf(placement, cluster, positions);
  const failures = new DomainFailures(gang, cluster, positions, given);
  const domains = domainsOf(gang, cluster, given.laws).map((domain) => failures.restartAfter(domain));
  const { computeSeconds, stallSeconds, persistLagSeconds, clock, durable } = given;
  const model = restartModel({
    failureClasses: failureClasses(domains, given),
    computeSeconds,
    stallSeconds,
    persistLagSeconds,
    clock,
    durable,
  });
  const lost = lostGpuSeconds(model, { gpus: gang.gpus });
  return {
    domains,
    model,
    gpus: gang.gpus,
    ettr: ettr(model),
    failuresPerDay: model.failuresPerSecond * DAY_SECONDS,
    lost,
    lostGpuHoursPerDay: lost.total / HOUR_SECONDS,
  };
}

/** Reads the options once; options that depend on the gang are checked later. */
function readOptions(options: PlacementRestartOptions, cluster: ClusterTopology): PlacementRestartOptions {
  const given = readFields(options, FIELDS);
  const checkpoint = readFields(given.checkpoint, CHECKPOINT_FIELDS, ['checkpoint']);
  nonNegative(checkpoint.bytes, 'checkpoint', 'bytes');
  bandwidthGBps(checkpoint.storeGBps, 'checkpoint', 'storeGBps');
  for (const field of ['serverStoreGBps', 'localGBps', 'nicGBps'] as const) {
    if (checkpoint[field] !== undefined) bandwidthGBps(checkpoint[field], 'checkpoint', field);
  }
  return {
    ...given,
    laws: readLaws(given.laws, cluster),
    recovery: readRecoveryPath(given.recovery, 'recovery'),
    checkpoint,
    ...(given.repair !== undefined && { repair: checkPhase(given.repair, 'repair') }),
  };
}

/** Determines the restart after the failure of a domain. */
class DomainFailures {
  readonly #gang: Gang;
  readonly #paths: TransferPaths;
  readonly #cluster: ClusterTopology;
  readonly #options: PlacementRestartOptions;
  readonly #order: ReadonlyMap<ServerId, number>;
  readonly #copies: CopyHolders;
  /** Positions of the spares in the cluster; undefined if replacements appear in the place of lost servers. */
  readonly #spares: readonly number[] | undefined;

  constructor(
    gang: Gang,
    cluster: ClusterTopology,
    positions: ReadonlyMap<ServerId, number>,
    options: PlacementRestartOptions,
  ) {
    this.#gang = gang;
    this.#cluster = cluster;
    this.#options = options;
    this.#paths = new TransferPaths(cluster, options.checkpoint.nicGBps);
    this.#order = new Map(gang.servers.map((s, i) => [s.id, i]));
    this.#copies = checkCopies(options.copies, gang.servers.length);
    const spares =
      options.spares === undefined
        ? undefined
        : readList(options.spares, ['spares'], 'invalid-option', cluster.servers.length);
    const known = new Set<ServerId>();
    this.#spares = spares?.map((id, i) => {
      if (known.has(id)) {
        throw new CorralError('duplicate-id', ['spares', i], `server ${quote(id)} is a spare already`);
      }
      known.add(id);
      const position = positions.get(id);
      if (position === undefined || this.#order.has(id)) {
        throw new CorralError(
          position === undefined ? 'unknown-reference' : 'invalid-option',
          ['spares', i],
          position === undefined
            ? `the cluster has no server ${quote(id)}`
            : `server ${quote(id)} is part of the placement: it cannot be its spare`,
        );
      }
      return position;
    });
  }

  restartAfter(domain: FailureDomain): PlacedFailureDomain {
    const lost = domain.serversLost.map((id) => this.#order.get(id)!);
    const gone = new Set(domain.memoryLost ? lost : []);
    const rollback: Rollback =
      this.#options.durable !== undefined &&
      [...gone].every((part) => this.#copies[part]!.some((holder) => !gone.has(holder))) &&
      // Parts of servers that survive can be lost as well, if other servers hold all their copies.
      this.#arePartsElsewhereSafe(gone)
        ? 'memory'
        : 'durable';
    const replacements = this.#replacements(domain, lost);
    return {
      ...domain,
      rollback,
      loadSeconds: this.#load(lost, gone, replacements, rollback),
      replacements: replacements.map((position) =>
        position === null ? null : this.#cluster.servers[position]!.id,
      ),
    };
  }

  /** True if a copy survives of every part whose own server survives but does not hold it. */
  #arePartsElsewhereSafe(gone: ReadonlySet<number>): boolean {
    if (gone.size === 0) return true;
    return this.#elsewhere.every(
      (part) => gone.has(part) || this.#copies[part]!.some((holder) => !gone.has(holder)),
    );
  }

  #elsewhereKnown: readonly number[] | undefined;
  /** Servers that hold no copy of their own part. */
  get #elsewhere(): readonly number[] {
    this.#elsewhereKnown ??= this.#copies.flatMap((holders, part) => (holders.includes(part) ? [] : [part]));
    return this.#elsewhereKnown;
  }

  /** The nearest spare for each lost server, outside the failed domain; each spare is used once. */
  #replacements(domain: FailureDomain, lost: readonly number[]): (number | null)[] {
    const spares = this.#spares;
    if (spares === undefined) return lost.map((i) => this.#gang.servers[i]!.position);
    const t = this.#cluster.tiers.findIndex((tier) => tier.name === domain.tier);
    const usable = spares.filter((position) => {
      if (t < 0) return true;
      const { domains } = this.#cluster.servers[position]!;
      return this.#cluster.tiers[t]!.domains[domains[t]!] !== domain.domain;
    });
    const taken = new Set<number>();
    return lost.map((i) => {
      const from = this.#gang.servers[i]!.position;
      let best: number | null = null;
      let nearest = -2;
      for (const position of usable) {
        if (taken.has(position)) continue;
        const common = this.#paths.commonTier(from, position);
        if (common <= nearest) continue;
        nearest = common;
        best = position;
      }
      if (best !== null) taken.add(best);
      return best;
    });
  }

  #load(
    lost: readonly number[],
    gone: ReadonlySet<number>,
    replacements: readonly (number | null)[],
    rollback: Rollback,
  ): number {
    const { bytes, storeGBps, serverStoreGBps, localGBps } = this.#options.checkpoint;
    const servers = this.#gang.servers.length;
    if (rollback === 'durable') {
      return loadSeconds({ bytes, servers, storeServers: servers, storeGBps, serverStoreGBps });
    }
    if (lost.length === 0) return loadSeconds({ bytes, servers, localGBps });
    // The replacement with the slowest path decides. If no spare is left, the place of the lost server counts.
    let pathGBps = Number.POSITIVE_INFINITY;
    lost.forEach((part, i) => {
      const to = replacements[i] ?? this.#gang.servers[part]!.position;
      let widest = 0;
      for (const holder of this.#copies[part]!) {
        if (gone.has(holder)) continue;
        widest = Math.max(widest, this.#paths.betweenGBps(to, this.#gang.servers[holder]!.position));
      }
      pathGBps = Math.min(pathGBps, widest);
    });
    // A path without a limit takes no time.
    if (pathGBps === Number.POSITIVE_INFINITY) return loadSeconds({ bytes, servers, localGBps });
    return loadSeconds({ bytes, servers, localGBps, peerServers: lost.length, nicGBps: pathGBps });
  }
}

function checkCopies(copies: CopyHolders | undefined, servers: number): CopyHolders {
  if (copies === undefined) return Array.from({ length: servers }, (_, i) => [i]);
  const parts = readList(copies, ['copies'], 'invalid-option', servers);
  if (parts.length !== servers) {
    throw unexpected(`holders for each of the ${servers} servers of the placement`, parts.length, ['copies']);
  }
  return parts.map((given, i) => {
    const holders = readList(given, ['copies', i], 'invalid-option', HOLDERS_MAX);
    if (holders.length === 0) {
      throw new CorralError('invalid-option', ['copies', i], 'expected positions of servers, got none');
    }
    holders.forEach((holder, j) => {
      if (!Number.isInteger(holder) || holder < 0 || holder >= servers) {
        throw unexpected(`a position from 0 to ${servers - 1}`, holder, ['copies', i, j]);
      }
    });
    return holders;
  });
}

/** One class per law and kind of restart: thousands of GPUs with equal restarts become one class. */
function failureClasses(
  domains: readonly PlacedFailureDomain[],
  options: PlacementRestartOptions,
): FailureClassOptions[] {
  const { recovery, durable, repair } = options;
  const detectOf = new Map(options.laws.map((law) => [law.name, law.detect]));
  const classes = new Map<
    string,
    { first: PlacedFailureDomain; short: boolean; failuresPerSecond: number }
  >();
  for (const domain of domains) {
    const short = domain.replacements.includes(null);
    const key = JSON.stringify([domain.law, domain.rollback, domain.loadSeconds, short]);
    const known = classes.get(key);
    if (known !== undefined) known.failuresPerSecond += domain.failuresPerSecond;
    else classes.set(key, { first: domain, short, failuresPerSecond: domain.failuresPerSecond });
  }
  return [...classes.values()].map(({ first, short, failuresPerSecond }): FailureClassOptions => {
    const detect = detectOf.get(first.law) ?? recovery.hidden.detect;
    const { reschedule } = recovery.hidden;
    const waits = short && repair !== undefined;
    return {
      name: `${first.law}, back to ${first.rollback}`,
      failuresPerSecond,
      hidden: {
        ...recovery.hidden,
        ...(detect !== undefined && { detect }),
        ...(waits && { reschedule: reschedule === undefined ? repair : sequence(reschedule, repair) }),
      },
      exposed: { ...recovery.exposed, load: fixed(first.loadSeconds) },
      rollback: durable === undefined ? 'memory' : first.rollback,
    };
  });
}
