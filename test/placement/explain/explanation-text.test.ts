import { describe, expect, it } from 'vitest';
import { topology } from '../../../src/catalogue/index.js';
import { compile, type Explanation, explanationText, type PlacementRequest } from '../../../src/index.js';
import { racks } from '../../check/gangs/gang-examples.js';
import { gangCase } from '../gangs/gang-cluster.js';
import { replayed } from '../replayed.js';

const textOf = (request: PlacementRequest): string =>
  explanationText(compile(racks({ A: ['a1'], B: ['b1', 'b2'], C: ['c1', 'c2', 'c3'] })).explain(request));

describe('explanationText', () => {
  it('says of a request that fits where it goes, and what decided', () => {
    expect(textOf({ pods: 3, gpus: 2 })).toBe(
      [
        'fits: 3 pods on 3 servers, held by one rack',
        'servers: 6 of 6 could take one of the pods now',
        'tier: lowest tier with one domain that holds all: rack',
        'bandwidth: highest bandwidth there: 6.25 GB/s per GPU',
        'load: load on links that others could use: 0 GB/s, summed over links',
        'damage: damage to what remains: worth 9 GPUs, on servers and in tiers',
        'servers: 3 servers touched',
      ].join('\n'),
    );
  });

  it('says of one that does not what is in the way, and all that would help', () => {
    expect(textOf({ pods: 4, gpus: 2, require: 'rack', labels: { pool: 'x' } })).toBe(
      [
        'does not fit (never-fits): the best rack, A, takes 0 of 4 pods; no single change would make it fit: it would not fit even if the cluster were empty: no server bears label "pool" = "x": ask for another',
        'servers: 0 of 6 could take one of the pods now',
        'kept out by labels: 6 servers, 6 of them by that alone',
        'best server: a1, 0 pods, 4 too few',
        'best rack: A, 0 pods, 4 too few',
        'best cluster: 0 pods, 4 too few; wider than is required',
        'would help: no single change',
      ].join('\n'),
    );
    expect(textOf({ pods: 4, gpus: 2, require: 'rack' }).split('\n').slice(-2)).toEqual([
      'would help: 3 pods would fit: ask for podsMin 3',
      'would help: it would fit in one domain of cluster: require no narrower',
    ]);
  });

  it('is as its example says', () => {
    expect(explanationText(compile(topology('dgx-h100')).explain({ pods: 2, gpus: 8 }))).toBe(
      [
        'does not fit (never-fits): the whole cluster takes 1 of 2 pods; 1 pod would fit: ask for podsMin 1',
        'servers: 1 of 1 could take one of the pods now',
        'best server: dgx-h100, 1 pod, 1 too few',
        'best cluster: 1 pod, 1 too few',
        'would help: 1 pod would fit: ask for podsMin 1',
      ].join('\n'),
    );
  });

  it('is equal for equal explanations, a copy through JSON among them, and has every remedy on a line of its own', () => {
    for (let seed = 0; seed < 60; seed++) {
      const given = gangCase(seed, { places: true });
      const { solver } = replayed(given);
      for (const request of given.requests as PlacementRequest[]) {
        const explanation = solver.explain(request);
        const text = explanationText(explanation);
        expect(explanationText(JSON.parse(JSON.stringify(explanation)) as Explanation)).toBe(text);
        for (const { message } of explanation.remedies)
          expect(text.split('\n')).toContain(`would help: ${message}`);
      }
    }
  });

  it('refuses what is no explanation', () => {
    for (const wrong of [undefined, null, 'no', {}, []]) {
      expect(() => explanationText(wrong as unknown as Explanation)).toThrow(
        expect.objectContaining({ code: 'invalid-option', path: ['explanation'] }),
      );
    }
  });
});
