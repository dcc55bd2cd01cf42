export {
  type CollectiveAlgorithm,
  type CollectiveBandwidthOptions,
  collectiveBandwidth,
} from './collective-bandwidth.js';
export { type Flow, fairShares } from './fair-shares.js';
export { nicBandwidth } from './nic-bandwidth.js';
export { optimalBandwidth } from './optimal.js';
export { packRings, type Ring, type RingPacking } from './ring.js';
export { type SharedBandwidthOptions, sharedBandwidth } from './shared-bandwidth.js';
