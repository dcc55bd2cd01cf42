/** What it takes to compile a cluster: seconds, and bytes per server beyond the ids. */
import { compile } from '../src/index.js';
import { check } from './harness.js';
import { rackedCluster } from './hot-path.js';

/** Bytes in use; only true after a collection, which needs `node --expose-gc`. */
function bytesInUse(): number {
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Prints one line per size. Typed arrays are counted exactly, the list of ids is not part of them. */
export function compileReport(sizes: readonly number[]): void {
  console.log('\nCompile');
  for (const servers of sizes) {
    const cluster = rackedCluster(servers);
    const before = bytesInUse();
    const arraysBefore = process.memoryUsage().arrayBuffers;
    const started = performance.now();
    const solver = compile(cluster);
    const milliseconds = performance.now() - started;
    const arrays = process.memoryUsage().arrayBuffers - arraysBefore;
    const all = bytesInUse() - before;
    check(solver.find({ pods: 2, gpus: 8 }).ok, 'it places');
    console.log(
      `${servers.toLocaleString('en').padStart(9)} servers of 8 GPUs: ${milliseconds.toFixed(0)} ms, ` +
        `${(arrays / servers).toFixed(0)} bytes of typed arrays per server, ${(all / servers).toFixed(0)} in all`,
    );
  }
}
