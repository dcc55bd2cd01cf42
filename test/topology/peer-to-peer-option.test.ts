import { describe, expect, it } from 'vitest';
import { collectiveBandwidth } from '../../src/bandwidth/collective-bandwidth.js';
import { sharedBandwidth } from '../../src/bandwidth/shared-bandwidth.js';
import { topology } from '../../src/catalogue/index.js';
import { peerToPeerOf } from '../../src/topology/peer-to-peer-option.js';
import { type RouteOptions, route } from '../../src/topology/route.js';

describe('peerToPeerOf', () => {
  it('is what the call says, or nothing', () => {
    expect(peerToPeerOf({})).toBeUndefined();
    expect(peerToPeerOf({ peerToPeer: true })).toBe(true);
    expect(peerToPeerOf({ peerToPeer: false })).toBe(false);
  });

  it.each(['false', 'off', 0, 1, null, {}, []])(
    'refuses %j in every function that has the option',
    (value) => {
      const server = topology('dgx-h100');
      const options = { peerToPeer: value } as unknown as RouteOptions;
      const refusal = expect.objectContaining({ code: 'invalid-option', path: ['options', 'peerToPeer'] });
      expect(() => collectiveBandwidth(server, [0, 1], options)).toThrow(refusal);
      expect(() => collectiveBandwidth(server, [], { algorithm: 'ring', ...options })).toThrow(refusal);
      expect(() => sharedBandwidth(server, [], options)).toThrow(refusal);
      expect(() => route(server, 'gpu0', 'gpu1', options)).toThrow(refusal);
      expect(() => route(server, 'gpu0', 'gpu0', options)).toThrow(refusal);
      // At an NVSwitch the option changes nothing, and is checked all the same.
      expect(() => route(server, 'gpu0', 'nvsw0', options)).toThrow(refusal);
    },
  );
});
