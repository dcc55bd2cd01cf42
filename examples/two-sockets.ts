/** Two jobs of two GPUs on a two-socket server: one per socket, or both across? */

import { topology } from '../src/catalogue/index.js';
import { relation, route, sharedBandwidth } from '../src/index.js';

export function printTwoSocketQuestion(): void {
  const server = topology('cert-2s-4gpu-switch');
  console.log(`Jobs A and B need two GPUs each on one server: ${server.document.title}.`);
  const layouts = [
    {
      title: 'A left, B right',
      groups: [
        [0, 1],
        [2, 3],
      ],
    },
    {
      title: 'both straddling',
      groups: [
        [0, 2],
        [1, 3],
      ],
    },
  ];
  for (const { title, groups } of layouts) {
    const shares = sharedBandwidth(server, groups);
    const jobs = groups.map((gpus, job) => {
      const [from, to] = gpus.map((ordinal) => server.gpus[ordinal]!) as [string, string];
      const alone = route(server, from, to).bandwidthGBps;
      const word = relation(server, from, to);
      return `${'AB'[job]} on GPUs ${gpus.join(' and ')} (${word}): ${alone.toFixed(1)} GB/s alone, ${shares[job]!.toFixed(1)} together`;
    });
    console.log(`  ${title.padEnd(16)} ${jobs.join('; ')}`);
  }
}
