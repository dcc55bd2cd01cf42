import { describe, expect, it } from 'vitest';
import { synthetic, topology } from '../../../src/catalogue/index.js';
import { checkPlacements } from '../../../src/check/index.js';
import {
  clusterTopology,
  compile,
  type Placement,
  type PlacementRequest,
  type PlacementResult,
  type ServerDocument,
  type Solver,
} from '../../../src/index.js';
import { bestFit, fgd, gpuClustering, type Policy, random, spread } from '../../../src/policies/index.js';
import { gpuBox } from '../random-cluster.js';

/** Servers of named types, in one rack each. */
const cluster = (types: Readonly<Record<string, string | ServerDocument>>, ...servers: string[]) =>
  clusterTopology({
    tiers: ['rack'],
    types,
    servers: servers.map((type, i) => ({ id: `s${i}`, type, domains: { rack: `r${i}` } })),
  });
const p5 = (...busy: number[]): Solver =>
  keptFree(compile(cluster({ p5: 'aws-p5.48xlarge' }, 'p5')), ...busy);

/** A solver of one server of 8 GPUs, all free but some. */
function keptFree(solver: Solver, ...busy: number[]): Solver {
  const ones = Array.from({ length: 8 }, () => placed(solver.place({ gpus: 1 })));
  for (const one of ones) if (!busy.includes(one.pods[0]!.gpus[0]!)) solver.release(one);
  return solver;
}

function placed(answer: PlacementResult): Placement {
  if (!answer.ok) throw new Error(answer.message);
  return answer.placement;
}
const gpusOf = (solver: Solver, request: PlacementRequest) =>
  placed(solver.find(request)).pods.map(({ gpus }) => gpus);

describe('a pod on one socket', () => {
  it('gets its GPUs there, or is refused while others straddle', () => {
    const solver = p5(0, 4);
    expect(gpusOf(solver, { gpus: 4 })).toEqual([[1, 2, 3, 5]]);
    for (const request of [
      { require: 'socket' },
      { requirePerPod: 'socket' },
      { require: 'numa' },
    ] as const) {
      expect(solver.find({ gpus: 4, ...request })).toMatchObject({ ok: false, reason: 'no-capacity' });
      expect(gpusOf(solver, { gpus: 3, ...request })).toEqual([[1, 2, 3]]);
    }
    expect(gpusOf(solver, { gpus: 4, prefer: 'socket' })).toEqual([[1, 2, 3, 5]]);
    expect(gpusOf(p5(4), { gpus: 1 })).toEqual([[5]]);
    expect(gpusOf(p5(0, 4, 5), { gpus: 1 })).toEqual([[6]]);
    expect(gpusOf(p5(0, 1, 2), { gpus: 1 })).toEqual([[3]]);
  });

  it('goes to another server where it prefers one, though that is slower', () => {
    // Nodes of PCIe and sockets: two sockets of two GPUs beside an NVSwitch machine with 3 + 3 free.
    const pair = { ...synthetic('cpu:1 numa:1 gpu:4'), name: 'pcie' };
    const solver = compile(cluster({ p5: 'aws-p5.48xlarge', pcie: pair }, 'p5', 'pcie'));
    const ones = Array.from({ length: 8 }, () => placed(solver.place({ gpus: 1, gpuModels: ['H100-SXM5'] })));
    for (const i of [1, 2, 3, 5, 6, 7]) solver.release(ones.find(({ pods }) => pods[0]!.gpus[0] === i)!);
    expect(placed(solver.find({ gpus: 4 })).pods[0]!.server).toBe('s0');
    expect(placed(solver.find({ gpus: 4, prefer: 'numa' })).pods[0]).toEqual({
      server: 's1',
      gpus: [0, 1, 2, 3],
    });
    expect(solver.rank({ gpus: 4, prefer: 'numa' })).toEqual([
      { server: 's1', score: 100 },
      { server: 's0', score: 50 },
    ]);
    expect(solver.rank({ gpus: 4, require: 'socket' })).toEqual([{ server: 's1', score: 100 }]);
  });

  it('asks nothing of pods with one GPU, a share of one, or none', () => {
    const solver = compile(cluster({ bare: gpuBox(2) }, 'bare'));
    for (const one of [{ gpus: 1 }, { gpuMilli: 300 }, { cpuMilli: 5 }]) {
      expect(solver.find({ ...one, requirePerPod: 'socket' }).ok).toBe(true);
      expect(solver.find({ ...one, require: 'numa' }).ok).toBe(true);
    }
  });
});

describe('each pod of a gang on one socket', () => {
  it('fits as often as the sockets hold, and each gets GPUs of one', () => {
    const solver = p5(0);
    // 3 + 4 free: three pods of 2, though seven GPUs would do for three anywhere.
    const three = placed(solver.find({ pods: 3, gpus: 2, requirePerPod: 'socket' }));
    expect(three.pods.map(({ gpus }) => gpus.map((gpu) => Math.floor(gpu / 4)))).toEqual([
      [0, 0],
      [1, 1],
      [1, 1],
    ]);
    expect(solver.find({ pods: 2, gpus: 3, requirePerPod: 'socket' }).ok).toBe(true);
    expect(p5(0, 4).find({ pods: 3, gpus: 2 }).ok).toBe(true);
    expect(p5(0, 4).find({ pods: 3, gpus: 2, requirePerPod: 'socket' })).toMatchObject({
      reason: 'no-capacity',
    });
    expect(p5(0, 4).find({ pods: 3, podsMin: 1, gpus: 2, requirePerPod: 'socket' })).toMatchObject({
      ok: true,
      placement: { pods: { length: 2 } },
    });
  });

  it('holds over servers, and with CPU and memory', () => {
    const solver = compile(cluster({ a100: 'dgx-a100', p5: 'aws-p5.48xlarge' }, 'a100', 'p5', 'a100'));
    const gpuModels = [topology('dgx-a100').document.gpuModel];
    const { pods } = placed(
      solver.place({ pods: 8, gpus: 2, requirePerPod: 'numa', gpuModels, cpuMilli: 1 }),
    );
    expect(pods.map(({ server }) => server).sort()).toEqual(['s0', 's0', 's0', 's0', 's2', 's2', 's2', 's2']);
    for (const { gpus } of pods) expect(Math.floor(gpus[0]! / 2)).toBe(Math.floor(gpus[1]! / 2));
    expect(solver.find({ pods: 2, gpus: 4, requirePerPod: 'socket' })).toMatchObject({
      placement: { pods: [{ gpus: [0, 1, 2, 3] }, { gpus: [4, 5, 6, 7] }] },
    });
  });
});

describe('policies of scores', () => {
  it.each<[string, () => Policy]>([
    ['bestFit', bestFit],
    ['spread', spread],
    ['gpuClustering', gpuClustering],
    ['random', () => random({ seed: 5 })],
    ['fgd', () => fgd({ workload: [{ cpuMilli: 0, gpus: 2, gpuMilli: 1000, share: 1 }] })],
  ])('give the lowest GPUs of one place to each pod: %s', (_, policy) => {
    // GPUs 0 and 2 are on the same NUMA node, 1 and 3 on the other.
    const crossed = synthetic('cpu:2 numa:1 gpu:2');
    const places = [0, 1, 0, 1];
    let gpu = 0;
    const devices = crossed.devices.map((device) => {
      if (device.kind !== 'gpu') return device;
      const place = places[gpu++]!;
      return { ...device, numa: place, socket: place };
    });
    const topology = cluster({ crossed: { ...crossed, devices } }, 'crossed', 'crossed');
    const solver = compile(topology, { policy: policy() });
    const request = { gpus: 2, requirePerPod: 'numa' } as const;
    const placements = Array.from({ length: 4 }, () => placed(solver.place(request)));
    expect(placements.map(({ pods }) => pods[0]!.gpus.join()).sort()).toEqual(['0,2', '0,2', '1,3', '1,3']);
    expect(solver.find(request)).toMatchObject({ ok: false, reason: 'no-capacity' });
    expect(
      checkPlacements(
        topology,
        placements.map(({ pods }) => ({ request, pods })),
      ),
    ).toEqual([]);
  });
});

describe('refusalOf', () => {
  const message = (solver: Solver, request: PlacementRequest): string => {
    const answer = solver.find(request);
    return answer.ok ? 'placed' : `${answer.reason}: ${answer.message}`;
  };

  it('names the server type that does not know its places', () => {
    const solver = compile(cluster({ bare: gpuBox(8) }, 'bare'));
    expect(message(solver, { gpus: 2, require: 'socket' })).toBe(
      'never-fits: each pod needs its 2 GPUs on one socket, and server type "box 8" does not say which socket its GPUs are on: name them in its document, or ask for no place',
    );
    expect(message(solver, { pods: 2, gpus: 2, requirePerPod: 'numa' })).toMatch(
      /does not say which NUMA node/,
    );
    expect(message(solver, { gpus: 9, require: 'socket' })).toMatch(/^never-fits: it would not fit even if/);
    expect(message(solver, { gpus: 2, prefer: 'socket' })).toBe('placed');
  });

  it('says that no place is as large', () => {
    const solver = compile(topology('dgx-h100'));
    expect(message(solver, { gpus: 5, require: 'socket' })).toBe(
      'never-fits: each pod needs its 5 GPUs on one socket, and no server has room for enough of them so: ask for less, or for no place',
    );
  });

  it('uses the servers that know, and waits for them', () => {
    const solver = compile(cluster({ bare: gpuBox(8), p5: 'aws-p5.48xlarge' }, 'bare', 'p5'));
    const request = { pods: 2, gpus: 4, requirePerPod: 'socket' } as const;
    expect(placed(solver.place(request)).pods.map(({ server }) => server)).toEqual(['s1', 's1']);
    expect(message(solver, request)).toMatch(/^no-capacity/);
    expect(message(solver, { ...request, pods: 3 })).toMatch(/^never-fits: .*"box 8" does not say/);
  });

  it('says of gangs which field is theirs', () => {
    const solver = compile(topology('dgx-h100'));
    for (const [field, place] of [
      ['require', 'socket'],
      ['prefer', 'numa'],
    ] as const) {
      expect(() => solver.place({ pods: 2, gpus: 2, [field]: place })).toThrow(
        expect.objectContaining({ code: 'invalid-request', path: [field] }),
      );
      expect(() => solver.place({ pods: 2, gpus: 2, [field]: place })).toThrow(
        `give requirePerPod: "${place}"`,
      );
    }
  });
});
