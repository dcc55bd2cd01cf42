/**
 * Units are last in every name: `bandwidthGBps` (10^9 bytes/s, per direction), `memoryMiB` (2^20 bytes),
 * `cpuMilli` and `gpuMilli` (thousandths of a core, of a GPU), `intervalSeconds`.
 */

/** Thousandths in one whole GPU: a request of `gpuMilli: 1000` takes the device exclusively. */
export const GPU_MILLI = 1000;

/** The number of GPUs a server type may have: a set of them is a 16-bit mask. Larger domains are tiers. */
export const GPUS_PER_SERVER_MAX = 16;

/** The largest CPU (milli-cores) or memory (MiB) figure of one server or pod: 2^31 - 1. */
export const QUANTITY_MAX = 0x7fff_ffff;

/** The least bandwidth that a link, port or uplink may have, GB/s: a kilobyte per second. Nothing that joins GPUs is so slow. */
export const BANDWIDTH_MIN_GBPS = 1e-6;
/** The greatest one, GB/s: no uplink of any fabric comes near; a larger figure is a unit mistake (bytes, bits). */
export const BANDWIDTH_MAX_GBPS = 1e9;

/** The longest identifier, name or title, in characters: documents and texts come from outside. */
export const TEXT_LENGTH_MAX = 1024;

/** Most servers of one cluster: four times the million that corral is built for. */
export const SERVERS_MAX = 4_000_000;

/** Most pods of one gang. */
export const PODS_MAX: number = 2 ** 20;

/** Most GPU models that one request may list. */
export const GPU_MODELS_MAX = 1024;

/** The longest time, seconds: 285 years, in microseconds the largest integer that a double holds exactly. */
export const SECONDS_MAX = 9_007_199_254;
