import { describe, expect, it } from 'vitest';
import { synthetic, topology } from '../../src/catalogue/index.js';
import {
  clusterTopology,
  compile,
  type PlacementRequest,
  type Solver,
  serverTopology,
} from '../../src/index.js';
import { topologyAware } from '../../src/policies/index.js';
import { racks } from '../check/gangs/gang-examples.js';

function placed(solver: Solver, request: PlacementRequest) {
  const answer = solver.place(request);
  if (!answer.ok) throw new Error(answer.message);
  return answer.placement;
}

describe('topologyAware', () => {
  it('is the default of compile', () => {
    const cluster = clusterTopology({
      tiers: [],
      types: { pcie: 'l40s-8-dual-root' },
      servers: [{ id: 'a', type: 'pcie' }],
    });
    // Two GPUs on one switch, not the lowest that are free.
    for (const solver of [compile(cluster), compile(cluster, { policy: topologyAware() })]) {
      placed(solver, { gpus: 1 });
      placed(solver, { gpus: 1 });
      expect(placed(solver, { gpus: 4 }).pods[0]!.gpus).toEqual([4, 5, 6, 7]);
    }
  });

  it('leaves the order to the topology, and carries its sizes', () => {
    const context = { gpuModels: [], cpuMilliMax: 0, gpuMilliMax: 0, workload: undefined };
    expect(topologyAware().prepare(context)).toEqual({ by: 'topology', sizes: undefined });
    expect(topologyAware({ sizes: { 1: 1 } }).prepare(context)).toEqual({ by: 'topology', sizes: { 1: 1 } });
    expect(topologyAware().name).toBe('topologyAware');
  });

  it('takes its own sizes before those of compile, and those before the usual', () => {
    const server = serverTopology(synthetic('cpu:1 switch:2 gpu:2'));
    const gpusOf = (...options: Parameters<typeof compile>[1][]): string[] =>
      options.map((option) => {
        const solver = compile(server, option);
        const singles = [0, 1, 2, 3].map(() => placed(solver, { gpus: 1 }));
        for (const single of singles) if (single.pods[0]!.gpus[0] !== 3) solver.release(single);
        // Free are two GPUs of one switch and one of the other: only larger pods to come make that one cheaper.
        return String(placed(solver, { gpus: 1 }).pods[0]!.gpus);
      });
    const [usual, ofCompile, own, both] = gpusOf(
      {},
      { sizes: { 1: 1 } },
      { policy: topologyAware({ sizes: { 1: 1 } }) },
      { policy: topologyAware({ sizes: { 1: 1 } }), sizes: { 4: 1 } },
    );
    expect([usual, ofCompile, own, both]).toEqual(['2', '0', '0', '0']);
  });

  it.each([
    ['compile', () => compile(topology('dgx-h100'), { sizes: { 0: 1 } })],
    ['the policy', () => compile(topology('dgx-h100'), { policy: topologyAware({ sizes: { 0: 1 } }) })],
  ])('refuses sizes of %s that are no numbers of GPUs', (_, call) => {
    expect(call).toThrow(expect.objectContaining({ code: 'invalid-option', path: ['sizes', '0'] }));
  });

  it('keeps to the lowest tier that holds a gang, though a wider one were emptier', () => {
    const solver = compile(racks({ A: ['a1', 'a2'], B: ['b1', 'b2', 'b3'] }));
    const gang = placed(solver, { pods: 2, gpus: 2 });
    expect(gang.tier).toBe('rack');
    expect(gang.pods.map(({ server }) => server)).toEqual(['a1', 'a2']);
    expect(placed(solver, { pods: 2, gpus: 1 }).tier).toBe('server');
    expect(placed(solver, { pods: 3, gpus: 1, podsMin: 3 }).tier).toBe('rack');
  });
});
