import { remembered } from '../../remembered.js';
import type { ClusterTopology, ServerTopology } from '../../topology/index.js';
import { GPU_MILLI } from '../../units.js';
import { ordinalsOf } from '../bandwidth/gpu-set.js';
import {
  DEFAULT_SIZES,
  leftoverValue,
  readSizes,
  type Sizes,
  sizeWeights,
  straddleLoss,
} from '../sets/reference-leftover-value.js';
import type { GangState } from './gang-state.js';
import type { TakenGpus } from './gang-traffic.js';
import { domainsAt } from './levels.js';

/** The servers of one type and model in one domain of a tier. */
interface Alike {
  readonly servers: readonly number[];
  /** GPUs of each of them; at least one. */
  readonly gpus: number;
}

const known = new WeakMap<ClusterTopology, readonly Alike[]>();

/** The damage of a placement: what future jobs lose because its GPUs are taken. */
export class GangDamage {
  readonly #cluster: ClusterTopology;
  readonly #free: readonly number[];
  /** By position of the server: 1 if all its GPUs are free and it is not cordoned. */
  readonly #whole: readonly number[];
  readonly #valueOf: (server: number, mask: number) => number;

  /**
   * @param state - before the gang
   * @param sizes - weight of each GPU count to come; default `{ 1: 3, 2: 2, 4: 1, 8: 1 }`
   */
  constructor(cluster: ClusterTopology, state: GangState, sizes: Sizes = readSizes(DEFAULT_SIZES)) {
    this.#cluster = cluster;
    this.#free = state.map(({ gpuMilli }) =>
      gpuMilli.reduce((mask, milli, gpu) => mask | (milli === GPU_MILLI ? 1 << gpu : 0), 0),
    );
    this.#whole = state.map(({ gpuMilli, cordoned }) =>
      Number(!cordoned && gpuMilli.every((milli) => milli === GPU_MILLI)),
    );
    const weights = cluster.servers.map(({ type }) => sizeWeights(sizes, type.gpus.length));
    const values = cluster.servers.map(() => new Map<number, number>());
    this.#valueOf = (server, mask) =>
      remembered(values[server]!, mask, () =>
        leftoverValue(cluster.servers[server]!.type, ordinalsOf(mask), weights[server]!),
      );
  }

  /** Bits of the wholly free GPUs, by position of the server. */
  get free(): readonly number[] {
    return this.#free;
  }

  /**
   * The sum of two losses. First, for each server, its number of GPUs times the loss of its leftover value, plus a
   * thousandth for each socket more than the taken GPUs need. Second, for the domains of every tier and the kinds of
   * servers in them, the loss of n W^2 / 2N, where W of the N servers of the kind, of n GPUs each, are wholly free
   * and not cordoned. The first keeps servers useful, the second keeps whole servers together.
   *
   * @param taken - GPUs that the gang uses; GPUs in use before do not count
   * @returns 0 or more, about the number of GPUs that are lost
   * @complexity O(servers × tiers)
   */
  of(taken: TakenGpus): number {
    let damage = 0;
    taken.forEach((mask, server) => {
      if (mask === 0) return;
      const before = this.#free[server]!;
      const { type } = this.#cluster.servers[server]!;
      const loss = this.#valueOf(server, before) - this.#valueOf(server, before & ~mask);
      damage += type.gpus.length * (loss + straddleLoss(type, ordinalsOf(before & mask)));
    });
    for (const { servers, gpus } of alikeOf(this.#cluster)) {
      let before = 0;
      let lost = 0;
      for (const server of servers) {
        before += this.#whole[server]!;
        if (taken[server] !== 0) lost += this.#whole[server]!;
      }
      damage += (gpus * (before ** 2 - (before - lost) ** 2)) / (2 * servers.length);
    }
    return damage;
  }
}

const machines = new WeakMap<ServerTopology, string>();

/** A text that is equal for two types that differ only in names, titles and sources. */
function machineOf({ document: { devices, links, peerToPeer } }: ServerTopology): string {
  return JSON.stringify([
    peerToPeer ?? true,
    devices.map(({ model: _, memoryGiB: __, portBasis, portSource, portVerified, ...device }) => device),
    links.map(({ between, medium, bandwidthGBps, flowCapGBps }) => [
      between,
      medium,
      bandwidthGBps,
      flowCapGBps,
    ]),
  ]);
}

function alikeOf(cluster: ClusterTopology): readonly Alike[] {
  return remembered(known, cluster, () =>
    cluster.tiers
      .flatMap((_, t) => domainsAt(cluster, t + 1))
      .flatMap((domain) => {
        const kinds = new Map<string, Map<string, number[]>>();
        for (const server of domain) {
          const { type, gpuModel } = cluster.servers[server]!;
          const models = remembered(
            kinds,
            remembered(machines, type, () => machineOf(type)),
            () => new Map<string, number[]>(),
          );
          remembered(models, gpuModel, (): number[] => []).push(server);
        }
        return [...kinds.values()].flatMap((models) => [...models.values()]);
      })
      .map((servers) => ({ servers, gpus: cluster.servers[servers[0]!]!.type.gpus.length }))
      .filter(({ gpus }) => gpus > 0),
  );
}
