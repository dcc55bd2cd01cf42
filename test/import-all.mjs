// Imports the built package by its own name, through every entry of its exports, as a user's program does.
import assert from 'node:assert/strict';
import { inspect } from 'node:util';

const entries = {
  corral: [
    'serverTopology',
    'clusterTopology',
    'compile',
    'CorralError',
    'route',
    'relationMatrix',
    'collectiveBandwidth',
    'sharedBandwidth',
    'fairShares',
  ],
  'corral/topologies': [
    'topology',
    'topologyNames',
    'fatTree',
    'railOptimized',
    'superPod',
    'nvl72',
    'dragonfly',
    'synthetic',
  ],
  'corral/policies': ['random', 'dotProduct', 'gpuClustering', 'gpuPacking', 'bestFit', 'fgd', 'typicalPods'],
  'corral/restart': [
    'phase',
    'restartModel',
    'ettr',
    'optimalInterval',
    'lostGpuSeconds',
    'simulateRestarts',
  ],
  'corral/simulation': ['simulate', 'simulationEvents', 'compare', 'inflationReplay'],
  'corral/render': ['serverToDot', 'serverToSvg', 'clusterToSvg'],
  'corral/arbitraries': ['serverDocument', 'clusterDocument', 'placementRequest', 'operations'],
  'corral/check': ['referenceBandwidth', 'referenceRoute', 'referenceSelectGpus', 'checkPlacements'],
  'corral/formats': [
    'fromOpenbNodes',
    'fromOpenbPods',
    'fromNvidiaSmiTopo',
    'toNvidiaSmiTopo',
    'fromNcclXml',
    'toNcclXml',
    'fromRocmSmiTopo',
    'fromAmdSmiTopology',
    'toRocmSmiTopo',
    'fromHwlocXml',
    'fromSwf',
    'toSwf',
  ],
};
for (const [entry, names] of Object.entries(entries)) {
  const module = await import(entry);
  for (const name of names) assert.ok(module[name] !== undefined, `${entry} exports ${name}`);
}
const { clusterTopology, compile } = await import('corral');
const solver = compile(
  clusterTopology({ tiers: [], types: { a: 'dgx-h100' }, servers: [{ id: 's', type: 'a' }] }),
);
assert.deepEqual(solver.place({ gpus: 2 }).placement.pods, [{ server: 's', gpus: [0, 1] }]);
console.log(`${Object.keys(entries).length} entries import by name`);

// A bundler must not rename the class: Node prints the name of the constructor.
try {
  compile({ x: 1 });
  assert.fail('expected an error');
} catch (error) {
  assert.match(inspect(error), /^CorralError: /);
}
