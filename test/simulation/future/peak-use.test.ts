import { describe, expect, it } from 'vitest';
import type { PlacementRequest } from '../../../src/placement/request/request.js';
import { PeakUse } from '../../../src/simulation/future/peak-use.js';
import { type Held, newReservation } from '../../../src/simulation/future/reservation.js';
import { type Draw, drawsOf } from '../whole/swarm.js';
import { assignmentOn, fourGpuEngine, gangFor } from './placed-cluster.js';

const engine = fourGpuEngine(1);

function held(request: PlacementRequest, mask: number, begin: number, end: number, goneBy = end): Held {
  const gang = gangFor(engine, request);
  const reservation = { ...newReservation(0, gang, assignmentOn(0, mask), begin, end, false), goneBy };
  return { reservation, mask, pods: 1 };
}

function drawn(draw: Draw): Held {
  const begin = draw.between(0, 20);
  const end = begin + draw.between(1, 10);
  const cpuMilli = draw.of([0, 1000, 3000]);
  if (draw.chance(0.4))
    return held({ gpuMilli: draw.of([200, 500]), cpuMilli }, 1 << draw.between(0, 3), begin, end);
  return held({ gpus: 1, cpuMilli, memoryMiB: draw.of([0, 1000]) }, 1 << draw.between(0, 3), begin, end);
}

describe('PeakUse', () => {
  it('measures what a count of every moment measures', () => {
    for (let seed = 0; seed < 500; seed++) {
      const draw = drawsOf(seed);
      const all = Array.from({ length: draw.between(0, 8) }, () => drawn(draw));
      const from = draw.between(0, 20);
      const to = from + draw.between(1, 15);
      const use = new PeakUse(engine.tables);
      use.measure(all, from, to, 'end');
      let wholeMask = 0;
      let [cpuMilli, memoryMiB] = [0, 0];
      const shares = [0, 0, 0, 0];
      for (let time = from; time < to; time++) {
        const now = all.filter(({ reservation }) => reservation.begin <= time && reservation.end > time);
        for (const { reservation, mask } of now)
          if (reservation.gang.need.gpuMilli === 1000) wholeMask |= mask;
        const sum = (of: (one: Held) => number): number => now.reduce((total, one) => total + of(one), 0);
        cpuMilli = Math.max(
          cpuMilli,
          sum(({ reservation }) => reservation.gang.need.cpuMilli),
        );
        memoryMiB = Math.max(
          memoryMiB,
          sum(({ reservation }) => reservation.gang.need.memoryMiB),
        );
        for (let gpu = 0; gpu < 4; gpu++) {
          const milli = sum(({ reservation, mask }) => {
            const { need } = reservation.gang;
            return need.gpuMilli < 1000 && mask === 1 << gpu ? need.gpuMilli : 0;
          });
          shares[gpu] = Math.max(shares[gpu]!, milli);
        }
      }
      expect(use.wholeMask).toBe(wholeMask);
      expect([use.cpuMilli, use.memoryMiB]).toEqual([cpuMilli, memoryMiB]);
      expect([...use.shareMilli.slice(0, 4)]).toEqual(shares);
      expect(use.sharedMask).toBe(shares.reduce((mask, milli, gpu) => mask | (milli > 0 ? 1 << gpu : 0), 0));
    }
  });

  const leavesRoom = (others: readonly Held[], own: readonly Held[], by: 'end' | 'goneBy' = 'end'): boolean =>
    new PeakUse(engine.tables).leavesCapacityFor(0, others, own, 5, 15, by);

  it('leaves room where GPUs, shares, CPU and memory do', () => {
    expect(leavesRoom([held({ gpus: 1 }, 1, 0, 10)], [held({ gpus: 1 }, 2, 5, 15)])).toBe(true);
    expect(leavesRoom([held({ gpus: 1 }, 1, 0, 10)], [held({ gpus: 2 }, 3, 5, 15)])).toBe(false);
    expect(leavesRoom([held({ gpus: 1 }, 1, 0, 5)], [held({ gpus: 2 }, 3, 5, 15)])).toBe(true);
    expect(leavesRoom([held({ gpuMilli: 400 }, 1, 0, 10)], [held({ gpuMilli: 600 }, 1, 5, 15)])).toBe(true);
    expect(leavesRoom([held({ gpuMilli: 400 }, 1, 0, 10)], [held({ gpuMilli: 601 }, 1, 5, 15)])).toBe(false);
    expect(leavesRoom([held({ gpuMilli: 400 }, 1, 0, 10)], [held({ gpus: 1 }, 1, 5, 15)])).toBe(false);
    expect(leavesRoom([held({ gpus: 1 }, 1, 0, 10)], [held({ gpuMilli: 400 }, 1, 5, 15)])).toBe(false);
    const cpu = (cpuMilli: number, begin: number, end: number) => held({ cpuMilli }, 0, begin, end);
    expect(leavesRoom([cpu(4000, 0, 8)], [cpu(4000, 5, 15)])).toBe(true);
    expect(leavesRoom([cpu(4001, 0, 8)], [cpu(4000, 5, 15)])).toBe(false);
    // One after another, never both.
    expect(leavesRoom([cpu(4000, 0, 8), cpu(4000, 8, 20)], [cpu(4000, 5, 15)])).toBe(true);
    const memory = held({ memoryMiB: 4001 }, 0, 5, 15);
    expect(leavesRoom([memory], [memory])).toBe(false);
  });

  it('adds up the pods of one gang that come to the same server', () => {
    const pod = held({ gpuMilli: 600 }, 1, 5, 15);
    expect(leavesRoom([], [pod])).toBe(true);
    expect(leavesRoom([], [pod, pod])).toBe(false);
  });

  it('goes by the end that it is told', () => {
    const overdue = held({ gpus: 1 }, 1, 0, 5, 6);
    expect(leavesRoom([overdue], [held({ gpus: 1 }, 1, 5, 15)], 'end')).toBe(true);
    expect(leavesRoom([overdue], [held({ gpus: 1 }, 1, 5, 15)], 'goneBy')).toBe(false);
  });
});
