import type { ServerTopology } from '../topology/index.js';
import { type Capacity, smallestCut } from './every-cut.js';
import { kindOf, mergedLinks } from './merged-links.js';

/** Names of the two ends of the flow; no id that a person writes begins with a NUL. */
const SET = '\u0000set';
const NICS = '\u0000nics';

/**
 * What a set of GPUs can send through all compute NICs together: by max-flow min-cut, the smallest capacity that
 * parts the set from the NICs. GPUs outside the set do not forward, NICs only receive.
 *
 * @param gpus - GPU ordinals, checked
 * @returns GB/s per direction; 0 without GPUs or NICs that they reach
 * @throws CorralError `limit-exceeded` as `referenceBandwidth` does
 * @complexity O(2^vertices)
 */
export function referenceNicBandwidth(server: ServerTopology, gpus: readonly number[]): number {
  const chosen = new Set<string>(gpus.map((ordinal) => server.gpus[ordinal]!));
  // Nothing limits the flow among the GPUs of the set, nor behind the NICs: each are one vertex.
  const endOf = (id: string): string | undefined => {
    const kind = kindOf(server, id);
    if (kind === 'gpu') return chosen.has(id) ? SET : undefined;
    if (kind !== 'nic') return id;
    return (server.graph.getNodeAttribute(id, 'role') ?? 'compute') === 'compute' ? NICS : undefined;
  };
  const capacities = mergedLinks(server).flatMap(({ a, b, GBps }): Capacity[] => {
    const from = endOf(a);
    const to = endOf(b);
    return from === undefined || to === undefined ? [] : [{ a: from, b: to, GBps }];
  });
  return smallestCut([SET, NICS], capacities, (GBps) => GBps);
}
