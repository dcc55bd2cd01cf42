import { describe, expect, it } from 'vitest';
import { WaitingQueue } from '../../../src/simulation/jobs/waiting-queue.js';
import { drawsOf } from '../whole/swarm.js';

const JOBS = 700;

describe('WaitingQueue', () => {
  it('keeps jobs by key, then by submission, however they come and go', () => {
    for (let seed = 0; seed < 30; seed++) {
      const draw = drawsOf(seed);
      const keys = Float64Array.from({ length: JOBS }, () => draw.between(0, draw.of([0, 3, 1000])));
      const order = Int32Array.from({ length: JOBS }, (_, job) => JOBS - job);
      const queue = new WaitingQueue(keys, order);
      const outside = Array.from({ length: JOBS }, (_, job) => job);
      const model: number[] = [];
      for (let step = 0; step < 1500; step++) {
        if (outside.length > 0 && draw.chance(step < 900 ? 0.8 : 0.3)) {
          const job = outside.splice(draw.between(0, outside.length - 1), 1)[0]!;
          queue.add(job);
          model.push(job);
          model.sort((a, b) => keys[a]! - keys[b]! || order[a]! - order[b]!);
        } else if (model.length > 0) {
          const at = draw.of([0, draw.between(0, model.length - 1)]);
          const [job] = model.splice(at, 1);
          if (draw.chance(0.5)) queue.removeAt(queue.start + at);
          else queue.remove(job!);
          outside.push(job!);
        }
        expect(queue.length).toBe(model.length);
      }
      expect([...queue.jobs.subarray(queue.start, queue.end)]).toEqual(model);
    }
  });
});
