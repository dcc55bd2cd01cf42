import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { synthetic, type TopologyName, topology, topologyNames } from '../../src/catalogue/index.js';
import { collectiveBandwidth, selectGpus, serverTopology } from '../../src/index.js';
import { smallServer } from '../bandwidth/small-server.js';
import { gpuBox } from './random-cluster.js';

const socketOf = (name: TopologyName, gpu: number): unknown =>
  topology(name).document.devices.filter(({ kind }) => kind === 'gpu')[gpu]!.socket;
const list = (mask: number): number[] => [...Array(16).keys()].filter((g) => ((mask >> g) & 1) === 1);

describe('selectGpus', () => {
  it('stays on one switch where PCIe is the bottleneck either way', () => {
    const selection = selectGpus(topology('l40s-8-dual-root'), 2, { free: [0, 4, 5] })!;
    expect(selection).toMatchObject({ gpus: [4, 5], sharedLoadGBps: 0 });
    expect(selection.bandwidthGBps).toBeCloseTo(26.3, 9);
  });

  it('takes the pair with two NVLinks before one with a single NVLink', () => {
    expect(selectGpus(topology('dgx1-v100'), 2, { free: [0, 1, 3, 5] })!.gpus).toEqual([0, 3]);
  });

  it('sees NVSwitch: any two GPUs of a DGX H100 have the full bandwidth', () => {
    const server = topology('dgx-h100');
    for (const free of [
      [0, 7],
      [2, 5],
      [3, 4],
    ]) {
      expect(selectGpus(server, 2, { free })!.bandwidthGBps).toBeCloseTo(
        selectGpus(server, 8)!.bandwidthGBps,
        6,
      );
    }
  });

  it('does not break a pair of GPUs for a single one where another is free', () => {
    // Bridged pairs 0-1 and 2-3.
    const server = topology('azure-ncads-a100-v4');
    expect(selectGpus(server, 1, { free: [0, 2, 3] })!.gpus).toEqual([0]);
    expect(selectGpus(server, 1, { free: [0, 1, 3] })!.gpus).toEqual([3]);
    // Five free on two roots: the fifth is taken, and both pairs of the other root stay.
    expect(selectGpus(topology('l40s-8-dual-root'), 1, { free: [0, 1, 2, 3, 4] })!.gpus).toEqual([4]);
  });

  it('does not straddle sockets where an aligned set is free', () => {
    for (const name of ['cert-2s-4gpu-switch', 'cert-2s-8gpu-switch', 'l40s-8-dual-root'] as TopologyName[]) {
      const server = topology(name);
      const socket = (g: number): unknown => server.graph.getNodeAttribute(server.gpus[g]!, 'socket');
      for (let mask = 1; mask < 2 ** server.gpus.length; mask++) {
        const free = list(mask);
        const bySocket = group(free, socket);
        const aligned = Math.max(...[...bySocket.values()].map((gpus) => gpus.length));
        for (let count = 2; count <= aligned; count++) {
          expect(
            new Set(selectGpus(server, count, { free })!.gpus.map(socket)).size,
            `${name} ${free} ${count}`,
          ).toBe(1);
        }
      }
    }
  });

  it('always answers with that many free GPUs, never fewer, never another', () => {
    for (const name of topologyNames.filter((n) => topology(n).gpus.length <= 8)) {
      const server = topology(name);
      for (let mask = 0; mask < 2 ** server.gpus.length; mask++) {
        const free = list(mask);
        for (let count = 1; count <= server.gpus.length; count++) {
          const selection = selectGpus(server, count, { free });
          if (count > free.length) expect(selection).toBeUndefined();
          else {
            expect(selection!.gpus).toHaveLength(count);
            expect(selection!.gpus.every((g) => free.includes(g))).toBe(true);
          }
        }
      }
    }
  });

  it('is a function of the sets, not of their order', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...topologyNames.filter((n) => topology(n).gpus.length === 8)),
        fc.uniqueArray(fc.nat(7), { minLength: 1, maxLength: 8 }),
        fc.nat(7),
        fc.nat(7),
        (name, free, count, requiredCount) => {
          const required = free.slice(0, Math.min(requiredCount, count + 1));
          const sorted = [...free].sort((a, b) => a - b);
          const one = selectGpus(topology(name), count + 1, { free, required });
          const other = selectGpus(topology(name), count + 1, {
            free: sorted,
            required: [...required].reverse(),
          });
          expect(one).toEqual(other);
          expect(one?.why).toEqual(other?.why);
          if (one !== undefined) expect(required.every((g) => one.gpus.includes(g))).toBe(true);
        },
      ),
      { seed: 1, numRuns: 500 },
    );
  });

  it('explains itself down to the one set it chose', () => {
    const { why, steps } = selectGpus(topology('dgx1-v100'), 4)!;
    // Of the sets that reach 60 all have the same ports to themselves: the lowest ordinals.
    expect(why).toEqual([
      '70 sets of 4 among 8 free GPUs',
      'highest bandwidth 80 GB/s: 2 of 70 sets left, GPUs 0, 1, 4, 5 would reach 60',
      'lowest ordinals: 1 of 2 sets left, GPUs 4, 5, 6, 7 would do as well',
    ]);
    expect(steps).toMatchObject([
      { step: 'bandwidth', before: 70, after: 2, figure: 80, against: { gpus: [0, 1, 4, 5] } },
      { step: 'ordinals', before: 2, after: 1, figure: null, against: { gpus: [4, 5, 6, 7], figure: null } },
    ]);
  });

  it('names for each step what it decided against', () => {
    expect(selectGpus(topology('l40s-8-dual-root'), 2, { free: [0, 4, 5] })!.why).toEqual([
      '3 sets of 2 among 3 free GPUs',
      'least load on links of others 0 GB/s: 1 of 3 sets left, GPUs 0, 4 would put 263 there',
    ]);
    expect(selectGpus(topology('azure-ncads-a100-v4'), 1, { free: [0, 1, 3] })!.why[1]).toMatch(
      /^highest value of what stays free [\d.]+: 1 of 3 sets left, GPU 0 would leave [\d.]+$/,
    );
    expect(selectGpus(topology('dgx-h100'), 1, { free: [2] })!.why).toEqual(['1 set of 1 among 1 free GPU']);
  });

  it('writes as many decimals as tell two figures apart', () => {
    const pairs = smallServer(
      ['gpu0', 'gpu1', 'gpu2', 'gpu3'],
      [
        ['gpu0', 'gpu1', 'nvlink', 20],
        ['gpu2', 'gpu3', 'nvlink', 20.00001],
      ],
    );
    expect(selectGpus(pairs, 2)!.why[1]).toBe(
      'highest bandwidth 20.00001 GB/s: 1 of 6 sets left, GPUs 0, 1 would reach 20',
    );
    const [, mine, theirs] = /stays free ([\d.]+): .* leave ([\d.]+)$/.exec(selectGpus(pairs, 1)!.why[1]!)!;
    // The values differ by less than a millionth: six decimals would be the same.
    expect(Number(mine)).toBeGreaterThan(Number(theirs));
    expect([mine!.length, theirs!.length]).toEqual(['0.1234567'.length, '0.1234567'.length]);
    const { figure, against } = selectGpus(pairs, 1)!.steps[0]!;
    expect([Number(mine), Number(theirs)]).toEqual([
      Number(figure!.toFixed(7)),
      Number(against.figure!.toFixed(7)),
    ]);
  });

  it('always explains down to one set', () => {
    for (const name of ['dgx1-v100', 'rtxpro6000-8-pairs', 'mi250x-frontier'] as TopologyName[]) {
      for (let mask = 1; mask < 256; mask += 3) {
        for (let count = 1; count <= list(mask).length; count++) {
          const { gpus, steps, why } = selectGpus(topology(name), count, { free: list(mask) })!;
          expect(steps.at(-1)?.after ?? 1, `${name} ${mask} ${count}`).toBe(1);
          // Sockets of four: five GPUs are on two whatever is chosen.
          const straddles = count <= 4 && new Set(gpus.map((gpu) => socketOf(name, gpu))).size > 1;
          expect(why).toHaveLength(steps.length + (straddles ? 2 : 1));
          if (straddles) expect(why.at(-1)).toMatch(/^straddles 2 sockets: /);
        }
      }
    }
  });

  it('survives JSON with its reasons', () => {
    const selection = selectGpus(topology('dgx1-v100'), 2)!;
    const { gpus, why, steps, bandwidthGBps } = selection;
    expect(JSON.parse(JSON.stringify(selection))).toMatchObject({ gpus, why, steps, bandwidthGBps });
  });

  it('keeps to NVLink: a ring of NVLinks before a set that must go through the host', () => {
    // Both have 40 GB/s by NVLink alone, but 4 is joined to 0 only.
    const selection = selectGpus(topology('dgx1-v100'), 4, { free: [0, 2, 3, 4, 5, 6] })!;
    expect(selection).toMatchObject({ gpus: [0, 2, 4, 6], sharedLoadGBps: 0 });
    expect(selectGpus(topology('dgx1-v100'), 8)!.sharedLoadGBps).toBe(0);
  });

  it('gives a required GPU its best partner, also the last of 16', () => {
    const server = serverTopology(synthetic('cpu:2 switch:4 gpu:2'));
    for (let gpu = 0; gpu < 16; gpu++) {
      expect(selectGpus(server, 2, { required: [gpu] })!.gpus).toEqual([gpu & ~1, gpu | 1]);
    }
  });

  it('never answers with a set slower than the best one, whatever that does to the rest', () => {
    for (const name of ['dgx1-v100', 'dgx1-p100', 'azure-ncads-a100-v4'] as TopologyName[]) {
      const server = topology(name);
      const n = server.gpus.length;
      for (let free = 1; free < 2 ** n; free += 7) {
        for (let count = 2; count <= list(free).length; count++) {
          const { bandwidthGBps } = selectGpus(server, count, { free: list(free) })!;
          for (let set = free; set > 0; set = (set - 1) & free) {
            if (list(set).length !== count) continue;
            expect(collectiveBandwidth(server, list(set))).toBeLessThanOrEqual(bandwidthGBps * (1 + 1e-9));
          }
        }
      }
    }
  });

  it('keeps whole sockets behind an NVSwitch, where nothing else tells GPUs apart', () => {
    // p5: sockets 0–3 and 4–7. One GPU is busy on socket 1: a single one joins it.
    const chosen = (count: number, ...busy: number[]): readonly number[] =>
      selectGpus(topology('aws-p5.48xlarge'), count, {
        free: list(255).filter((gpu) => !busy.includes(gpu)),
      })!.gpus;
    expect(chosen(1, 4)).toEqual([5]);
    expect(chosen(1, 0, 1, 2)).toEqual([3]);
    // Three free GPUs on one socket are worth more than two and two.
    expect(chosen(1, 0, 4, 5)).toEqual([6]);
    expect(chosen(2, 0, 4, 5)).toEqual([6, 7]);
    // A pod that fits on one socket is not put on two, whichever is the free one.
    expect(chosen(4, 4)).toEqual([0, 1, 2, 3]);
    expect(chosen(4, 0)).toEqual([4, 5, 6, 7]);
    expect(chosen(2, 1, 2, 3)).toEqual([4, 5]);
  });

  it('says that GPUs straddle sockets, and that none had room', () => {
    const p5 = topology('aws-p5.48xlarge');
    const selection = selectGpus(p5, 4, { free: [1, 2, 3, 5, 6, 7] })!;
    expect(selection.gpus).toEqual([1, 2, 3, 5]);
    expect(selection.why.at(-1)).toBe('straddles 2 sockets: no socket has more than 3 free');
    expect(selectGpus(p5, 4)!.why.join()).not.toMatch(/straddle/);
    // No socket holds eight, whatever is free.
    expect(selectGpus(p5, 8)!.why.join()).not.toMatch(/straddle/);
    // Figures of a step differ as printed.
    const why = selectGpus(p5, 1, { free: [0, 1, 2, 3, 5, 6, 7] })!.why[1]!;
    const [, kept, against] = /free ([\d.]+): .* leave ([\d.]+)/.exec(why)!;
    expect(Number(kept)).toBeGreaterThan(Number(against));
    // Two and two NVLink pairs, and no socket keeps both GPUs of the fast ones.
    const mesh = selectGpus(topology('dgx1-v100'), 4, { free: [0, 2, 3, 4, 5, 6] })!;
    expect(mesh.why.at(-1)).toBe('straddles 2 sockets: no socket has more than 3 free');
    const pair = selectGpus(topology('dgx1-v100'), 2, { free: [0, 1, 4] })!;
    expect(pair.gpus).toEqual([0, 4]);
    expect(pair.why.at(-1)).toBe('straddles 2 sockets: a set on one socket would be worse by a step above');
  });

  it('keeps to one socket or NUMA node where that is asked for', () => {
    const p5 = topology('aws-p5.48xlarge');
    const free = [1, 2, 3, 5, 6, 7];
    expect(selectGpus(p5, 3, { free, place: 'socket' })!.gpus).toEqual([1, 2, 3]);
    expect(selectGpus(p5, 3, { free, place: 'socket', required: [6] })!.gpus).toEqual([5, 6, 7]);
    expect(selectGpus(p5, 4, { free, place: 'socket' })).toBeUndefined();
    expect(selectGpus(p5, 2, { free, place: 'socket', required: [1, 5] })).toBeUndefined();
    // Four NUMA nodes of a DGX A100 have two GPUs each.
    expect(selectGpus(topology('dgx-a100'), 2, { free: [1, 2, 3, 4], place: 'numa' })!.gpus).toEqual([2, 3]);
    expect(selectGpus(topology('dgx-a100'), 3, { place: 'numa' })).toBeUndefined();
    // Its steps and reasons compare the sets that keep to it, and end at one.
    const { steps, why } = selectGpus(p5, 2, { free, place: 'socket' })!;
    expect(steps[0]!.before).toBe(6);
    expect(why[0]).toBe('6 sets of 2 among 6 free GPUs');
    expect(steps.at(-1)!.after).toBe(1);
    const unknown = serverTopology(gpuBox(4));
    expect(() => selectGpus(unknown, 1, { place: 'numa' })).toThrow(/does not say which NUMA node/);
  });

  it('weighs what pods to come ask for', () => {
    // If only sets of eight are to come, which single GPU goes matters to nobody: the lowest does.
    const server = topology('azure-ncads-a100-v4');
    expect(selectGpus(server, 1, { free: [0, 1, 3], sizes: { 4: 1 } })!.gpus).toEqual([0]);
    expect(selectGpus(server, 1, { free: [0, 1, 3], sizes: { 2: 1 } })!.gpus).toEqual([3]);
  });

  it('chooses among GPUs that no links join', () => {
    const selection = selectGpus(serverTopology(gpuBox(4)), 2, { free: [3, 1, 2] })!;
    expect(selection).toMatchObject({ gpus: [1, 2], bandwidthGBps: 0, sharedLoadGBps: 0 });
  });

  it.each<[string, number, object, (string | number)[]]>([
    ['no count', 0, {}, ['count']],
    ['a fraction', 1.5, {}, ['count']],
    ['a GPU that does not exist', 1, { free: [0, 8] }, ['free', 1]],
    ['a GPU twice', 1, { free: [1, 1] }, ['free', 1]],
    ['a required GPU that is not free', 2, { free: [0, 1], required: [1, 2] }, ['required', 1]],
    ['a required GPU twice', 2, { required: [3, 3] }, ['required', 1]],
    ['sizes that are none', 1, { sizes: 3 }, ['sizes']],
    ['wrong sizes also where too few are free', 2, { free: [0], sizes: { 0: 1 } }, ['sizes', '0']],
    ['more required GPUs than wanted', 1, { required: [0, 1] }, ['count']],
    ['a size that is no number of GPUs', 1, { sizes: { two: 1 } }, ['sizes', 'two']],
    ['a place that is none', 1, { place: 'rack' }, ['place']],
    ['a negative weight', 1, { sizes: { 2: -1 } }, ['sizes', '2']],
  ])('refuses %s', (_, count, options, path) => {
    expect(() => selectGpus(topology('dgx-h100'), count, options)).toThrow(
      expect.objectContaining({ code: 'invalid-option', path }),
    );
  });
});

function group<T, K>(items: readonly T[], key: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}
