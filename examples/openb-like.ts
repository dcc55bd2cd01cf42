/**
 * A cluster and a workload with exactly the server and pod counts of the openb traces, in an order drawn by
 * seed: the traces themselves are not part of this repository.
 */
import { readFileSync } from 'node:fs';
import type { ClusterDocument, ServerDocument, ServerEntry } from '../src/index.js';
import { type RandomStream, randomStream } from '../src/random.js';
import type { ReplayPod } from '../src/simulation/index.js';

interface Table {
  readonly rows: readonly (readonly (string | number)[])[];
}

const statistics = JSON.parse(
  readFileSync(new URL('./data/openb-statistics.json', import.meta.url), 'utf8'),
) as { readonly servers: Table; readonly pods: Table };

/** Shuffles in place (Fisher and Yates). */
function shuffle<T>(list: T[], random: RandomStream): T[] {
  for (let i = list.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
  return list;
}

/** 1,213 servers of 15 shapes with 6,212 GPUs. */
export function openbLikeNodes(seed: number): ClusterDocument {
  const types: Record<string, ServerDocument> = {};
  const entries: Omit<ServerEntry, 'id'>[] = [];
  for (const row of statistics.servers.rows) {
    const [gpuModel, gpus, cpuMilli, memoryMiB, count] = row as [string, number, number, number, number];
    const type = `${gpuModel} x${gpus}`;
    types[type] ??= {
      name: type,
      title: `${gpus} × ${gpuModel}`,
      gpuModel,
      devices: Array.from({ length: gpus }, (_, g) => ({ id: `gpu${g}`, kind: 'gpu' })),
      links: [],
    };
    for (let i = 0; i < count; i++) entries.push({ type, cpuMilli, memoryMiB });
  }
  const servers = shuffle(entries, randomStream(seed, 'hardware')).map(
    (entry, i): ServerEntry => ({ id: `server-${i}`, ...entry }),
  );
  return { tiers: [], servers, types };
}

/** 8,152 pods of 151 shapes. */
export function openbLikePods(seed: number): ReplayPod[] {
  const pods: Omit<ReplayPod, 'name'>[] = [];
  for (const row of statistics.pods.rows) {
    const [cpuMilli, memoryMiB, gpus, gpuMilli, count] = row as [number, number, number, number, number];
    for (let i = 0; i < count; i++) pods.push({ cpuMilli, memoryMiB, gpus, gpuMilli });
  }
  return shuffle(pods, randomStream(seed, 'workload')).map((pod, i) => ({ name: `pod-${i}`, ...pod }));
}
