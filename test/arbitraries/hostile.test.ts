import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as arbitraries from '../../src/arbitraries/index.js';
import { clusterTopology, serverTopology } from '../../src/index.js';
import { SEED } from './seen.js';

type Make = (constraints?: unknown) => fc.Arbitrary<unknown>;
const makers = Object.entries(arbitraries) as unknown as readonly (readonly [string, Make])[];

/** What each takes, by the names that an unknown constraint is answered with. */
function constraintsOf(make: Make): string[] {
  try {
    make({ '?': 1 });
  } catch (error) {
    return (error as Error).message.replace(/^.*There are /, '').split(', ');
  }
  return [];
}

const holed: string[] = ['A'];
holed.length = 2;
const revoked = Proxy.revocable({}, {});
revoked.revoke();
const HOSTILE: readonly unknown[] = [
  null,
  Number.NaN,
  -1,
  0.5,
  1e9,
  Number.POSITIVE_INFINITY,
  10n,
  'x',
  'true',
  Symbol('x'),
  () => 1,
  holed,
  [7],
  [''],
  ['x'.repeat(1025)],
  Array.from({ length: 1025 }, () => 'A'),
  new Array(1e6).fill('A'),
  new Array(2 ** 32 - 1),
  new Proxy([], { get: () => Number.MAX_SAFE_INTEGER }),
  { length: 1, 0: 'A' },
  new Map(),
  revoked.proxy,
];

describe.each(makers)('%s', (_, make) => {
  it('refuses what no constraint can be, or generates in no time', () => {
    const names = constraintsOf(make);
    expect(names.length).toBeGreaterThan(5);
    for (const name of names) {
      let refused = 0;
      for (const value of HOSTILE) {
        try {
          fc.sample(make({ [name]: value }), { seed: SEED, numRuns: 1 });
        } catch (error) {
          expect(error).toMatchObject({ name: 'CorralError', code: 'invalid-option' });
          refused++;
        }
      }
      // A million is much memory and few are asked for of it; an empty list of names may be right.
      expect(refused, name).toBeGreaterThanOrEqual(HOSTILE.length - 3);
    }
  });

  it('refuses what no constraints can be', () => {
    for (const value of [null, 7, 'x', [], new Map(), new Date(0), revoked.proxy, { [Symbol('x')]: 1 }]) {
      expect(() => make(value)).toThrow(
        expect.objectContaining({ name: 'CorralError', code: 'invalid-option' }),
      );
    }
  });

  it('reads each constraint once', () => {
    for (const name of constraintsOf(make)) {
      let asked = 0;
      const given = Object.defineProperty({}, name, {
        enumerable: true,
        get: () => {
          asked++;
          return undefined;
        },
      });
      make(given);
      expect(asked, name).toBe(1);
    }
  });
});

describe('the largest that can be asked for', () => {
  it('is generated, and taken by what it is for', () => {
    const long = 'x'.repeat(1024);
    const [document] = fc.sample(
      arbitraries.serverDocument({ gpusMin: 16, nicsMax: 16, socketsMax: 4, gpuModels: [long] }),
      { seed: SEED, numRuns: 1 },
    );
    expect(serverTopology(document).gpus).toHaveLength(16);
    const [cluster] = fc.sample(
      arbitraries.clusterDocument({ serversMin: 1000, typesMax: 8, gpusMax: 2, gpuModels: [long] }),
      { seed: SEED, numRuns: 1 },
    );
    expect(clusterTopology(cluster).servers).toHaveLength(1000);
    const [history] = fc.sample(arbitraries.operations({ lengthMax: 10_000, podsMax: 10_000 }), {
      seed: SEED,
      numRuns: 1,
    });
    expect(history!.length).toBeGreaterThan(1000);
  });

  it('has no places inside a server among the tiers, which gangs cannot require', () => {
    for (const tier of ['socket', 'numa']) {
      expect(() => arbitraries.placementRequest({ tiers: ['server', tier], podsMax: 2 })).toThrow(
        expect.objectContaining({ code: 'invalid-option', path: ['tiers'] }),
      );
    }
  });
});
