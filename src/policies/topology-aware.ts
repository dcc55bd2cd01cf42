import { readFields } from '../checks/fields.js';
import { readSizes } from '../compile/gpu-set-tables.js';
import type { Policy } from '../placement/request/policy.js';

/** Options of {@link topologyAware}. */
export interface TopologyAwareOptions {
  /**
   * Weight of each GPU count that later pods ask for. It decides what free GPUs are worth. Default: the `sizes` of
   * `compile`, else `{ 1: 3, 2: 2, 4: 1, 8: 1 }`. Only ratios count.
   */
  readonly sizes?: Readonly<Record<number, number>> | undefined;
}

/**
 * The default policy, by topology: lowest tier that fits, then highest bandwidth, then least load on links that
 * others could use, then least damage to what remains, on servers and in every tier, then fewest servers, then
 * document order.
 *
 * @param options - see {@link TopologyAwareOptions}
 * @returns the policy, for `compile` and `simulate`
 * @throws CorralError `invalid-option` for an unknown option, and for wrong sizes
 * @example
 * const policy = topologyAware({ sizes: { 4: 1 } }); // only jobs of four GPUs are to come
 * compile(topology('dgx1-v100'), { policy }).place({ gpus: 2 }).ok; // true
 */
export function topologyAware(options: TopologyAwareOptions = {}): Policy {
  const given = readFields(options, ['sizes']);
  const sizes = given.sizes === undefined ? undefined : readSizes(given.sizes, ['sizes']);
  return { name: 'topologyAware', ties: 'document-order', prepare: () => ({ by: 'topology', sizes }) };
}
