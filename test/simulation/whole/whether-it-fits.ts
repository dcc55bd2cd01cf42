import type { SimulationJob } from '../../../src/simulation/index.js';
import type { ClusterTopology } from '../../../src/topology/index.js';
import type { Moment, Replay, Running } from '../replay.js';

/** Server → GPUs and CPU that are free. */
export type Room = ReadonlyMap<string, { gpus: number; cpuMilli: number }>;

/** What is free at a time on servers that are not broken at `moment`, if of its jobs only `held` hold anything. */
export function roomBeside(replay: Replay, moment: Moment, held: Iterable<[number, Running]>): Room {
  const { cluster, outages, options } = replay;
  const room = new Map<string, { gpus: number; cpuMilli: number }>();
  for (const { id, type, cpuMilli = Number.POSITIVE_INFINITY } of cluster.servers) {
    const isOut = outages.get(id)?.some(([from, to]) => from <= moment.seconds && moment.seconds < to);
    // Nothing fits on a broken server, also where a job goes on beside the broken GPU.
    room.set(
      id,
      isOut === true ? { gpus: Number.NEGATIVE_INFINITY, cpuMilli: 0 } : { gpus: type.gpus.length, cpuMilli },
    );
  }
  for (const [job, { run }] of held) {
    const { cpuMilli = 0 } = options.jobs[job]!;
    for (const { server, gpus } of run.pods) {
      const free = room.get(server)!;
      free.gpus -= gpus.length;
      free.cpuMilli -= cpuMilli;
    }
  }
  return room;
}

/**
 * Whether a gang of pods with whole GPUs fits: whether some domain of the tier that it requires has room for as many pods
 * as it needs, server by server. Which GPUs they are does not matter to that.
 */
export function fits(job: SimulationJob, cluster: ClusterTopology, room: Room): boolean {
  const { pods = 1, podsMin = pods, gpus = 0, cpuMilli = 0, gpuModels, require = 'cluster' } = job;
  const tier = cluster.tiers.findIndex(({ name }) => name === require);
  const podsIn = new Map<unknown, number>();
  for (const { id, domains, gpuModel } of cluster.servers) {
    if (gpuModels !== undefined && !gpuModels.includes(gpuModel)) continue;
    const free = room.get(id)!;
    const here = Math.min(
      gpus === 0 ? Number.POSITIVE_INFINITY : Math.floor(free.gpus / gpus),
      cpuMilli === 0 ? Number.POSITIVE_INFINITY : Math.floor(free.cpuMilli / cpuMilli),
    );
    const domain = require === 'server' ? id : require === 'cluster' ? '' : domains[tier];
    podsIn.set(domain, (podsIn.get(domain) ?? 0) + Math.max(0, here));
  }
  return Math.max(0, ...podsIn.values()) >= podsMin;
}

/** Whether a waiting job fits at a moment. */
export function fitsNow(replay: Replay, moment: Moment, job: number): boolean {
  return fits(replay.options.jobs[job]!, replay.cluster, roomBeside(replay, moment, moment.running));
}

/**
 * When a job can start at the earliest if the running jobs end when they are expected to, nobody else starts and what is
 * broken stays broken; Infinity if never.
 */
export function promiseTo(replay: Replay, moment: Moment, job: number): number {
  const { seconds, running } = moment;
  const ends = [...running.values()].map(({ expectedEnd }) => Math.max(seconds, expectedEnd));
  for (const time of [seconds, ...ends.sort((a, b) => a - b)]) {
    const held = [...running].filter(([, { expectedEnd }]) => expectedEnd > time);
    if (fits(replay.options.jobs[job]!, replay.cluster, roomBeside(replay, moment, held))) return time;
  }
  return Number.POSITIVE_INFINITY;
}
