import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InflationSamples } from '../../../src/simulation/replay/inflation-samples.js';

describe('InflationSamples', () => {
  it('averages the samples whose arrived load rounds to the same percent', () => {
    const samples = new InflationSamples(10, 4);
    // Ten GPUs: 100 thousandths are one percent.
    samples.add(100, 100, 2000);
    samples.add(140, 140, 1000);
    samples.add(160, 140, 500);
    samples.add(310, 300, 0);
    const { allocatedPercent, fragmentedPercentOfIdle, fragmentedPercentOfGpus } = samples.curves(3);
    expect(allocatedPercent).toEqual([1.2, 1.2, 1.4, 3]);
    // 1.0 % used leave 9,900 idle: 20.20 %, then 10.14 %.
    expect(fragmentedPercentOfIdle[1]).toBeCloseTo((20.2 + 10.14) / 2, 12);
    expect(fragmentedPercentOfIdle[2]).toBeCloseTo(5.07, 12);
    expect(fragmentedPercentOfGpus).toEqual([15, 15, 5, 0]);
  });

  it('rounds halves of a percent to the even one', () => {
    const samples = new InflationSamples(2, 3);
    samples.add(10, 0, 1); // 0.5 %
    samples.add(30, 10, 2); // 1.5 %
    samples.add(50, 20, 3); // 2.5 %
    expect(samples.curves(4).allocatedPercent).toEqual([0, 0.5, 0.75, 0.75, Number.NaN]);
  });

  it('looks one percent to each side where no sample arrived, no further', () => {
    const samples = new InflationSamples(1, 2);
    samples.add(20, 20, 0);
    samples.add(70, 50, 0);
    expect(samples.curves(8).allocatedPercent).toEqual([
      Number.NaN,
      2,
      2,
      2,
      Number.NaN,
      Number.NaN,
      5,
      5,
      5,
    ]);
  });

  it('says NaN on every curve where there is nothing at all', () => {
    const nothing = [Number.NaN, Number.NaN];
    expect(new InflationSamples(5, 0).curves(1)).toEqual({
      allocatedPercent: nothing,
      fragmentedPercentOfIdle: nothing,
      fragmentedPercentOfGpus: nothing,
    });
  });

  it('calls a full cluster not fragmented', () => {
    const samples = new InflationSamples(1, 1);
    samples.add(1000, 1000, 0);
    expect(samples.curves(100).fragmentedPercentOfIdle[100]).toBe(0);
  });

  it('rounds a sample to two decimals before it averages, as the published logs do', () => {
    const samples = new InflationSamples(3, 2);
    samples.add(20, 20, 1000 / 3);
    samples.add(20, 10, 1000 / 3);
    const { allocatedPercent, fragmentedPercentOfIdle } = samples.curves(1);
    expect(allocatedPercent[1]).toBe(0.5); // (0.67 + 0.33) / 2
    // 333.3 of 2,980 and of 2,990 idle.
    expect(fragmentedPercentOfIdle[1]).toBe((11.19 + 11.15) / 2);
  });

  it('equals a plain mean over each bucket', () => {
    const step = fc.record({ more: fc.nat(120), taken: fc.boolean(), fragmented: fc.nat(4000) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.array(step, { maxLength: 300 }), (gpus, steps) => {
        const samples = new InflationSamples(gpus, steps.length);
        const rows: { percent: number; used: number; fragmented: number }[] = [];
        let arrived = 0;
        let used = 0;
        for (const { more, taken, fragmented } of steps) {
          arrived += more;
          if (taken && used + more < gpus * 1000) used += more;
          samples.add(arrived, used, fragmented);
          rows.push({ percent: arrived / gpus / 10, used: used / gpus / 10, fragmented });
        }
        // Exact halves are the test above.
        if (rows.some(({ percent }) => percent % 1 === 0.5)) return;
        const curves = samples.curves(60);
        for (let k = 0; k <= 60; k++) {
          const near = (reach: number) =>
            rows.filter(({ percent }) => Math.abs(Math.round(percent) - k) <= reach);
          const bucket = near(0).length > 0 ? near(0) : near(1);
          const mean = bucket.reduce((sum, row) => sum + row.used, 0) / bucket.length;
          const fragmented = bucket.reduce((sum, row) => sum + row.fragmented, 0) / bucket.length;
          if (bucket.length === 0) expect(curves.allocatedPercent[k]).toBeNaN();
          else {
            expect(Math.abs(curves.allocatedPercent[k]! - mean)).toBeLessThanOrEqual(0.0101);
            const percent = fragmented / gpus / 10;
            expect(Math.abs(curves.fragmentedPercentOfGpus[k]! - percent)).toBeLessThanOrEqual(0.0051);
          }
        }
      }),
      { seed: 1, numRuns: 100 },
    );
  });
});
