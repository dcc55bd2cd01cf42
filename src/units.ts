/**
 * Names end with their unit: `bandwidthGBps` (10^9 bytes/s, per direction), `memoryMiB` (2^20 bytes), `cpuMilli` and
 * `gpuMilli` (thousandths of a core, of a GPU), `intervalSeconds`.
 */

/** Thousandths in one whole GPU: a request of `gpuMilli: 1000` has the device for itself. */
export const GPU_MILLI = 1000;

/** Most GPUs of a server type: a set of them is a 16-bit mask. Larger domains are tiers. */
export const GPUS_PER_SERVER_MAX = 16;

/** The largest CPU (milli-cores) or memory (MiB) figure of one server or pod: 2^31 - 1. */
export const QUANTITY_MAX = 0x7fff_ffff;

/** Smallest bandwidth of a link, port or uplink, GB/s: a kilobyte per second. */
export const BANDWIDTH_MIN_GBPS = 1e-6;
/** Largest bandwidth of a link, port or uplink, GB/s; a larger figure is a mistake of units (bytes, bits). */
export const BANDWIDTH_MAX_GBPS = 1e9;

/** Most characters of an identifier, name or title. */
export const TEXT_LENGTH_MAX = 1024;

/** Most servers of one cluster: four times the million that corral is built for. */
export const SERVERS_MAX = 4_000_000;

/** Most pods of one gang. */
export const PODS_MAX: number = 2 ** 20;

/** Most GPU models that one request may list. */
export const GPU_MODELS_MAX = 1024;

/** The longest time, seconds: 285 years. In microseconds it is the largest integer that a double holds exactly. */
export const SECONDS_MAX = 9_007_199_254;
