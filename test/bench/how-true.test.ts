import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import measured from '../../bench/data/measured.json' with { type: 'json' };
import nccl from '../../bench/data/nccl.json' with { type: 'json' };
import { acrossRows, insideRows } from '../../bench/truth/all-reduce-rows.js';
import { contentionRows } from '../../bench/truth/contention-rows.js';
import { equalPayloadGBps, flowRates, sum } from '../../bench/truth/flow-rates.js';
import { leftOutRows } from '../../bench/truth/left-out.js';
import { isWithinTenPercent, markdownTable, ratio } from '../../bench/truth/markdown.js';
import { withFewerNvlinks, withNcclConstants } from '../../bench/truth/nccl-constants.js';
import { hostMemoryRows, NODES_WITHOUT_INPUT, overNodesRows } from '../../bench/truth/nccl-over-nodes.js';
import { CASES_WITHOUT_INPUT, isHostMemoryCase, ncclRows } from '../../bench/truth/nccl-rows.js';
import { channelsOnLadder, NO_PATH_GBPS, nvlsBusGBps, treeBusGBps } from '../../bench/truth/nccl-search.js';
import { ncclXmlTable } from '../../bench/truth/nccl-xml-rows.js';
import { notCompared } from '../../bench/truth/not-compared.js';
import { fillPage, sections } from '../../bench/truth/page.js';
import { linkRows, matrixRows } from '../../bench/truth/pair-rows.js';
import { topology } from '../../src/catalogue/index.js';
import { collectiveBandwidth } from '../../src/index.js';
import { describeWithShared } from '../shared-data.js';

const PAGE = readFileSync(new URL('../../docs/HOW-TRUE.md', import.meta.url), 'utf8');

describe('docs/HOW-TRUE.md', () => {
  it('is what the script writes now', () => {
    expect(fillPage(PAGE, sections())).toBe(PAGE);
  });

  it('explains every row that is off by more than 10 %', () => {
    const rows = [...matrixRows(), ...linkRows(), ...contentionRows(), ...insideRows(), ...acrossRows()];
    expect(rows.length).toBeGreaterThan(60);
    for (const row of rows) {
      if (!isWithinTenPercent(row.modelGBps / row.measuredGBps)) expect(row.why, row.what).not.toBe('');
    }
    for (const row of ncclRows()) {
      for (const value of [row.ringGBps / row.ncclRingGBps, row.optimalGBps / row.ncclBestGBps]) {
        if (!isWithinTenPercent(value)) expect(row.why, row.name).not.toBe('');
      }
    }
    for (const row of overNodesRows()) {
      if (!isWithinTenPercent(row.modelGBps / row.ncclBestGBps)) {
        expect(row.why, `${row.name} on ${row.nodes}`).not.toBe('');
      }
    }
  });

  it("is within 10 % of NCCL's rings through host memory, where NCCL finds one", () => {
    const rows = hostMemoryRows();
    expect(rows).toHaveLength(7);
    for (const row of rows) {
      if (row.ncclRingGBps === NO_PATH_GBPS) continue;
      expect(isWithinTenPercent(row.ringGBps / row.ncclRingGBps), row.name).toBe(true);
    }
  });

  it('says with figures what the model leaves out', () => {
    const [rails, switches] = leftOutRows();
    // Two of eight rails, a quarter of 2 x 50 GB/s each up: 7 x 2 x 25 / 4. By ports 7 x 100 / 6.
    expect(rails!.slice(2)).toEqual(['116.7', '87.5']);
    expect(switches![2]).toContain('185.4');
  });

  it('has every case of NCCL, in a row or among those without input', () => {
    const shown = [...ncclRows().map((row) => row.name), ...Object.keys(CASES_WITHOUT_INPUT)];
    expect(shown.toSorted()).toEqual(nccl.cases.map((c) => c.case).toSorted());
    const over = [
      ...new Set(overNodesRows().map((row) => row.name)),
      ...Object.keys(NODES_WITHOUT_INPUT),
      ...nccl.severalNodes.cases.map((c) => c.case).filter(isHostMemoryCase),
    ];
    expect(over.toSorted()).toEqual(nccl.severalNodes.cases.map((c) => c.case).toSorted());
  });
});

describe('fillPage', () => {
  it('replaces what stands between the markers and nothing else', () => {
    expect(fillPage('a\n<!-- x -->\nold\n<!-- /x -->\nb', { x: 'new' })).toBe(
      'a\n<!-- x -->\n\nnew\n\n<!-- /x -->\nb',
    );
  });

  it('refuses a page that lacks a marker', () => {
    expect(() => fillPage('<!-- x -->', { x: 'new' })).toThrow('no markers');
  });
});

describe('channelsOnLadder', () => {
  it('takes the speed with the largest total', () => {
    expect(channelsOnLadder([370.8], 'SM90')).toEqual({ count: 6, GBpsPerChannel: 60 });
    expect(channelsOnLadder([40, 40, 20, 20], 'up to SM89')).toEqual({ count: 6, GBpsPerChannel: 20 });
  });

  it('goes no lower than about half of the speed it has', () => {
    expect(channelsOnLadder([38], 'up to SM89')).toEqual({ count: 2, GBpsPerChannel: 18 });
    // 3 × 12 = 36 would be more, but 12 is less than half of 30.
    expect(channelsOnLadder([36], 'SM90')).toEqual({ count: 1, GBpsPerChannel: 30 });
  });

  it('has at most 32 channels', () => {
    expect(channelsOnLadder([4000], 'SM100')).toEqual({ count: 32, GBpsPerChannel: 90 });
  });

  it('finds nothing below the last speed of the list', () => {
    expect(channelsOnLadder([16], 'SM100')).toBeUndefined();
    expect(channelsOnLadder([16], 'up to SM89')).toEqual({ count: 1, GBpsPerChannel: 15 });
  });
});

describe('nvlsBusGBps and treeBusGBps', () => {
  it('are the formulas of the cost model', () => {
    expect(nvlsBusGBps({ count: 8, GBpsPerChannel: 40 })).toBeCloseTo(476, 9);
    expect(treeBusGBps({ count: 1, GBpsPerChannel: 20 }, 8)).toBeCloseTo(16.1, 9);
  });
});

describe('flowRates', () => {
  const server = topology('rtxpro6000-8-pairs');

  it('shares an uplink and leaves disjoint flows alone', () => {
    expect(
      sum(
        flowRates(server, [
          ['gpu0', 'gpu2'],
          ['gpu1', 'gpu3'],
        ]),
      ),
    ).toBeCloseTo(55.4, 9);
    expect(
      sum(
        flowRates(server, [
          ['gpu0', 'gpu1'],
          ['gpu2', 'gpu3'],
        ]),
      ),
    ).toBeCloseTo(110.8, 9);
    expect(
      sum(
        flowRates(server, [
          ['gpu0', 'gpu1'],
          ['gpu1', 'gpu0'],
        ]),
      ),
    ).toBeCloseTo(110.8, 9);
  });

  it('keeps each flow under the cap of its route', () => {
    expect(flowRates(server, [['gpu0', 'gpu4']])).toEqual([38.3]);
  });

  it('counts the links to all equal NVSwitches', () => {
    const [rate] = flowRates(topology('dgx-h100'), [['gpu0', 'gpu1']]);
    expect(rate).toBeCloseTo(385.2, 9);
    const two = flowRates(topology('dgx-h100'), [
      ['gpu0', 'gpu1'],
      ['gpu2', 'gpu1'],
    ]);
    expect(sum(two)).toBeCloseTo(385.2, 9);
  });

  it('has a sum, and a figure for those that wait for the slowest', () => {
    expect(equalPayloadGBps([1, 2, 3])).toBe(3);
  });
});

describe('withFewerNvlinks', () => {
  it('takes NVLinks from one GPU only', () => {
    const server = withNcclConstants(withFewerNvlinks(topology('dgx-h100').document, 'gpu0', 8 / 18));
    expect(collectiveBandwidth(server, [0, 1])).toBeCloseTo(164.8, 9);
    expect(collectiveBandwidth(server, [1, 2])).toBeCloseTo(370.8, 9);
  });
});

describe('markdownTable and ratio', () => {
  it('keep a bar inside its cell and judge a ratio as it stands', () => {
    expect(markdownTable(['a'], [['x|y']])).toBe('| a |\n|---|\n| x\\|y |');
    expect(ratio(1.005)).toBe('1.01');
    expect([0.9, 1.1, 0.899, 1.101].map(isWithinTenPercent)).toEqual([true, true, false, false]);
  });
});

describeWithShared('servers/measurements.json', 'bench/data/measured.json beside its source', (path) => {
  type Row = Readonly<Record<string, unknown>>;
  const source = (JSON.parse(readFileSync(path, 'utf8')) as { measurements: Row[] }).measurements;

  it('carries every figure as it is there', () => {
    for (const row of measured.measurements) {
      const original = source.find(({ id }) => id === row.id)!;
      for (const [field, value] of Object.entries(row)) {
        if (field === 'rows') {
          for (const each of value as unknown as Row[]) expect(original.rows).toContainEqual(each);
        } else expect(original[field], `${row.id} ${field}`).toEqual(value);
      }
    }
  });

  it('leaves nothing out that the page does not name', () => {
    const carried = new Set(measured.measurements.map(({ id }) => id));
    for (const { id, rows } of source) {
      const named = notCompared.filter((row) => row.id === id);
      if (!carried.has(id as string)) {
        expect(
          named.map((row) => row.row),
          `${id}`,
        ).toEqual([undefined]);
        continue;
      }
      const kept = measured.measurements.find((m) => m.id === id) as { rows?: readonly Row[] };
      const left = ((rows ?? []) as Row[]).filter(
        (row) => !kept.rows?.some((other) => JSON.stringify(other) === JSON.stringify(row)),
      );
      expect(named.map((row) => row.row).toSorted(), `${id}`).toEqual(
        left.map((row) => row.machine as string).toSorted(),
      );
    }
  });
});

describeWithShared('servers/nccl-oracle-summary.json', 'bench/data/nccl.json beside its source', (path) => {
  interface Graph {
    ch: number;
    intra: number;
    inter: number;
    tIntra: string;
  }
  interface Case {
    case: string;
    gpus: number;
    ring: Graph;
    tree: Graph;
    nvls?: Graph;
    allReduceBusBw: Record<string, { algo: string; busBw: number }>;
  }
  const graph = ({ ch, intra, tIntra }: Graph): object => ({
    channels: ch,
    GBpsPerChannel: intra,
    path: tIntra,
  });

  it('carries every case', () => {
    const { cases } = JSON.parse(readFileSync(path, 'utf8')) as { cases: Case[] };
    const single = cases.filter((c) => c.allReduceBusBw['1'] !== undefined);
    expect(nccl.cases).toEqual(
      single.map((c) => ({
        case: c.case,
        gpus: c.gpus,
        ring: graph(c.ring),
        tree: graph(c.tree),
        ...(c.nvls === undefined ? {} : { nvls: graph(c.nvls) }),
        best: { algorithm: c.allReduceBusBw['1']!.algo, busGBps: c.allReduceBusBw['1']!.busBw },
      })),
    );
    expect(nccl.severalNodes.cases).toEqual(
      cases
        .filter((c) => !single.includes(c))
        .map((c) => ({
          case: c.case,
          gpus: c.gpus,
          ring: {
            channels: c.ring.ch,
            GBpsPerChannel: c.ring.intra,
            GBpsPerChannelBetween: c.ring.inter,
          },
          best: Object.entries(c.allReduceBusBw).map(([nodes, { algo, busBw }]) => ({
            nodes: Number(nodes),
            algorithm: algo,
            busGBps: busBw,
          })),
        })),
    );
  });
});

describeWithShared('servers/nccl-topo', 'the table of topology files', (path) => {
  it('is what the script writes now', () => {
    const xml = ncclXmlTable([join(path, 'generated'), join(path, 'regenerated')]);
    expect(fillPage(PAGE, { xml })).toBe(PAGE);
  });
});
