/**
 * A gang of 256 GPUs on a SuperPOD and on NVL72 racks, both half full: where it goes, how fast it talks, and why.
 *
 *     npx tsx examples/gang-placement.ts
 */
import { pathToFileURL } from 'node:url';
import { nvl72, superPod } from '../src/catalogue/index.js';
import {
  type ClusterDocument,
  clusterTopology,
  compile,
  type Explanation,
  type Placement,
  type PlacementRequest,
  type Solver,
} from '../src/index.js';
import { randomStream } from '../src/random.js';

/** Sizes of the jobs that are there already, in GPUs of one server. */
const SIZES = [1, 1, 1, 2, 2, 4];

/** Places small jobs and whole servers up to a share of the GPUs, and lets a third of them leave again. */
function halfFull(document: ClusterDocument, gpusPerServer: number): Solver {
  const solver = compile(clusterTopology(document));
  const random = randomStream(7, 'workload');
  const total = document.servers.length * gpusPerServer;
  const live: Placement[] = [];
  let used = 0;
  while (used < 0.6 * total) {
    const gpus = random.below(5) === 0 ? gpusPerServer : SIZES[random.below(SIZES.length)]!;
    const result = solver.place({ gpus });
    if (!result.ok) break;
    live.push(result.placement);
    used += gpus;
  }
  for (let i = live.length / 3; i > 1; i--) solver.release(live.splice(random.below(live.length), 1)[0]!);
  return solver;
}

function printWhy(title: string, explanation: Explanation): void {
  console.log(`\n${title}`);
  console.log(`  ${explanation.message}`);
  for (const { message } of explanation.steps) console.log(`  - ${message}`);
  for (const { constraint, servers } of explanation.constraints) {
    console.log(
      `  ${servers} of ${explanation.servers} servers could not take one of the pods: ${constraint}`,
    );
  }
  for (const tier of explanation.tiers) {
    const name = tier.domain === null ? 'the whole cluster' : `${tier.tier} ${tier.domain}`;
    const lack = tier.podsLacking === 0 ? 'enough' : `${tier.podsLacking} too few`;
    console.log(`  ${name.padEnd(30)} takes ${String(tier.pods).padStart(3)} pods: ${lack}`);
  }
  for (const { message } of explanation.remedies) console.log(`  remedy: ${message}`);
}

function where(placement: Placement, domainOf: ReadonlyMap<string, string>): string {
  const pods = new Map<string, number>();
  for (const { server } of placement.pods) {
    const domain = domainOf.get(server)!;
    pods.set(domain, (pods.get(domain) ?? 0) + 1);
  }
  return [...pods].map(([domain, count]) => `${count} in ${domain}`).join(', ');
}

/** Prints where a request goes and why, on a cluster that is half full. */
function show(
  title: string,
  document: ClusterDocument,
  gpusPerServer: number,
  requests: readonly PlacementRequest[],
): void {
  const solver = halfFull(document, gpusPerServer);
  const tier = document.tiers.at(-1)!;
  const domainOf = new Map(document.servers.map((server) => [server.id, server.domains![tier]!]));
  console.log(`\n== ${title}: ${solver.free().gpus} of ${document.servers.length * gpusPerServer} GPUs free`);
  for (const request of requests) {
    const explanation = solver.explain(request);
    const result = solver.find(request);
    printWhy(JSON.stringify(request), explanation);
    if (result.ok) {
      const { tier: held, bandwidthGBps } = result.placement;
      console.log(
        `  => one ${held}, ${bandwidthGBps?.toFixed(1)} GB/s per GPU: ${where(result.placement, domainOf)}`,
      );
    } else console.log(`  => ${result.reason}: ${result.message}`);
  }
}

/** 256 GPUs four ways. */
export function printGangPlacements(): void {
  show('DGX SuperPOD, 127 servers of 8 H100', superPod(), 8, [
    { pods: 32, gpus: 8 },
    { pods: 40, gpus: 8, require: 'unit' },
    { pods: 40, podsMin: 16, gpus: 8, slice: { pods: 8, tier: 'unit' } },
  ]);
  show('16 NVL72 racks, 288 trays of 4 GB200', nvl72({ racks: 16 }), 4, [
    { pods: 64, gpus: 4 },
    { pods: 64, gpus: 4, slice: { pods: 8, tier: 'rack' } },
  ]);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  printGangPlacements();
