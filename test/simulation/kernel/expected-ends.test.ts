import { describe, expect, it } from 'vitest';
import { ExpectedEnds } from '../../../src/simulation/kernel/expected-ends.js';
import { drawsOf } from '../whole/swarm.js';

describe('ExpectedEnds', () => {
  it('keeps running jobs by their ends, equal ones as they came', () => {
    const draw = drawsOf(1);
    const ends = new ExpectedEnds();
    const model: { job: number; end: number }[] = [];
    for (let job = 0; job < 2000; job++) {
      if (draw.chance(0.65) || model.length === 0) {
        const end = draw.between(0, 50);
        ends.add(job, end);
        model.push({ job, end });
        model.sort((a, b) => a.end - b.end || a.job - b.job);
      } else {
        const [gone] = model.splice(draw.between(0, model.length - 1), 1);
        ends.remove(gone!.job, gone!.end);
      }
    }
    expect(ends.length).toBe(model.length);
    expect([...ends.jobs.subarray(0, ends.length)]).toEqual(model.map(({ job }) => job));
    expect([...ends.ends.subarray(0, ends.length)]).toEqual(model.map(({ end }) => end));
  });

  it('finds the first end at a time or later', () => {
    const ends = new ExpectedEnds();
    expect(ends.endFrom(0)).toBe(Number.POSITIVE_INFINITY);
    for (const [job, end] of [30, 10, 20, 20].entries()) ends.add(job, end);
    expect([0, 10, 11, 20, 21, 30].map((time) => ends.endFrom(time))).toEqual([10, 10, 20, 20, 30, 30]);
    expect(ends.endFrom(31)).toBe(Number.POSITIVE_INFINITY);
  });
});
