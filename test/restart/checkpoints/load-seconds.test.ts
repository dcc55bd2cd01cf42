import { describe, expect, it } from 'vitest';
import { checkpointBytes } from '../../../src/restart/checkpoints/checkpoint-size.js';
import { loadSeconds } from '../../../src/restart/checkpoints/load-seconds.js';
import { refused } from '../refusals.js';

describe('loadSeconds', () => {
  const large = { bytes: checkpointBytes({ parameters: 405e9 }), servers: 2048 };
  const small = { bytes: checkpointBytes({ parameters: 70e9 }), servers: 16 };

  it('takes milliseconds from a peer in the leaf, seven times as long across a 1:7 spine, 39 s from a store', () => {
    expect(loadSeconds({ ...large, peerServers: 1, nicGBps: 400 })).toBeCloseTo(0.006, 3);
    expect(loadSeconds({ ...large, peerServers: 1, nicGBps: 400, pathGBps: 400 / 7 })).toBeCloseTo(0.042, 3);
    expect(loadSeconds({ ...large, storeServers: 2048, storeGBps: 125 })).toBeCloseTo(38.9, 1);
  });

  it('takes 0.13, 0.92, 6.7 and 17 s for a model of 70 billion parameters on 16 servers', () => {
    expect(loadSeconds({ ...small, peerServers: 1, nicGBps: 400 })).toBeCloseTo(0.13, 2);
    expect(loadSeconds({ ...small, peerServers: 1, nicGBps: 400, pathGBps: 400 / 7 })).toBeCloseTo(0.92, 2);
    expect(loadSeconds({ ...small, storeServers: 16, storeGBps: 125 })).toBeCloseTo(6.7, 1);
    expect(loadSeconds({ ...small, storeServers: 16, storeGBps: 125, serverStoreGBps: 3.07 })).toBeCloseTo(
      17.1,
      1,
    );
  });

  it('is as slow as the slowest way', () => {
    const each = {
      local: loadSeconds({ ...small, localGBps: 20 }),
      peer: loadSeconds({ ...small, peerServers: 16, nicGBps: 50, sourceGBps: 10 }),
      store: loadSeconds({ ...small, storeServers: 16, storeGBps: 400 }),
    };
    const all = loadSeconds({
      ...small,
      localGBps: 20,
      peerServers: 1,
      nicGBps: 50,
      sourceGBps: 10,
      storeServers: 1,
      storeGBps: 400,
    });
    expect(all).toBe(Math.max(each.local, each.peer));
    expect(each.store).toBeCloseTo(2.1, 12);
    expect(loadSeconds(small)).toBe(0);
    // No server reads its own memory where all parts come from peers.
    expect(loadSeconds({ ...small, localGBps: 1, peerServers: 16, nicGBps: 50 })).toBeCloseTo(1.05, 12);
  });

  it('refuses nonsense, and asks for a bandwidth only where bytes flow', () => {
    expect(() => loadSeconds({ ...small, peerServers: 1 })).toThrow(refused('nicGBps'));
    expect(() => loadSeconds({ ...small, storeServers: 1 })).toThrow(refused('storeGBps'));
    expect(() => loadSeconds({ ...small, localGBps: 0 })).toThrow(refused('localGBps'));
    expect(() => loadSeconds({ ...small, servers: 0 })).toThrow(refused('servers'));
    expect(() => loadSeconds({ ...small, peerServers: 17, nicGBps: 1 })).toThrow(refused('peerServers'));
    expect(() => loadSeconds({ ...small, peerServers: 9, nicGBps: 1, storeServers: 8 })).toThrow(
      refused('storeServers'),
    );
    expect(() => loadSeconds({ ...small, bytes: -1 })).toThrow(refused('bytes'));
  });
});
