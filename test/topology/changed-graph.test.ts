import { describe, expect, it } from 'vitest';
import { synthetic, topology } from '../../src/catalogue/index.js';
import {
  referenceBandwidth,
  referenceRoute,
  referenceSelectGpus,
  referenceSharedLoad,
} from '../../src/check/index.js';
import { toNcclXml, toNvidiaSmiTopo, toRocmSmiTopo } from '../../src/formats/index.js';
import {
  CorralError,
  collectiveBandwidth,
  compile,
  nicBandwidth,
  relation,
  relationMatrix,
  route,
  type ServerDocument,
  type ServerTopology,
  selectGpus,
  serverTopology,
  sharedBandwidth,
} from '../../src/index.js';
import { clusterToSvg, serverToDot, serverToSvg } from '../../src/render/index.js';

/** What a call answers, or the code and the message of what it refuses. */
function answer(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    if (error instanceof CorralError) return [error.code, error.message];
    throw error;
  }
}

/** What all functions that take a topology say of a server. */
function answers(server: ServerTopology): unknown[] {
  const gpus = server.gpus.slice(0, 4).map((_, ordinal) => ordinal);
  const [first, ...others] = [...server.gpus.slice(0, 3), ...server.nics.slice(0, 2)];
  const solver = compile(server);
  const calls: readonly (() => unknown)[] = [
    () => server.gpus,
    () => server.nics,
    () => server.document,
    () => relationMatrix(server),
    ...others.flatMap((other): (() => unknown)[] => [
      () => route(server, first!, other),
      () => relation(server, first!, other),
      () => referenceRoute(server, first!, other),
    ]),
    () => collectiveBandwidth(server, gpus),
    () => collectiveBandwidth(server, gpus, { algorithm: 'ring' }),
    () => collectiveBandwidth(server, gpus, { peerToPeer: false }),
    () => sharedBandwidth(server, [gpus.slice(0, 2), gpus.slice(2)]),
    () => nicBandwidth(server, gpus),
    () => selectGpus(server, 2),
    () => referenceBandwidth(server, gpus.slice(0, 2)),
    () => referenceSharedLoad(server, gpus.slice(0, 2), 1),
    () => referenceSelectGpus(server, 2, { free: gpus }),
    () => solver.place({ gpus: 2, require: 'numa' }),
    () => toNcclXml(server),
    () => toNvidiaSmiTopo(server),
    () => toRocmSmiTopo(server),
    () => serverToDot(server),
    () => serverToSvg(server),
    () => clusterToSvg(server),
  ];
  return calls.map(answer);
}

const WAYS: Readonly<Record<string, (server: ServerTopology) => void>> = {
  'its vertices are dropped': ({ graph }) => {
    for (const id of graph.nodes()) graph.dropNode(id);
  },
  'its edges are dropped': ({ graph }) => {
    graph.clearEdges();
  },
  'the figures of its links are changed': ({ graph }) => {
    graph.forEachEdge((edge) => {
      graph.setEdgeAttribute(edge, 'bandwidthGBps', 1);
      graph.setEdgeAttribute(edge, 'flowCapGBps', 1);
      graph.setEdgeAttribute(edge, 'medium', 'pcie');
    });
  },
  'its devices are made others': ({ graph }) => {
    for (const id of graph.nodes()) {
      graph.setNodeAttribute(id, 'kind', 'nic');
      graph.setNodeAttribute(id, 'role', 'storage');
      graph.setNodeAttribute(id, 'portGBps', 1);
      graph.setNodeAttribute(id, 'numa', 7);
    }
  },
  'devices and links are added': ({ graph, gpus }) => {
    graph.addNode('another', { id: 'another', kind: 'nic' });
    for (const gpu of gpus) {
      graph.addEdge('another', gpu, {
        between: ['another', gpu],
        medium: 'nvlink',
        bandwidthGBps: 1e6,
        basis: 'raw',
        source: 'changed',
        verified: false,
      });
    }
  },
};

const DOCUMENTS: readonly ServerDocument[] = [
  topology('dgx-h100').document,
  topology('dgx1-v100').document,
  topology('l40s-8-dual-root').document,
  topology('mi250x-frontier').document,
  synthetic('cpu:3 numa:2 switch:1 gpu:1 nic:1'),
];

describe('the graph of a topology', () => {
  for (const document of DOCUMENTS) {
    const expected = answers(serverTopology(document));
    it.each(Object.entries(WAYS))(`of ${document.name} changes no answer when %s`, (_, change) => {
      const server = serverTopology(document);
      change(server);
      expect(answers(server)).toEqual(expected);
    });
  }

  it('changes no answer when it is changed between two', () => {
    const server = serverTopology(topology('l40s-8-dual-root').document);
    const before = answers(server);
    for (const change of Object.values(WAYS).reverse()) change(server);
    expect(answers(server)).toEqual(before);
  });
});
