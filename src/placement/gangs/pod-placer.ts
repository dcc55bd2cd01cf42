import type { Allotment } from '../pods/allotment.js';
import type { PodChooser } from '../pods/pod-chooser.js';
import type { PodNeed } from '../state/pod-need.js';
import type { GangPlan } from './gang-plan.js';

/** Takes GPUs for a pod, and gives them back. */
export interface TakeAndGive {
  take(need: PodNeed, server: number, mask: number): void;
  give(need: PodNeed, server: number, mask: number): void;
}

/**
 * Plans a gang pod by pod: the GPUs of each pod are taken before the next pod is chosen, and all are given back at the end. Pods
 * are equal, so the order in which servers are chosen never makes a gang fail that fits.
 */
export class PodPlacer {
  readonly #chooser: PodChooser;
  readonly #hands: TakeAndGive;

  constructor(chooser: PodChooser, hands: TakeAndGive) {
    this.#chooser = chooser;
    this.#hands = hands;
  }

  /**
   * @param allotments - servers and how many pods go there; they hold them
   * @returns a plan of one piece per pod, in the order of the allotments; its bandwidth is null
   */
  plan(need: PodNeed, allotments: readonly Allotment[], level: number): GangPlan {
    const servers: number[] = [];
    const masks: number[] = [];
    try {
      for (const { from, to, pods } of allotments) {
        for (let i = 0; i < pods; i++) {
          if (!this.#chooser.choose(need, from, to))
            throw new Error('an allotment was larger than its servers hold');
          const { server, gpuMask } = this.#chooser;
          this.#hands.take(need, server, gpuMask);
          servers.push(server);
          masks.push(gpuMask);
        }
      }
    } finally {
      for (let i = servers.length - 1; i >= 0; i--) this.#hands.give(need, servers[i]!, masks[i]!);
    }
    return {
      pods: servers.length,
      level,
      bandwidthGBps: null,
      servers,
      masks,
      podCounts: servers.map(() => 1),
    };
  }
}
