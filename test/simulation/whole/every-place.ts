import type { SimulationJob } from '../../../src/simulation/index.js';
import type { ClusterTopology } from '../../../src/topology/index.js';
import { fits, type Room } from './whether-it-fits.js';

/** Server → pods of a gang there. */
export type Place = ReadonlyMap<string, number>;

/** Room less what pods of a job take at a place. */
export function roomLess(room: Room, job: SimulationJob, place: Place): Room {
  const left = new Map([...room].map(([id, free]) => [id, { ...free }]));
  for (const [id, pods] of place) {
    const free = left.get(id)!;
    free.gpus -= pods * (job.gpus ?? 0);
    free.cpuMilli -= pods * (job.cpuMilli ?? 0);
  }
  return left;
}

/**
 * Every way to put so many pods of a job on servers with room, slow and obvious: only how many are where matters.
 *
 * @param pods - of the job, all that start
 */
export function everyPlace(job: SimulationJob, pods: number, cluster: ClusterTopology, room: Room): Place[] {
  const places: Place[] = [];
  const only = (id: string): Room =>
    new Map([...room].map(([other, free]) => [other, other === id ? free : { gpus: 0, cpuMilli: 0 }]));
  const domainOf = (at: number): unknown => {
    const server = cluster.servers[at]!;
    const tier = cluster.tiers.findIndex(({ name }) => name === job.require);
    if (job.require === 'server') return server.id;
    return tier === -1 ? '' : server.domains[tier];
  };
  const next = (at: number, left: number, domain: unknown, place: Place): void => {
    if (left === 0) {
      places.push(place);
      return;
    }
    if (at === cluster.servers.length) return;
    next(at + 1, left, domain, place);
    if (domain !== undefined && domain !== domainOf(at)) return;
    const { id } = cluster.servers[at]!;
    for (let here = 1; here <= left; here++) {
      if (!fits({ ...job, pods: here, podsMin: here }, cluster, only(id))) break;
      next(at + 1, left - here, domainOf(at), new Map([...place, [id, here]]));
    }
  };
  next(0, pods, undefined, new Map());
  return places;
}
