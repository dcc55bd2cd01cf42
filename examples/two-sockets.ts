/**
 * Jobs of two GPUs on a two-socket server: one per socket, or across? Aligned jobs keep their bandwidth;
 * straddling ones share the link between the sockets, so how much they lose depends on how many they are and
 * on what that link is taken to carry.
 */
import { topology } from '../src/catalogue/index.js';
import { relation, type ServerTopology, serverTopology, sharedBandwidth } from '../src/index.js';

/** The same server with the constants that NCCL would use for its links. */
function withNcclFigures(server: ServerTopology): ServerTopology {
  return serverTopology({
    ...server.document,
    links: server.document.links.map(({ flowCapGBps: _, ...link }) => ({
      ...link,
      bandwidthGBps: link.ncclGBps ?? link.bandwidthGBps,
      basis: 'nccl',
    })),
  });
}

/** Job j gets GPU j of each socket, or two neighbours on one switch. */
function layout(jobs: number, gpusPerSocket: number, straddling: boolean): number[][] {
  return Array.from({ length: jobs }, (_, j) => (straddling ? [j, j + gpusPerSocket] : [2 * j, 2 * j + 1]));
}

/** Prints each scenario: relation of the GPUs of a job, GB/s per job when all run, and the factor lost. */
export function printTwoSocketQuestion(): void {
  const four = topology('cert-2s-4gpu-switch');
  const eight = topology('cert-2s-8gpu-switch');
  console.log(
    'Jobs A and B need two GPUs each: one per socket, or straddling? (PCIe Gen5, GPUs behind a switch per socket)',
  );
  const scenarios: readonly [string, ServerTopology, number, number][] = [
    ['achievable figures, 2 jobs', four, 2, 2],
    ["NCCL's constants, 2 jobs", withNcclFigures(four), 2, 2],
    ['achievable figures, 4 jobs', eight, 4, 4],
  ];
  for (const [title, server, jobs, gpusPerSocket] of scenarios) {
    const results = [false, true].map((straddling) => {
      const groups = layout(jobs, gpusPerSocket, straddling);
      const [a, b] = groups[0]!.map((ordinal) => server.gpus[ordinal]!) as [string, string];
      return { word: relation(server, a, b), each: Math.min(...sharedBandwidth(server, groups)) };
    }) as [{ word: string; each: number }, { word: string; each: number }];
    const [aligned, across] = results;
    console.log(
      `  ${title.padEnd(28)} aligned (${aligned.word}) ${aligned.each.toFixed(1).padStart(5)} GB/s each, ` +
        `straddling (${across.word}) ${across.each.toFixed(1).padStart(5)} GB/s each: ${(aligned.each / across.each).toFixed(1)} times less`,
    );
  }
}
