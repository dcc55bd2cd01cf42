/** The same decision as people write it first: a scan of server objects, and a scan with paths on the graph. */
import { topology } from '../src/catalogue/index.js';
import { collectiveBandwidth } from '../src/index.js';
import { type Case, check } from './harness.js';
import { lcg, SIZES } from './hot-path.js';
import { naiveSelect } from './select-gpus.js';

interface ScannedServer {
  readonly id: string;
  free: number[];
}

/** Servers as objects with lists of free GPUs, about 85 % taken. */
function scannedServers(count: number): ScannedServer[] {
  const below = lcg(9);
  return Array.from({ length: count }, (_, i) => {
    const free = [0, 1, 2, 3, 4, 5, 6, 7].filter(() => below(100) < 15);
    return { id: `s${i}`, free };
  });
}

/** The server with the fewest free GPUs that suffices, found by looking at all, and its state as a new object. */
function placeByScan(servers: ScannedServer[], gpus: number): { at: number; gpus: number[] } | undefined {
  let best = -1;
  servers.forEach((server, i) => {
    if (server.free.length < gpus) return;
    if (best === -1 || server.free.length < servers[best]!.free.length) best = i;
  });
  if (best === -1) return undefined;
  const server = servers[best]!;
  const taken = server.free.slice(0, gpus);
  servers[best] = { ...server, free: server.free.slice(gpus) };
  return { at: best, gpus: taken };
}

export function naiveCases(scanned: number, onGraph: number): Case[] {
  const servers = scannedServers(scanned);
  const below = lcg(13);
  const type = topology('l40s-8-dual-root');
  const few = scannedServers(onGraph);
  return [
    {
      name: `linear scan of ${scanned.toLocaleString('en')} server objects, place + release`,
      unit: 'event',
      run: () => {
        const events = 20;
        for (let i = 0; i < events; i++) {
          const placed = placeByScan(servers, SIZES[below(SIZES.length)]!);
          if (placed === undefined) continue;
          const server = servers[placed.at]!;
          servers[placed.at] = { ...server, free: [...server.free, ...placed.gpus] };
        }
        return events;
      },
    },
    {
      name: `paths on the graph of ${onGraph.toLocaleString('en')} servers, 2 GPUs`,
      unit: 'decision',
      run: () => {
        let best = 0;
        for (const { free } of few) {
          if (free.length < 2) continue;
          best = Math.max(best, naiveSelect(type, 2, free));
        }
        check(best <= collectiveBandwidth(type, [0, 1]), 'no pair is wider than the widest');
        return 1;
      },
    },
  ];
}
