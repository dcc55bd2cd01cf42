import { describe, expect, it } from 'vitest';
import { judgePlacement, referencePlace } from '../../../src/check/index.js';
import { compile, type Placement, type PlacementRequest, type Solver } from '../../../src/index.js';
import { bestFit, type Policy, random, spread } from '../../../src/policies/index.js';
import { racks } from '../../check/gangs/gang-examples.js';
import { type GangCase, gangCase } from '../gangs/gang-cluster.js';

/** A solver after the history of a case. */
function replayed(given: GangCase, policy: Policy) {
  const { cluster, history } = given;
  const solver = compile(cluster, { policy });
  const live: Placement[] = [];
  const cordoned = new Set<string>();
  for (const step of history) {
    if (step.kind === 'place') {
      const answer = solver.place(step.request as PlacementRequest);
      if (answer.ok) live.push(answer.placement);
    } else if (step.kind === 'release') {
      if (live.length > 0) solver.release(live.splice(step.pick % live.length, 1)[0]!);
    } else {
      const { id } = cluster.servers[step.pick % cluster.servers.length]!;
      solver[step.kind](id);
      if (step.kind === 'cordon') cordoned.add(id);
      else cordoned.delete(id);
    }
  }
  return { solver, state: () => ({ free: solver.free(), cordoned: [...cordoned] }) };
}

const placed = (solver: Solver, request: PlacementRequest): Placement => {
  const answer = solver.place(request);
  if (!answer.ok) throw new Error(answer.message);
  return answer.placement;
};
const serversOf = (placement: Placement): string => placement.pods.map(({ server }) => server).join(' ');

describe('ScoredGangs', () => {
  it.each<[string, () => Policy]>([
    ['bestFit', bestFit],
    ['spread', spread],
    ['random', () => random({ seed: 3 })],
  ])('places what fits at all, as large as it can be, and says the truth of it: %s', (_, policy) => {
    let refused = 0;
    let sliced = 0;
    let preferred = 0;
    for (let seed = 0; seed < 1500; seed++) {
      const given = gangCase(seed, { places: seed % 2 === 1 });
      const { cluster, requests } = given;
      const { solver, state } = replayed(given, policy());
      for (const request of requests) {
        const where = `seed ${seed}, ${JSON.stringify(request)}`;
        const before = state();
        const best = referencePlace(cluster, before, request);
        const found = solver.find(request as PlacementRequest);
        expect(found.ok, where).toBe(best !== undefined);
        if (!found.ok || best === undefined) {
          refused++;
          continue;
        }
        const { violations, pods, tier } = judgePlacement(cluster, before, request, found.placement);
        expect(violations, where).toEqual([]);
        expect(pods, where).toBe(best.pods);
        if (request.slice !== undefined && best.tier !== 'server') sliced++;
        if (request.prefer === undefined) continue;
        const near = referencePlace(cluster, before, {
          ...request,
          require: request.prefer,
          pods,
          podsMin: pods,
        });
        const levels = ['server', ...cluster.tiers.map(({ name }) => name).reverse(), 'cluster'];
        if (near === undefined) continue;
        preferred++;
        if (request.prefer === 'socket' || request.prefer === 'numa') {
          const asRequired = { ...request, require: request.prefer };
          expect(judgePlacement(cluster, before, asRequired, found.placement).violations, where).toEqual([]);
          continue;
        }
        expect(levels.indexOf(tier), where).toBeLessThanOrEqual(levels.indexOf(request.prefer));
      }
    }
    expect(Math.min(refused, sliced, preferred)).toBeGreaterThan(100);
  });

  it('puts pod after pod where each scores best', () => {
    const cluster = racks({ A: ['a1', 'a2'], B: ['b1', 'b2'] });
    expect(serversOf(placed(compile(cluster, { policy: spread() }), { pods: 4, gpus: 1 }))).toBe(
      'a1 a2 b1 b2',
    );
    expect(serversOf(placed(compile(cluster, { policy: bestFit() }), { pods: 4, gpus: 1 }))).toBe(
      'a1 a1 a2 a2',
    );
  });

  it('keeps to the first domain that holds the gang where one is required, or preferred and there', () => {
    const cluster = racks({ A: ['a1', 'a2'], B: ['b1', 'b2', 'b3'] });
    for (const rule of [{ require: 'rack' }, { prefer: 'rack' }]) {
      const solver = compile(cluster, { policy: spread() });
      expect(serversOf(placed(solver, { pods: 2, gpus: 2, ...rule }))).toBe('a1 a2');
      const second = placed(solver, { pods: 3, gpus: 2, ...rule });
      expect([second.tier, serversOf(second)]).toEqual(['rack', 'b1 b2 b3']);
    }
    const solver = compile(cluster, { policy: spread() });
    expect(solver.place({ pods: 4, gpus: 2, require: 'rack' })).toMatchObject({ ok: false });
    const wide = placed(solver, { pods: 4, gpus: 2, prefer: 'rack' });
    expect(wide.tier).toBe('cluster');
    const one = placed(compile(cluster, { policy: spread() }), { pods: 2, gpus: 1, require: 'server' });
    expect([one.tier, serversOf(one)]).toEqual(['server', 'a1 a1']);
  });

  it('lets random draws of a gang that was only looked for not count', () => {
    const cluster = racks({ A: ['a1', 'a2', 'a3', 'a4'], B: ['b1', 'b2', 'b3', 'b4'] });
    const [looking, not] = [1, 1].map((seed) => compile(cluster, { policy: random({ seed }) }));
    for (let i = 0; i < 3; i++) {
      looking!.find({ pods: 3, gpus: 1 });
      looking!.explain({ pods: 3, gpuMilli: 100 });
      expect(placed(looking!, { pods: 3, gpuMilli: 500 })).toEqual(placed(not!, { pods: 3, gpuMilli: 500 }));
    }
  });
});
