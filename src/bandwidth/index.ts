export {
  type CollectiveAlgorithm,
  type CollectiveBandwidthOptions,
  collectiveBandwidth,
} from './collective-bandwidth.js';
export { type Flow, fairShares } from './fair-shares.js';
export { optimalBandwidth } from './optimal.js';
export { nicBandwidth } from './ports/nic-bandwidth.js';
export { packRings, type Ring, type RingPacking } from './rings/ring.js';
export { type SharedBandwidthOptions, sharedBandwidth } from './shared-bandwidth.js';
