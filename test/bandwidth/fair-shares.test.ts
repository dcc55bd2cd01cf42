import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fairShares } from '../../src/bandwidth/fair-shares.js';
import { describeWithShared } from '../shared-data.js';
import { SEED } from './small-server.js';

describe('fairShares', () => {
  it('shares a link equally and gives the rest to whom it serves', () => {
    expect(fairShares([100, 50], [{ links: [0] }, { links: [0, 1] }, { links: [1] }])).toEqual([75, 25, 25]);
  });

  it('shares by weight', () => {
    expect(fairShares([90], [{ links: [0], weight: 2 }, { links: [0] }])).toEqual([60, 30]);
  });

  it('gives what a capped flow does not use to the others', () => {
    expect(fairShares([90], [{ links: [0], cap: 10 }, { links: [0] }])).toEqual([10, 80]);
  });

  it('applies a cap per flow, not per weight', () => {
    expect(fairShares([90], [{ links: [0], weight: 8, cap: 10 }, { links: [0] }])).toEqual([10, 80]);
  });

  it('counts a link as often as it is listed, or by its load', () => {
    expect(fairShares([90], [{ links: [0, 0] }, { links: [0] }])).toEqual([30, 30]);
    expect(fairShares([90], [{ links: [0], loads: [0.5] }, { links: [0] }])).toEqual([60, 60]);
  });

  it('gives nothing over a link without capacity, and no limit to a flow without links', () => {
    expect(fairShares([0, 5], [{ links: [0, 1] }, { links: [1] }, { links: [] }])).toEqual([
      0,
      5,
      Number.POSITIVE_INFINITY,
    ]);
    expect(fairShares([Number.POSITIVE_INFINITY], [{ links: [0] }, { links: [0], cap: 3 }])).toEqual([
      Number.POSITIVE_INFINITY,
      3,
    ]);
  });

  it('takes the smallest and the largest figures, and lists as long as may be', () => {
    expect(
      fairShares([5e-324, 1e200, -0], [{ links: [0] }, { links: [1], weight: 1e-9 }, { links: [2] }]),
    ).toEqual([5e-324, 1e200, 0]);
    expect(fairShares([1e200], [{ links: [0], weight: 1e9, loads: [1e9] }])[0]! / 1e191).toBeCloseTo(1, 9);
    expect(
      fairShares(
        [3],
        [
          { links: [0], cap: 5e-324 },
          { links: [0], cap: Number.POSITIVE_INFINITY },
        ],
      ),
    ).toEqual([5e-324, 3]);
    expect(fairShares(new Array(2 ** 20).fill(1), [{ links: [7] }])).toEqual([1]);
    expect(fairShares([2 ** 16], new Array(2 ** 16).fill({ links: [0] }))).toEqual(
      new Array(2 ** 16).fill(1),
    );
  });

  it('gives up where flows stop one by one on too many links', () => {
    const flows = Array.from({ length: 2 ** 15 }, (_, i) => ({ links: [0], cap: 1 + i }));
    expect(() => fairShares([1e9], flows)).toThrow(
      expect.objectContaining({ code: 'limit-exceeded', path: ['flows'] }),
    );
  });

  it('reads each flow once', () => {
    let reads = 0;
    const flow = {
      get links() {
        reads++;
        return reads === 1 ? [0] : [9];
      },
    };
    expect(fairShares([5], [flow])).toEqual([5]);
    const throwing = {
      get links(): number[] {
        throw new TypeError('no');
      },
    };
    expect(() => fairShares([5], [throwing])).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });

  it('has nothing to say without flows', () => {
    expect(fairShares([1, 2], [])).toEqual([]);
  });

  it.each([
    [[-1], [], ['capacities', 0]],
    [[Number.NaN], [], ['capacities', 0]],
    [[1], [{ links: [1] }], ['flows', 0, 'links', 0]],
    [[1], [{ links: [0] }, { links: [0, 0.5] }], ['flows', 1, 'links', 1]],
    [[1], [{ links: [0], weight: 0 }], ['flows', 0, 'weight']],
    [[1], [{ links: [0], weight: Number.POSITIVE_INFINITY }], ['flows', 0, 'weight']],
    [[1], [{ links: [0], cap: -1 }], ['flows', 0, 'cap']],
    [[1], [{ links: [0], loads: [1, 1] }], ['flows', 0, 'loads']],
    [[1], [{ links: [0], loads: [0] }], ['flows', 0, 'loads', 0]],
    [[1], [{ links: [0], loads: [1e-10] }], ['flows', 0, 'loads', 0]],
    [[1], [{ links: [0], weight: 1e10 }], ['flows', 0, 'weight']],
    [[1], [{ links: [0], weight: null }], ['flows', 0, 'weight']],
    [[1], [{ links: [0], cap: Number.NaN }], ['flows', 0, 'cap']],
    [[1], [{ links: [0], cap: '1' }], ['flows', 0, 'cap']],
    [[1e201], [], ['capacities', 0]],
    [[1n], [], ['capacities', 0]],
    [[null], [], ['capacities', 0]],
    [new Array(1), [], ['capacities', 0]],
    [[1], new Array(1), ['flows', 0]],
    [[1], [{ links: new Array(1) }], ['flows', 0, 'links', 0]],
    [[1], [{ links: [0], loads: new Array(1) }], ['flows', 0, 'loads', 0]],
    [[1], [{ links: '0' }], ['flows', 0, 'links']],
    [[1], [{}], ['flows', 0, 'links']],
    [[1], [null], ['flows', 0]],
    [[1], [new Map()], ['flows', 0, 'links']],
    [[1], [[0]], ['flows', 0]],
    [{ length: 1 }, [], ['capacities']],
    [new Float64Array(1), [], ['capacities']],
    [null, [], ['capacities']],
    [[1], undefined, ['flows']],
    [new Array(2 ** 20 + 1).fill(1), [], ['capacities']],
    [[1], new Array(1e6).fill({ links: [0] }), ['flows']],
    [[1], [{ links: new Array(1e6).fill(0) }], ['flows', 0, 'links']],
  ] as [never, never, (string | number)[]][])(
    'refuses what is not within its limits, case %#',
    (capacities, flows, path) => {
      expect(() => fairShares(capacities, flows)).toThrow(
        expect.objectContaining({ code: 'invalid-option', path }),
      );
    },
  );

  it('is feasible, and leaves each flow at its cap or with a full link on which nobody has more per weight', () => {
    const input = fc.integer({ min: 1, max: 6 }).chain((links) =>
      fc.tuple(
        fc.array(fc.oneof(fc.integer({ min: 0, max: 9 }), fc.double({ min: 1e-3, max: 1e3, noNaN: true })), {
          minLength: links,
          maxLength: links,
        }),
        fc.array(
          fc.record(
            {
              links: fc.uniqueArray(fc.integer({ min: 0, max: links - 1 }), { minLength: 1 }),
              weight: fc.double({ min: 0.1, max: 10, noNaN: true }),
              cap: fc.double({ min: 0, max: 100, noNaN: true }),
            },
            { requiredKeys: ['links'] },
          ),
          { maxLength: 12 },
        ),
      ),
    );
    fc.assert(
      fc.property(input, ([capacities, flows]) => {
        const rates = fairShares(capacities, flows);
        const load = capacities.map((_, link) =>
          flows.reduce((sum, flow, i) => sum + (flow.links.includes(link) ? rates[i]! : 0), 0),
        );
        capacities.forEach((capacity, link) => {
          expect(load[link]).toBeLessThanOrEqual(capacity + 1e-9 * (1 + capacity));
        });
        flows.forEach((flow, i) => {
          const perWeight = rates[i]! / (flow.weight ?? 1);
          const atCap = flow.cap !== undefined && rates[i]! >= flow.cap * (1 - 1e-9);
          const bottleneck = flow.links.some(
            (link) =>
              load[link]! >= capacities[link]! - 1e-9 * (1 + capacities[link]!) &&
              flows.every(
                (other, j) =>
                  !other.links.includes(link) ||
                  rates[j]! / (other.weight ?? 1) <= perWeight + 1e-9 * (1 + perWeight),
              ),
          );
          expect(atCap || bottleneck).toBe(true);
        });
      }),
      { seed: SEED, numRuns: 1000 },
    );
  });

  describeWithShared('simulation/maxmin-flows.json', 'as a driver of flow completion times', (path) => {
    const { scenarios } = JSON.parse(readFileSync(path, 'utf8')) as { scenarios: Scenario[] };
    it('has scenarios', () => expect(scenarios.length).toBeGreaterThanOrEqual(15));
    it.each(scenarios)('reproduces SimGrid on $name', (scenario) => {
      const finish = completionTimes(scenario);
      for (const [id, seconds] of Object.entries(scenario.finish)) {
        expect(Math.abs(finish.get(Number(id))! / seconds - 1), `flow ${id}`).toBeLessThan(1e-6);
      }
    });
  });

  describeWithShared('servers/contention-check.json', 'as a model of measured contention', (path) => {
    const { rows } = JSON.parse(readFileSync(path, 'utf8')) as {
      rows: { case: string; model: number; measured: number }[];
    };
    // Eight GPUs on four switch ports of two chips; 53.7 GB/s per GPU, 40 across the sockets per port.
    it.each([
      ['esc: 0>1', [[0, 1]], 0.1],
      [
        'esc: 0>1 2>3',
        [
          [0, 1],
          [2, 3],
        ],
        0.1,
      ],
      [
        'esc: both pairs bidir',
        [
          [0, 1],
          [1, 0],
          [2, 3],
          [3, 2],
        ],
        0.1,
      ],
      ['esc: 0>4', [[0, 4]], 0.1],
      [
        'esc: 0>4 2>6',
        [
          [0, 4],
          [2, 6],
        ],
        0.1,
      ],
      [
        'esc: 0>4 1>5 same uplinks',
        [
          [0, 4],
          [1, 5],
        ],
        0.1,
      ],
      [
        'esc: 0>4 0>6',
        [
          [0, 4],
          [0, 6],
        ],
        0.1,
      ],
      [
        'esc: 4 flows 1:1',
        [
          [0, 4],
          [1, 5],
          [2, 6],
          [3, 7],
        ],
        0.1,
      ],
      [
        'esc: 0>4 1>2',
        [
          [0, 4],
          [1, 2],
        ],
        0.13,
      ],
      // Known limits of the model: it does not see the ports of a chip, nor a socket link that tires.
      [
        'esc: 0>4 0>2',
        [
          [0, 4],
          [0, 2],
        ],
        0.26,
      ],
      [
        'esc: 4-GPU all-to-all on a chip',
        [0, 1, 2, 3].flatMap((a) => [0, 1, 2, 3].filter((b) => b !== a).map((b) => [a, b])),
        0.41,
      ],
      [
        'esc: 8 flows 1:1 both directions',
        [0, 1, 2, 3].flatMap((a) => [
          [a, a + 4],
          [a + 4, a],
        ]),
        0.96,
      ],
    ] as [string, [number, number][], number][])(
      'gives the model figure of "%s"',
      (name, pairs, offByAtMost) => {
        const row = rows.find((candidate) => candidate.case === name)!;
        const rates = fairShares(
          ESC_CAPACITIES,
          pairs.map(([from, to]) => ({ links: escLinks(from, to) })),
        );
        const total = rates.reduce((sum, rate) => sum + rate, 0);
        expect(total).toBeCloseTo(row.model, 1);
        expect(Math.abs(total / row.measured - 1)).toBeLessThan(offByAtMost);
      },
    );
  });
});

/** Out of GPU 0-7, into GPU 0-7, up from and down to the port of GPUs {0,1} {2,3} {4,5} {6,7}. */
const ESC_CAPACITIES: readonly number[] = [...Array<number>(16).fill(53.7), ...Array<number>(8).fill(40)];

function escLinks(from: number, to: number): number[] {
  const across = from < 4 !== to < 4;
  return [from, 8 + to, ...(across ? [16 + (from >> 1), 20 + (to >> 1)] : [])];
}

interface Scenario {
  readonly name: string;
  readonly links: Record<string, number>;
  readonly routes: Record<string, string[]>;
  /** id, start, from, to, bytes */
  readonly flows: readonly [number, number, string, string, number][];
  readonly finish: Record<string, number>;
}

/** Time of completion of each flow: rates change whenever one starts or ends. */
function completionTimes(scenario: Scenario): Map<number, number> {
  const links = Object.keys(scenario.links);
  const capacities = Object.values(scenario.links);
  const waiting = [...scenario.flows].sort((a, b) => a[1] - b[1]);
  const running: { id: number; bytes: number; links: number[] }[] = [];
  const finish = new Map<number, number>();
  let now = 0;
  while (waiting.length > 0 || running.length > 0) {
    const rates = fairShares(capacities, running);
    const ends = running.map((flow, i) => now + flow.bytes / rates[i]!);
    const next = Math.min(waiting[0]?.[1] ?? Number.POSITIVE_INFINITY, ...ends);
    running.forEach((flow, i) => {
      flow.bytes = ends[i]! <= next * (1 + 1e-15) ? 0 : flow.bytes - rates[i]! * (next - now);
    });
    now = next;
    for (let i = running.length - 1; i >= 0; i--) {
      if (running[i]!.bytes <= 0) finish.set(running.splice(i, 1)[0]!.id, now);
    }
    while (waiting[0] !== undefined && waiting[0][1] <= now) {
      const [id, , from, to, bytes] = waiting.shift()!;
      running.push({
        id,
        bytes,
        links: scenario.routes[`${from}>${to}`]!.map((name) => links.indexOf(name)),
      });
    }
  }
  return finish;
}
