import { describe, expect, it } from 'vitest';
import { clusterTopology } from '../../../src/index.js';
import { PlacementEngine } from '../../../src/placement/engine.js';
import { topologyAware } from '../../../src/policies/index.js';
import { openRun } from '../../../src/simulation/assemble.js';
import { newReservation } from '../../../src/simulation/future/reservation.js';
import { ReservationSearch } from '../../../src/simulation/future/reservation-search.js';
import { Timetable } from '../../../src/simulation/future/timetable.js';
import type { SimulationJob } from '../../../src/simulation/index.js';
import type { ClusterRun } from '../../../src/simulation/kernel/cluster-run.js';
import { gpuBox } from '../../placement/random-cluster.js';
import { assignmentOn } from './placed-cluster.js';

/** Two servers of two GPUs: the first is held up to 10 s, the second up to 20 s and again from 50 s to 60 s. */
function search(job: Partial<SimulationJob>): {
  run: ClusterRun;
  found: ReservationSearch;
  engine: PlacementEngine;
} {
  const { run } = openRun(
    {
      cluster: clusterTopology({
        tiers: [],
        types: { two: gpuBox(2) },
        servers: ['a', 'b'].map((id) => ({ id, type: 'two' })),
      }),
      jobs: [{ submitSeconds: 0, durationSeconds: 20, gpus: 2, ...job }],
      backfill: 'conservative',
    },
    undefined,
  );
  const engine = new PlacementEngine(run.engine.tables, {
    policy: topologyAware(),
    workload: undefined,
    sizes: undefined,
    seed: 0,
  });
  const timetable = new Timetable(engine);
  const gang = run.gangOf(0);
  const reservations = [
    [0, 0, 10],
    [1, 0, 20],
    [1, 50, 60],
  ] as const;
  for (const [i, [server, begin, end]] of reservations.entries()) {
    timetable.add(newReservation(i + 1, gang, assignmentOn(server, 3), begin * 1e6, end * 1e6, false));
  }
  return { run, found: new ReservationSearch(engine, timetable), engine };
}

describe('ReservationSearch', () => {
  it.each<readonly [string, Partial<SimulationJob>, begin: number, end: number, pods: number]>([
    ['one pod on the server that is free first', {}, 10, 30, 1],
    ['a gang when both are free for as long as it runs', { pods: 2 }, 20, 40, 2],
    ['a gang that runs too long for the gap behind it', { pods: 2, durationSeconds: 31 }, 60, 91, 2],
    ['an elastic gang with the pods there are, for longer', { pods: 2, podsMin: 1 }, 10, 50, 1],
    [
      'an elastic gang that would run too long at its full size',
      { pods: 2, podsMin: 1, durationSeconds: 40 },
      10,
      90,
      1,
    ],
  ])('plans %s', (_, job, begin, end, pods) => {
    const { run, found } = search(job);
    const reservation = found.bookEarliest(run, 0, 0, Number.POSITIVE_INFINITY)!;
    expect([reservation.begin / 1e6, reservation.end / 1e6, reservation.assignment.pods]).toEqual([
      begin,
      end,
      pods,
    ]);
    expect(reservation.goneBy).toBe(reservation.end);
  });

  it('looks no earlier and no later than it is told', () => {
    const { run, found } = search({});
    expect(found.bookEarliest(run, 0, 0, 10e6)).toBeUndefined();
    expect(found.bookEarliest(run, 0, 0, 11e6)!.begin).toBe(10e6);
    expect(found.bookEarliest(run, 0, 20e6, 50e6)!.begin).toBe(20e6);
  });

  it('finds nothing where servers take no pods', () => {
    const { run, found, engine } = search({ pods: 2 });
    engine.setCordoned(1, true);
    expect(found.bookEarliest(run, 0, 0, Number.POSITIVE_INFINITY)).toBeUndefined();
  });

  it('tells when the first of some servers has capacity', () => {
    const { run, found } = search({ pods: 2 });
    expect(found.earliestFree([0, 1], run, 0, 11e6)).toBe(10e6);
    expect(found.earliestFree([1], run, 0, 21e6)).toBe(20e6);
    expect(found.earliestFree([0, 1], run, 0, 10e6)).toBe(Number.POSITIVE_INFINITY);
    expect(found.earliestFree([], run, 0, 99e6)).toBe(Number.POSITIVE_INFINITY);
  });
});
